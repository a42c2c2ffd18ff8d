import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.length_table import LengthTable, MeasuredStep, example
from bot.core.lengths import Length, LengthStep

MEDIUM = LengthStep(Length("medium"), 256, (45, 100))
MICRO = LengthStep(Length("micro"), 48, (1, 12))


def table(**steps: tuple[int, int]) -> LengthTable:
    return LengthTable(
        "zephrp-m7b",
        "zephrp",
        "2026-11-24",
        {Length(name): MeasuredStep(low, high, 20) for name, (low, high) in steps.items()},
    )


_measured = st.tuples(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 9999)).map(
    lambda found: MeasuredStep(min(found[:2]), max(found[:2]), found[2])
)
_tables = st.builds(
    LengthTable,
    st.text(),
    st.text(),
    st.text(),
    st.dictionaries(st.text().map(Length), _measured),
)


@given(found=_tables)
def test_a_table_is_read_back_as_it_was_written(found: LengthTable) -> None:
    assert LengthTable.from_json(found.to_json()) == found


@given(found=_tables, at=st.integers(min_value=0), put=st.text(max_size=3))
def test_a_damaged_table_is_no_table_or_one_that_can_be_shown(
    found: LengthTable, at: int, put: str
) -> None:
    text = found.to_json()
    at %= len(text)

    read = LengthTable.from_json(text[:at] + put + text[at + 1 :])

    assert example(MEDIUM, read).startswith("medium ≈ ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '"medium"',
        "[" * 100_000,
        '{"model":1,"profile":"","measured_at":"","steps":{}}',
        '{"model":"","profile":"","measured_at":"","steps":[]}',
        '{"model":"","profile":"","measured_at":"","steps":{"a":' + "9" * 5000 + "}}",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_table_is_none(text: str) -> None:
    assert LengthTable.from_json(text) is None


def test_damaged_steps_are_passed_over() -> None:
    found = json.loads(table(medium=(60, 110)).to_json())
    found["steps"] |= {
        "micro": {"low": 9, "high": 2, "replies": 3},
        "tiny": {"low": 1, "high": 2},
        "short": None,
        "long": {"low": -1, "high": 2, "replies": 3},
        "huge": {"low": 1.5, "high": 2, "replies": 3},
        "massive": {"low": 1, "high": 2, "replies": 0},
    }

    assert LengthTable.from_json(json.dumps(found)) == table(medium=(60, 110))


@pytest.mark.parametrize(
    ("step", "found", "said"),
    [
        (MEDIUM, None, "medium ≈ 45-100 words (typical)"),
        (MEDIUM, table(micro=(1, 2)), "medium ≈ 45-100 words (typical)"),
        (MEDIUM, table(medium=(58, 112)), "medium ≈ 60-110 words on this model"),
        (MICRO, table(micro=(7, 13)), "micro ≈ 7-13 words on this model"),
        (MICRO, table(micro=(4, 4)), "micro ≈ 4 words on this model"),
        (MICRO, table(micro=(1, 1)), "micro ≈ 1 word on this model"),
        (MEDIUM, table(medium=(99, 101)), "medium ≈ 100 words on this model"),
        (MICRO, None, "micro ≈ 1-12 words (typical)"),
    ],
)
def test_the_example_says_what_a_step_gives_and_whether_it_was_measured(
    step: LengthStep, found: LengthTable | None, said: str
) -> None:
    assert example(step, found) == said
