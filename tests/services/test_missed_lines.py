"""Lines that came while nobody listened: stored, and answered at most once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.scene import MessageId
from bot.services import backlog
from bot.services.incoming import Incoming
from tests.services.stage import HARBOUR, MARA, NAMES, TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(resume_age_s=60) as opened:
        await opened.begin()
        yield opened


def line(number: int, text: str, *, at_ms: int = 1_000_000, author: int = MARA) -> Incoming:
    who = TOM if author == TOM else MARA
    return Incoming(
        place=HARBOUR,
        message=MessageId(number),
        author=who,
        name=NAMES[who],
        text=text,
        mentions_bot=False,
        replies_to_character=False,
        at_ms=at_ms,
    )


async def test_a_backlog_is_remembered_whole_and_gets_one_reply(stage: Stage) -> None:
    count = await stage.pipeline.receive_missed([line(1, "One."), line(2, "Two."), line(3, "(x)")])
    await stage.quiet()

    assert count == 3
    assert stage.screen() == ["I hear you."]
    assert [text for _, text in await stage.memory()] == ["One.", "Two.", "(x)", "I hear you."]


async def test_a_backlog_that_is_told_line_by_line_gets_one_reply_however_long_that_takes(
    stage: Stage,
) -> None:
    with stage.backlog.telling():
        await stage.say("One.")
        await asyncio.sleep(0.05)
        await stage.say("Two.")
        await asyncio.sleep(0.05)
        assert stage.tgi.asked == []
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert [text for _, text in await stage.memory()] == ["One.", "Two.", "I hear you."]


async def test_what_waits_for_a_backlog_may_be_ended(stage: Stage) -> None:
    with stage.backlog.telling():
        await stage.say("One.")
        await asyncio.sleep(0.05)
        await stage.pipeline.halt(HARBOUR.channel)
        await stage.quiet()

    assert stage.tgi.asked == []


async def test_nobody_waits_for_ever_for_a_backlog(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "TOLD_WITHIN_S", 0.05)
    with stage.backlog.telling():
        await stage.say("One.")
        await stage.quiet()

    assert stage.screen() == ["I hear you."]


async def test_what_is_too_old_is_remembered_and_not_answered(stage: Stage) -> None:
    old = 1_000_000 - 61_000

    await stage.pipeline.receive_missed([line(1, "One.", at_ms=old), line(2, "Two.", at_ms=old)])
    await stage.quiet()

    assert stage.screen() == []
    assert [text for _, text in await stage.memory()] == ["One.", "Two."]


async def test_the_newest_line_that_asks_is_the_one_that_is_answered(stage: Stage) -> None:
    await stage.say("Hello.")
    await stage.quiet()

    await stage.pipeline.receive_missed(
        [line(20_001, "Mira, look!", author=TOM), line(20_002, "What is it?", author=TOM)]
    )
    await stage.quiet()

    assert [text for _, text in await stage.memory()] == [
        "Hello.",
        "I hear you.",
        "Mira, look!",
        "I hear you.",
        "What is it?",
    ]


async def test_lines_that_are_known_and_talk_beside_the_story_count_for_nothing(
    stage: Stage,
) -> None:
    _, _ = await stage.say("Hello.", number=5)
    await stage.quiet()

    count = await stage.pipeline.receive_missed([line(5, "Hello."), line(6, "((brb))")])
    await stage.quiet()

    assert count == 0
    assert stage.screen() == ["I hear you."]


async def test_the_scene_knows_up_to_where_everything_was_heard(stage: Stage) -> None:
    await stage.say("Hello.", number=5)
    await stage.until(lambda: bool(stage.screen()))
    echo = stage.voice.on_screen(HARBOUR.channel)[0].id
    stage.pipeline.hear(HARBOUR.channel, echo)
    await stage.quiet()

    head = await stage.store.head(HARBOUR.channel)
    assert head is not None
    assert head.seen is not None
    assert head.seen in {MessageId(5), echo}


async def test_no_missed_line_is_taken_in_where_nobody_plays(stage: Stage) -> None:
    await stage.store.set_live(HARBOUR.channel, live=False)

    assert await stage.pipeline.receive_missed([line(1, "One.")]) == 0
    assert await stage.pipeline.receive_missed([]) == 0
    assert await stage.memory() == []
