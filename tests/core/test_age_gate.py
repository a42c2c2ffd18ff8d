"""S31: who may play where. Characters here are made of a rating and a flag, of nothing else."""

from dataclasses import replace

import pytest

from bot.core.age_gate import check_age, is_gated, why_not, why_paused
from bot.core.characters import Character, Rating
from bot.core.errors import UserError
from bot.core.scene import CharacterKey

ANYBODY = Character(key=CharacterKey("ann"), name="Ann", persona="")
ADULT = replace(ANYBODY, rating=Rating.ADULT)
MINOR = replace(ANYBODY, is_minor=True)
NEITHER_EVER = replace(ADULT, is_minor=True)


@pytest.mark.parametrize(
    ("character", "is_age_restricted", "may_play"),
    [
        (ANYBODY, False, True),
        (ANYBODY, True, True),
        (ANYBODY, None, True),
        (ADULT, False, False),
        (ADULT, True, True),
        (ADULT, None, False),
        (MINOR, False, True),
        (MINOR, True, False),
        (MINOR, None, False),
        (NEITHER_EVER, False, False),
        (NEITHER_EVER, True, False),
        (NEITHER_EVER, None, False),
    ],
)
def test_who_may_play_where(
    character: Character, *, is_age_restricted: bool | None, may_play: bool
) -> None:
    assert (why_not(character, is_age_restricted=is_age_restricted) == "") is may_play


@pytest.mark.parametrize(
    ("character", "is_age_restricted", "words"),
    [
        (ADULT, False, "for adults and plays only in age-restricted channels"),
        (MINOR, True, "under 18 and never plays in an age-restricted channel"),
        (ADULT, None, "cannot tell"),
        (NEITHER_EVER, True, "plays nowhere"),
    ],
)
def test_the_refusal_says_which_rule_it_is(
    character: Character, words: str, *, is_age_restricted: bool | None
) -> None:
    with pytest.raises(UserError, match=words):
        check_age(character, is_age_restricted=is_age_restricted)


def test_one_who_may_not_play_pauses_a_scene_of_several() -> None:
    assert "The scene waits" in why_paused([ANYBODY, ADULT], is_age_restricted=False)
    assert why_paused([ANYBODY, ADULT], is_age_restricted=True) == ""
    assert is_gated([ANYBODY, MINOR])
    assert not is_gated([ANYBODY])
