from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.core.budget import Costs, Plan, PromptTooLong, plan, standing_cut

Situation = tuple[Costs, int, set[int], int | None]
# Drawn as bytes: a list of numbers takes Hypothesis ten times as long.
LINES = st.binary(min_size=1, max_size=60).map(lambda drawn: [1 + 2 * each for each in drawn])


def bits(mask: int) -> set[int]:
    return {at for at in range(mask.bit_length()) if mask >> at & 1}


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Costs that fit into the budget at least at their barest, pins and an earlier cut."""
    lines = draw(LINES)
    fixed = draw(st.integers(0, 2000))
    budget = fixed + lines[-1] + draw(st.integers(0, 6000))
    stays = bits(draw(st.integers(0, 2 ** len(lines) - 1)))
    cut = draw(st.none() | st.integers(0, len(lines)))
    return Costs(fixed, draw(st.integers(0, 1500)), lines), budget, stays, cut


def cost(costs: Costs, chosen: Plan) -> int:
    examples = costs.examples if chosen.examples else 0
    return costs.fixed + examples + sum(costs.lines[at] for at in chosen.kept)


@settings(max_examples=1000, deadline=None)
@given(situations())
def test_a_plan_fits_and_keeps_what_stays_and_all_behind_the_cut_and_all_where_all_fits(
    situation: Situation,
) -> None:
    costs, budget, stays, cut = situation
    last = len(costs.lines) - 1

    chosen = plan(costs, budget, stays=stays, cut=cut)

    early = [at for at in chosen.kept if at < chosen.first]
    assert chosen.tokens == cost(costs, chosen) <= budget
    assert chosen.kept == (*early, *range(chosen.first, last + 1))
    assert chosen.kept[-1] == last
    assert early == sorted(set(early) & stays)
    assert sum(costs.lines[at] for at in early) <= (budget - costs.fixed) / 2
    if cut is None:
        everything = costs.fixed + costs.examples + sum(costs.lines)
        assert (chosen.examples and chosen.first == 0) == (everything <= budget)
    else:
        first = min(cut, last)
        before = sum(costs.lines[at] for at in stays if at < first)
        assert not chosen.examples
        if costs.fixed + before + sum(costs.lines[first:]) <= budget:
            assert chosen.first == first


@settings(max_examples=1000, deadline=None)
@given(
    lines=LINES,
    fixed=st.integers(0, 1000),
    examples=st.integers(0, 600),
    room=st.integers(600, 4000),
    pins=st.integers(0, 2**60 - 1).map(bits),
)
def test_as_a_story_grows_a_cut_holds_until_what_is_behind_it_no_longer_fits(
    lines: Sequence[int], fixed: int, examples: int, room: int, pins: set[int]
) -> None:
    cut: int | None = None
    before: tuple[int, ...] = ()

    for end in range(1, len(lines) + 1):
        costs = Costs(fixed, examples, lines[:end])
        stays = {at for at in pins if at < end}

        chosen = plan(costs, fixed + room, stays=stays, cut=cut)

        appended = (*before, end - 1)
        if chosen.first == (cut or 0):
            # Byte-stable: what was there is there, in the same places.
            assert chosen.kept[: len(before)] == before
        else:
            assert chosen.first > (cut or 0)
            assert fixed + sum(lines[at] for at in appended) > fixed + room
        before = chosen.kept
        cut = cut if chosen.examples else chosen.first


@settings(max_examples=100, deadline=None)
@given(situations(), st.integers(1, 4000))
def test_a_plan_with_more_room_never_cuts_later_than_one_with_less(
    situation: Situation, more: int
) -> None:
    costs, budget, _, cut = situation

    narrow = plan(costs, budget, cut=cut)
    wide = plan(costs, budget + more, cut=cut)

    assert wide.first <= narrow.first
    assert set(narrow.kept) <= set(wide.kept)


def test_a_cut_leaves_about_half_of_the_budget() -> None:
    costs = Costs(fixed=500, examples=0, lines=[100] * 31)

    chosen = plan(costs, 3500, cut=0)

    assert 3500 / 2 - 100 < chosen.tokens <= 3500 / 2
    assert chosen.first == 31 - 12


def test_beside_a_long_fixed_part_the_lines_get_a_third_of_what_it_leaves() -> None:
    costs = Costs(fixed=3000, examples=0, lines=[50] * 13)

    chosen = plan(costs, 3600)

    assert chosen.tokens == 3000 + 200


def test_where_hardly_anything_is_left_the_last_line_still_stays() -> None:
    costs = Costs(fixed=3500, examples=0, lines=[60, 60, 90])

    chosen = plan(costs, 3600)

    assert chosen.kept == (2,)


def test_examples_leave_before_any_line_does_and_never_come_back() -> None:
    costs = Costs(fixed=100, examples=400, lines=[100] * 6)

    first_cut = plan(costs, 1000)
    later = plan(costs, 100_000, cut=first_cut.first)

    assert first_cut == Plan(examples=False, first=0, kept=(0, 1, 2, 3, 4, 5), tokens=700)
    assert not later.examples


def test_greeting_and_pinned_lines_outlive_the_cut_in_their_order() -> None:
    costs = Costs(fixed=500, examples=0, lines=[100] * 40)

    chosen = plan(costs, 3500, stays={0, 17, 5})

    assert chosen.first > 17
    assert chosen.kept[:3] == (0, 5, 17)
    assert chosen.kept[3:] == tuple(range(chosen.first, 40))


def test_of_too_many_pinned_lines_the_oldest_go_and_the_greeting_stays() -> None:
    costs = Costs(fixed=0, examples=0, lines=[100] * 40)

    chosen = plan(costs, 1000, stays={0, 1, *range(10, 20)}, cut=38)

    # Half of the room is for five lines: two of greeting, three of what is pinned.
    assert chosen.kept == (0, 1, 17, 18, 19, 38, 39)


def test_a_greeting_that_would_take_more_than_half_of_the_room_goes_and_pins_stay() -> None:
    costs = Costs(fixed=0, examples=0, lines=[600, *[100] * 20])

    chosen = plan(costs, 1000, stays={0, 3}, cut=19)

    assert chosen.kept == (3, 19, 20)


def test_a_long_last_line_is_worth_more_than_what_is_pinned() -> None:
    costs = Costs(fixed=100, examples=0, lines=[200, 200, 700])

    chosen = plan(costs, 1000, stays={0, 1})

    assert chosen.kept == (0, 2)
    assert chosen.tokens == 1000


@pytest.mark.parametrize("lines", [[], [50, 120]])
def test_a_fixed_part_that_does_not_fit_is_refused_with_the_numbers(lines: Sequence[int]) -> None:
    needed = 950 + sum(lines[-1:])

    with pytest.raises(PromptTooLong, match="1,234") as refused:
        plan(Costs(fixed=1234 - sum(lines[-1:]), examples=0, lines=lines), needed)

    assert (refused.value.tokens, refused.value.budget) == (1234, needed)


def test_a_story_without_lines_is_its_fixed_part_and_the_examples_if_they_fit() -> None:
    costs = Costs(fixed=100, examples=50, lines=[])

    assert plan(costs, 150) == Plan(examples=True, first=0, kept=(), tokens=150)
    assert plan(costs, 149) == Plan(examples=False, first=0, kept=(), tokens=100)


def test_a_cut_behind_which_lines_were_taken_back_gives_way() -> None:
    costs = Costs(fixed=500, examples=0, lines=[100] * 30)

    assert standing_cut(costs, 3500, 20) == 20
    assert standing_cut(costs, 3500, 28) == 0


@settings(max_examples=100, deadline=None)
@given(situations())
def test_a_cut_that_gave_way_is_not_asked_to_again_in_the_same_story(
    situation: Situation,
) -> None:
    costs, budget, _, cut = situation
    assume(cut is not None)
    assert cut is not None
    chosen = plan(costs, budget, cut=standing_cut(costs, budget, cut))

    again = plan(costs, budget, cut=standing_cut(costs, budget, chosen.first))

    assert again == chosen
