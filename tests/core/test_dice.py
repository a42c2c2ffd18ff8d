"""Dice: what is read, what is thrown, what is told of it."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dice import DICE_SHOWN, MOST_DICE, MOST_SIDES, Die, parse, roll
from bot.core.errors import UserError

LONGEST_TOLD = 1_000
"""A message holds it, with whoever rolls and why."""


def throws(*faces: int) -> Die:
    """Dice that fall as told, one after the other."""
    left = iter(faces)
    return lambda _: next(left)


@pytest.mark.parametrize(
    ("formula", "faces", "told", "total"),
    [
        ("1d20+3", (14,), "14 + 3 = 17", 17),
        ("d20", (7,), "7", 7),
        ("1D20 - 2", (14,), "14 - 2 = 12", 12),
        ("2d6+3", (4, 2), "4 + 2 + 3 = 9", 9),
        ("2d20kh1", (7, 14), "14 (not 7) = 14", 14),
        ("2d20k", (7, 14), "14 (not 7) = 14", 14),
        ("2d20kl1+5", (7, 14), "7 (not 14) + 5 = 12", 12),
        ("4d6dl1", (3, 1, 6, 1), "3 + 1 + 6 (not 1) = 10", 10),
        ("4d6dh2", (3, 1, 6, 1), "1 + 1 (not 3, 6) = 2", 2),
        ("2d20kh2", (7, 14), "7 + 14 = 21", 21),
        ("10-1d4", (3,), "10 - 3 = 7", 7),
        ("-1d4", (3,), "-3", -3),
        ("1d8-1d6-3", (1, 6), "1 - 6 - 3 = -8", -8),
        ("1d20+0", (5,), "5 + 0 = 5", 5),
        ("1d20\u22121", (5,), "5 - 1 = 4", 4),
    ],
)
def test_a_roll_is_told_as_players_read_it(
    formula: str, faces: Sequence[int], told: str, total: int
) -> None:
    thrown = roll(formula, throws(*faces))

    assert (thrown.told(), thrown.total) == (told, total)


def test_of_many_dice_only_the_sum_is_told() -> None:
    thrown = roll(f"{DICE_SHOWN + 1}d6+1", lambda _: 2)

    assert thrown.told() == f"{2 * DICE_SHOWN + 2} + 1 = {2 * DICE_SHOWN + 3}"


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("", "cannot read"),
        ("7", "cannot read"),
        ("fireball", "cannot read"),
        ("1d", "cannot read"),
        ("1d6+", "cannot read"),
        ("1d6kh1kh1", "cannot read"),
        ("\u0661d6", "cannot read"),
        ("1d6" + "+1" * 60, "cannot read"),
        ("1d6" + "+1" * 10, "at most 10 parts"),
        ("101d6", "number of dice is from 1 to 100"),
        ("0d6", "number of dice is from 1 to 100"),
        ("60d6+60d6", "at most 100 dice"),
        ("1d1", "sides is from 2 to 1,000"),
        ("1d1001", "sides is from 2 to 1,000"),
        ("1d" + "9" * 90, "sides is from 2 to 1,000"),
        ("1d6+10001", "number to add is from 0 to 10,000"),
        ("2d6kh3", "kept or dropped is from 1 to 2"),
        ("2d6kh0", "kept or dropped is from 1 to 2"),
        ("2d6dl2", "has to count"),
    ],
)
def test_what_cannot_be_thrown_gets_one_sentence(formula: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        parse(formula)

    assert str(caught.value).count("\n") == 0


@given(
    count=st.integers(1, MOST_DICE),
    sides=st.integers(2, MOST_SIDES),
    added=st.integers(-99, 99),
    rule=st.sampled_from(["", "kh1", "kl1", "k1"]),
    chance=st.randoms(use_true_random=False),
)
def test_a_roll_lies_within_its_dice(
    count: int, sides: int, added: int, rule: str, chance: object
) -> None:
    asked: list[int] = []

    def die(most: int) -> int:
        asked.append(most)
        return chance.randint(1, most)  # type: ignore[attr-defined,no-any-return]  # a Random

    thrown = roll(f"{count}d{sides}{rule}{added:+}", die)

    kept = 1 if rule else count
    assert asked == [sides] * count
    assert kept + added <= thrown.total <= kept * sides + added
    assert thrown.told().endswith(f"= {thrown.total}")


@given(st.text(alphabet="0123456789dkhl+- x\n\u0661", max_size=30))
def test_any_text_is_a_roll_or_gets_a_sentence(text: str) -> None:
    told = ""
    with suppress(UserError):
        parse(text)
        told = roll(text, lambda sides: sides).told()  # what can be read can be thrown

    assert told == told.strip()
    assert len(told) < LONGEST_TOLD
