"""The table of faults names tests that are there, and every row."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("README.md")
ROWS = {"R": 11, "L": 9, "D": 11, "P": 12}
UNTRIED = {"P9"}


def rows() -> Iterator[tuple[str, list[str]]]:
    """Each row with what stands in its last cell."""
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[RLDP]\d+", cells[0]):
            yield cells[0], re.findall(r"`([^`]+)`", cells[-1])


def is_there(row: str, named: str) -> bool:
    """Whether a file has the test that is *named*, or one of the row."""
    file, _, name = named.partition("::")
    text = (TESTS / file).read_text()
    wanted = rf"{name}\(" if name else rf"test_(?:[a-z]\d+_)*{row.lower()}_\w+\("
    return re.search(rf"def {wanted}", text) is not None


def test_every_row_is_in_the_table_once() -> None:
    wanted = [f"{kind}{number}" for kind, last in ROWS.items() for number in range(1, last + 1)]

    assert [row for row, _ in rows()] == wanted


def test_every_test_that_the_table_names_is_there() -> None:
    missing = [(row, named) for row, tests in rows() for named in tests if not is_there(row, named)]

    assert missing == []


def test_only_rows_that_cannot_occur_are_untried() -> None:
    assert {row for row, tests in rows() if not tests} == UNTRIED
