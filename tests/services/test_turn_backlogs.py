"""Lines that come late, and events of our own edits, as the turn pipeline takes them."""

from collections.abc import AsyncGenerator

import pytest

from bot.core.scene import MessageId
from bot.services.incoming import Incoming
from tests.fakes.scripted_tgi import story
from tests.services.stage import HARBOUR, MARA, Stage, open_stage

AGE_MS = 600_000


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with open_stage() as opened:
        opened.clock_ms[0] = 10 * AGE_MS
        await opened.begin()
        yield opened


def missed(stage: Stage, number: int, text: str, *, ago_ms: int = 0) -> Incoming:
    return Incoming(
        place=HARBOUR,
        message=MessageId(number),
        author=MARA,
        name="Mara",
        text=text,
        mentions_bot=False,
        replies_to_character=False,
        at_ms=stage.clock_ms[0] - ago_ms,
    )


async def test_a_backlog_has_one_reply(stage: Stage) -> None:
    lines = [missed(stage, number, f"Line {number}.") for number in (1, 2, 3)]

    assert await stage.pipeline.receive_missed(lines) == 3
    await stage.quiet()

    assert len(stage.tgi.asked) == 1
    assert all(line.text in stage.tgi.asked[0].prompt for line in lines)


async def test_a_backlog_that_is_old_is_remembered_and_not_answered(stage: Stage) -> None:
    late = missed(stage, 1, "Anybody?", ago_ms=AGE_MS + 1)

    assert await stage.pipeline.receive_missed([late]) == 1
    await stage.quiet()

    assert stage.tgi.asked == []
    assert await stage.memory() == [("Mara", "Anybody?")]


async def test_a_line_before_one_that_was_answered_is_not_answered_any_more(stage: Stage) -> None:
    await stage.say("And now?", number=20)
    await stage.quiet()

    assert await stage.pipeline.receive_missed([missed(stage, 10, "First.")]) == 1
    await stage.quiet()

    assert [text for _, text in await stage.memory()] == ["First.", "And now?", "I hear you."]
    assert len(stage.tgi.asked) == 1


async def test_a_line_from_before_the_scene_is_not_taken_in_late(stage: Stage) -> None:
    await stage.store.set_resumed(HARBOUR.channel, stage.clock_ms[0])
    late = [missed(stage, 1, "Before.", ago_ms=1), missed(stage, 2, "Just then.")]

    assert await stage.pipeline.receive_missed(late) == 0
    assert await stage.memory() == []


async def test_a_channel_whose_lines_are_not_all_known_is_answered_later(stage: Stage) -> None:
    await stage.pipeline.receive_missed([missed(stage, 1, "One.", ago_ms=AGE_MS + 1)])
    await stage.pipeline.drain(1)
    async with open_stage(store=stage.store, voice=stage.voice) as later:
        later.clock_ms[0] = stage.clock_ms[0] - 2  # young enough by its clock
        assert await later.pipeline.recover(later={HARBOUR.channel}) == 0
        await later.quiet()
        assert later.tgi.asked == []

        assert await later.pipeline.take_up(HARBOUR.channel)
        await later.quiet()
        assert len(later.tgi.asked) == 1


async def test_the_echo_of_our_own_edit_tells_nothing_new(stage: Stage) -> None:
    channel = HARBOUR.channel
    stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(60), 200
    await stage.say("Tell me.")
    await stage.until(lambda: bool(stage.screen()))
    [shown] = stage.voice.on_screen(channel)
    assert stage.pipeline.is_echo(channel, shown.id, 10**15)

    await stage.quiet()
    turn = await stage.last_turn()
    assert turn.edited_ms > 0
    assert stage.pipeline.is_echo(channel, shown.id, turn.edited_ms)
    assert not stage.pipeline.is_echo(channel, shown.id, turn.edited_ms + 1)
    assert not stage.pipeline.is_echo(channel, MessageId(31337), 1)
