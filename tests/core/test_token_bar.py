from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.core.token_bar import cells

WIDTH = 36


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=WIDTH))
def test_every_cell_is_given_and_nothing_that_is_there_goes_without(amounts: list[int]) -> None:
    given_cells = cells(amounts, WIDTH)

    assert sum(given_cells) == (WIDTH if any(amounts) else 0)
    assert [count > 0 for count in given_cells] == [amount > 0 for amount in amounts]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=WIDTH))
def test_who_has_more_never_gets_fewer_cells_by_more_than_one(amounts: list[int]) -> None:
    pairs = sorted(zip(amounts, cells(amounts, WIDTH), strict=True))

    counts = [count for _, count in pairs]

    assert all(low <= high + 1 for low, high in pairwise(counts))


def test_shares_that_fit_are_given_exactly() -> None:
    assert cells([100, 200, 0, 100], 4) == (1, 2, 0, 1)
    assert cells([1, 999], 10) == (1, 9)
    assert cells([0, 0], 10) == (0, 0)
