"""Lines that other bots posted for players, as they are found in a channel."""

import pytest

from tests.services.verifying import HARBOUR, Stage, head, proxied_before


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    await stage.store.start(head(), None)
    return stage


async def test_a_post_in_place_of_a_line_that_is_gone_is_that_line(stage: Stage) -> None:
    await stage.hear(110, "L: I knock.")
    await stage.hear(111, "M: I knock.")
    stage.screen.delete(HARBOUR, 110)
    stage.screen.post(HARBOUR, 120, "I knock.")

    repair = await stage.verify()

    assert stage.memory.replacements == [(110, 120)]
    assert (repair.missing, repair.changed, repair.gone) == (0, 1, 0)


@pytest.mark.parametrize(
    ("number", "text"), [(120, "Build 7 passed."), (16_000, "I knock."), (105, "I knock.")]
)
async def test_a_post_of_other_words_or_of_another_time_stands_for_no_line(
    stage: Stage, number: int, text: str
) -> None:
    await stage.hear(110, "L: I knock.")
    stage.screen.delete(HARBOUR, 110)
    stage.screen.post(HARBOUR, number, text)
    stage.screen.write(HARBOUR, 109, "Hm.")
    await stage.memory.receive_missed([stage.screen.write(HARBOUR, 109, "Hm.")])

    repair = await stage.verify()

    assert stage.memory.replacements == []
    assert (repair.missing, repair.gone) == (0, 1)


async def test_a_post_that_nobody_heard_is_the_players_it_was_made_for_before(
    stage: Stage,
) -> None:
    await proxied_before(stage)
    stage.screen.post(HARBOUR, 120, "I knock.")
    stage.screen.post(HARBOUR, 121, "Build 7 passed.", name="Builds")

    repair = await stage.verify()

    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    assert repair.missing == 1
    assert [(turn.name, turn.text, turn.author) for turn in scene.turns] == [
        ("Lyra", "I listen.", 12),
        ("Lyra", "I knock.", 12),
    ]


async def test_a_post_beside_the_message_that_it_repeats_is_no_second_line(stage: Stage) -> None:
    await proxied_before(stage)
    stage.screen.write(HARBOUR, 119, "L: I knock.")
    stage.screen.post(HARBOUR, 120, "I knock.")

    await stage.verify()

    assert await stage.texts() == ["I listen.", "L: I knock."]


async def test_a_post_that_was_heard_and_taken_back_does_not_come_back(stage: Stage) -> None:
    await proxied_before(stage)
    stage.screen.post(HARBOUR, 120, "I knock.")
    await stage.hear(121, "Hm.")

    await stage.verify()

    assert await stage.texts() == ["I listen.", "Hm."]
