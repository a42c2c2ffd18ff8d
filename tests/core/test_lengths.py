import itertools

import pytest

from bot.core.lengths import LADDER, MAX_NEW_TOKENS, Length, LengthSource, choose_length

STEPS = {
    LengthSource.NEXT_REPLY: Length.MICRO,
    LengthSource.ME: Length.TINY,
    LengthSource.SCENE: Length.SHORT,
    LengthSource.CHARACTER: Length.LONG,
}


@pytest.mark.parametrize("given", list(itertools.product([True, False], repeat=4)))
def test_the_nearest_choice_decides(given: tuple[bool, ...]) -> None:
    made = [source for source, is_given in zip(STEPS, given, strict=True) if is_given]

    chosen = choose_length(
        next_reply=STEPS[LengthSource.NEXT_REPLY] if given[0] else None,
        me=STEPS[LengthSource.ME] if given[1] else None,
        scene=STEPS[LengthSource.SCENE] if given[2] else None,
        character=STEPS[LengthSource.CHARACTER] if given[3] else None,
    )

    assert chosen.source == (made[0] if made else LengthSource.DEFAULT)
    assert chosen.step == (STEPS[made[0]] if made else Length.MEDIUM)


def test_the_ladder_has_ten_steps_that_grow() -> None:
    caps = [MAX_NEW_TOKENS[step] for step in LADDER]

    assert len(LADDER) == 10
    assert caps == sorted(caps)
    assert set(MAX_NEW_TOKENS) == set(Length)
