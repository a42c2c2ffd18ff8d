"""What a character opens a scene with: before one player, and where several play."""

from dataclasses import replace

import pytest

from bot.core.characters import Character
from bot.core.greetings import offering, openings, said_to_several
from bot.core.scene import CharacterKey, Role, Turn, TurnId
from bot.core.unposted import ORIGIN, Origin

ANN = Character(
    CharacterKey("ann"), "Ann", "", greetings=("a", "b"), group_greetings=("All!", "Both!")
)
OPENING = Turn(
    TurnId("1"), Role.CHARACTER, "Ann", ("a", "b"), facts={ORIGIN: Origin.GREETING}, current=1
)


@pytest.mark.parametrize(
    ("chosen", "is_for_several", "texts"),
    [
        (0, False, "a b"),
        (1, False, "b a"),
        (2, False, "All! Both! a b"),
        (3, False, "Both! a b All!"),
        (9, False, "b a"),  # chosen before who plays
        (0, True, "All! Both! a b"),
    ],
)
def test_greetings_for_several_open_where_several_are_there_or_by_choice(
    *, chosen: int, is_for_several: bool, texts: str
) -> None:
    assert openings(ANN, chosen, is_for_several=is_for_several) == tuple(texts.split())


def test_who_has_nothing_but_greetings_for_several_opens_with_them() -> None:
    only = replace(ANN, greetings=())

    assert openings(only, 0, is_for_several=False) == ("All!", "Both!")
    assert openings(replace(only, group_greetings=()), 0, is_for_several=True) == ()


def test_an_opening_that_offers_more_says_what_it_said() -> None:
    offered = offering(OPENING, ["All!", "b"])

    assert (offered.swipes, offered.text) == (("a", "b", "All!"), "b")
    assert offering(OPENING, ["b"]) is OPENING


def test_several_hear_what_is_for_several() -> None:
    said = said_to_several(OPENING, ["All!"])

    assert (said.swipes, said.text) == (("All!", "a", "b"), "All!")


@pytest.mark.parametrize(
    "first",
    [
        replace(OPENING, facts={}),
        replace(OPENING, facts={**OPENING.facts, "edited_by": "Mara"}),
        replace(OPENING, swipes=("All!", "a"), current=0),
    ],
    ids=["no greeting", "edited", "one for several"],
)
def test_what_somebody_has_made_of_an_opening_stays(first: Turn) -> None:
    assert said_to_several(first, ["All!", "Both!"]) is first
    assert said_to_several(OPENING, []) is OPENING
