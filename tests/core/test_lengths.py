import itertools

import pytest

from bot.core.lengths import Length, LengthSource, choose_length
from bot.core.profiles import ModelProfile
from tests.profiles import ALPACA, CHATML, EARLY, ZEPHRP

STEPS = {
    LengthSource.NEXT_REPLY: Length("micro"),
    LengthSource.ME: Length("tiny"),
    LengthSource.SCENE: Length("short"),
    LengthSource.CHARACTER: Length("long"),
}


@pytest.mark.parametrize("given", list(itertools.product([True, False], repeat=4)))
def test_the_nearest_choice_decides(given: tuple[bool, ...]) -> None:
    made = [source for source, is_given in zip(STEPS, given, strict=True) if is_given]

    chosen = choose_length(
        ZEPHRP.lengths,
        next_reply=STEPS[LengthSource.NEXT_REPLY] if given[0] else None,
        me=STEPS[LengthSource.ME] if given[1] else None,
        scene=STEPS[LengthSource.SCENE] if given[2] else None,
        character=STEPS[LengthSource.CHARACTER] if given[3] else None,
    )

    assert chosen.source == (made[0] if made else LengthSource.DEFAULT)
    assert chosen.step.name == (STEPS[made[0]] if made else Length("medium"))


def test_a_choice_from_the_days_of_another_model_does_not_count() -> None:
    chosen = choose_length(
        EARLY.lengths,
        next_reply=None,
        me=Length("massive"),
        scene=Length("extreme"),
        character=None,
    )

    assert chosen.step.name == "extreme"
    assert chosen.source is LengthSource.SCENE


@pytest.mark.parametrize("profile", [ZEPHRP, EARLY, ALPACA, CHATML], ids=lambda each: each.name)
def test_every_ladder_grows(profile: ModelProfile) -> None:
    caps = [step.max_new_tokens for step in profile.lengths.steps]
    words = [step.words for step in profile.lengths.steps]

    assert caps == sorted(set(caps))
    assert words == sorted(set(words))
    assert all(low < high for low, high in words)


def test_the_words_are_those_of_the_model_cards() -> None:
    ten = "micro tiny short medium long massive huge enormous humongous unlimited"
    eight = "tiny short medium long huge humongous extreme unlimited"

    assert " ".join(step.name for step in ZEPHRP.lengths.steps) == ten
    assert " ".join(step.name for step in EARLY.lengths.steps) == eight
