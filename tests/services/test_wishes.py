"""What members ask of replies: other texts, more text, a word without a line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.errors import UserError
from bot.core.scene import (
    NO_CHARACTER,
    MessageId,
    Role,
    Turn,
    TurnId,
    Work,
    WorkKind,
    reply_turn_id,
)
from bot.services.again import StoryWentOn
from tests.fakes.scripted_tgi import story
from tests.services.stage import HARBOUR, MARA, Stage, open_stage

CHANNEL = HARBOUR.channel
ONE, TWO = " The lamp turns.", " Rain beats on the glass tonight."


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def told(stage: Stage, reply: str = ONE) -> Turn:
    stage.tgi.reply = lambda _: reply
    await stage.say("What do you see?")
    await stage.quiet()
    return await stage.last_turn()


def labels(stage: Stage) -> list[str]:
    return stage.voice.on_screen(CHANNEL)[-1].labels


async def test_a_swipe_stands_beside_the_first_text_and_on_the_screen(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: TWO

    assert await stage.pipeline.swipe(CHANNEL, first.id)
    await stage.quiet()

    turn = await stage.last_turn()
    assert turn.swipes == (ONE.strip(), TWO.strip())
    assert turn.messages == first.messages
    assert stage.screen() == [TWO.strip()] == [turn.text]
    assert labels(stage)[:2] == ["◀", "2/2 ▶"]
    assert ONE.strip() not in stage.tgi.asked[-1].prompt


async def test_a_wish_that_waits_for_another_process_is_done_after_it(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: TWO
    await stage.store.lease(CHANNEL, "two", 60)

    await stage.pipeline.swipe(CHANNEL, first.id)
    await stage.until(lambda: len(stage.voice.did("typing")) > 1)
    await stage.store.release(CHANNEL, "two")
    await stage.quiet()

    assert (await stage.last_turn()).swipes == (ONE.strip(), TWO.strip())


async def test_the_next_prompt_has_the_text_that_is_shown(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: TWO
    await stage.pipeline.swipe(CHANNEL, first.id)
    await stage.quiet()

    await stage.say("And now?")
    await stage.quiet()

    assert TWO.strip() in stage.tgi.asked[-1].prompt
    assert ONE.strip() not in stage.tgi.asked[-1].prompt


async def test_only_the_newest_reply_has_buttons(stage: Stage) -> None:
    await told(stage)
    await told(stage, TWO)
    await stage.until(lambda: not stage.voice.on_screen(CHANNEL)[0].labels)

    older, newest = stage.voice.on_screen(CHANNEL)
    assert older.labels == []
    assert newest.labels == ["◀", "1/1 ▶", "", "▶▶", "⋯"]


async def test_what_two_ask_for_at_once_is_done_once(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: TWO

    began = await asyncio.gather(*(stage.pipeline.swipe(CHANNEL, first.id) for _ in range(2)))
    await stage.quiet()

    assert sorted(began) == [False, True]
    assert (await stage.last_turn()).swipes == (ONE.strip(), TWO.strip())


async def test_a_story_that_went_on_takes_no_swipe_of_an_older_reply(stage: Stage) -> None:
    first = await told(stage)
    await told(stage, TWO)

    with pytest.raises(StoryWentOn):
        await stage.pipeline.swipe(CHANNEL, first.id)


async def test_a_swipe_that_came_to_nothing_leaves_the_text_that_was_there(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: ""

    await stage.pipeline.swipe(CHANNEL, first.id)
    await stage.quiet()

    assert (await stage.last_turn()).swipes == (ONE.strip(),)
    assert ONE.strip() in stage.screen()
    assert await stage.store.work(CHANNEL) is None


async def test_a_swipe_that_is_stopped_is_kept_as_far_as_it_got(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(200), 50
    await stage.pipeline.swipe(CHANNEL, first.id)
    await stage.until(lambda: stage.screen() not in ([ONE.strip()], []))

    stage.pipeline.stop(CHANNEL)
    await stage.quiet()

    turn = await stage.last_turn()
    assert turn.swipes[0] == ONE.strip()
    assert stage.screen() == [turn.text] == [turn.swipes[1]]


async def test_a_swipe_is_written_after_a_restart_between_click_and_effect(stage: Stage) -> None:
    first = await told(stage)
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    work = Work(first.id, TurnId(first.id[:-1]), first.messages, kind=WorkKind.SWIPE)
    await stage.store.apply(
        CHANNEL, Change(work=replace(work, at_ms=stage.clock_ms[0])), version=scene.head.version
    )

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.tgi.reply = lambda _: TWO
        await after.pipeline.recover()
        await after.quiet()

        assert (await after.last_turn()).swipes == (ONE.strip(), TWO.strip())
        assert after.screen() == [TWO.strip()]


async def test_a_hint_counts_for_one_continuation(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: " Then it stops."

    assert await stage.pipeline.continue_reply(CHANNEL, first.id, "Something breaks.")
    await stage.quiet()

    assert "[Something breaks.]" in stage.tgi.asked[-1].prompt
    assert (await stage.last_turn()).text == f"{ONE.strip()} Then it stops."
    await stage.say("And?")
    await stage.quiet()
    assert "Something breaks" not in stage.tgi.asked[-1].prompt


async def test_a_character_speaks_without_a_line(stage: Stage) -> None:
    first = await told(stage)
    stage.tgi.reply = lambda _: TWO

    assert await stage.pipeline.talk(CHANNEL, MARA, MessageId(90_000), NO_CHARACTER)
    await stage.quiet()

    turn = await stage.last_turn()
    assert (turn.id, turn.role) == (reply_turn_id(first.id), Role.CHARACTER)
    assert [each for _, each in await stage.memory()][-2:] == [ONE.strip(), TWO.strip()]
    assert stage.screen()[-1] == TWO.strip()


async def test_talk_that_a_restart_cut_off_before_it_began_is_done(stage: Stage) -> None:
    first = await told(stage)
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    work = Work(reply_turn_id(first.id), first.id, at_ms=stage.clock_ms[0])
    await stage.store.apply(CHANNEL, Change(work=work), version=scene.head.version)

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.tgi.reply = lambda _: TWO
        await after.pipeline.recover()
        await after.quiet()

        assert (await after.last_turn()).text == TWO.strip()


async def test_halt_takes_back_what_is_not_finished(stage: Stage) -> None:
    stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(200), 50
    await stage.say("Tell me everything.")
    await stage.until(lambda: bool(stage.screen()))

    await stage.pipeline.halt(CHANNEL)

    assert stage.screen() == []
    assert not stage.pipeline.is_writing(CHANNEL)
    assert [text for _, text in await stage.memory()] == ["Tell me everything."]


async def test_halt_ends_the_line_that_waits_behind_it_too(stage: Stage) -> None:
    stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(200), 50
    await stage.say("Tell me everything.")
    await stage.until(lambda: bool(stage.screen()))
    await stage.say("And more.")

    await stage.pipeline.halt(CHANNEL)

    assert len(stage.tgi.asked) == 1
    assert not stage.pipeline.is_writing(CHANNEL)


async def changed(stage: Stage, turn: Turn) -> None:
    """Store another text of *turn*, and that the screen has to follow."""
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    trigger = TurnId(turn.id.removesuffix("r"))
    work = Work(turn.id, trigger, turn.messages, kind=WorkKind.SHOW, at_ms=stage.clock_ms[0])
    change = Change(put=(turn,), work=work)
    assert await stage.store.apply(CHANNEL, change, version=scene.head.version)


async def test_the_screen_follows_what_memory_has(stage: Stage) -> None:
    first = await told(stage)
    await changed(stage, replace(first, swipes=(ONE.strip(), "Fog.\n" * 600), current=1))

    await stage.pipeline.show(CHANNEL, first.id)
    await stage.quiet()

    turn = await stage.last_turn()
    assert turn.current == 1
    assert turn.text == ("Fog.\n" * 600).strip() or turn.text == "Fog.\n" * 600
    assert len(turn.messages) == len(turn.parts) == 2
    assert [each.id for each in stage.voice.on_screen(CHANNEL)] == list(turn.messages)
    assert labels(stage)[1] == "2/2 ▶"
    assert len(stage.tgi.asked) == 1
    assert await stage.store.work(CHANNEL) is None


async def test_the_screen_follows_after_a_restart_however_long_it_took(stage: Stage) -> None:
    first = await told(stage)
    await changed(stage, replace(first, swipes=("Fog.",)))

    async with open_stage(store=stage.store, voice=stage.voice, resume_age_s=60) as after:
        after.clock_ms[0] += 600_000
        await after.pipeline.recover()
        await after.quiet()

        assert after.screen() == ["Fog."]
        assert await after.store.work(CHANNEL) is None


async def test_the_screen_follows_before_a_newer_line_is_answered(stage: Stage) -> None:
    first = await told(stage)
    await changed(stage, replace(first, swipes=("Fog.",)))

    await told(stage, TWO)

    assert stage.screen() == ["Fog.", TWO.strip()]
    assert "Fog." in stage.tgi.asked[-1].prompt


async def test_a_process_that_ends_takes_no_wish(stage: Stage) -> None:
    first = await told(stage)
    await stage.pipeline.drain(0.1)

    with pytest.raises(UserError, match="about to restart"):
        await stage.pipeline.swipe(CHANNEL, first.id)
