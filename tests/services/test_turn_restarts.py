"""What becomes of a line over a crash, a restart and a shutdown."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.core.errors import UserError
from bot.core.scene import ChannelId, Scene, Work, reply_turn_id
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import story
from tests.services.stage import HARBOUR, MIRA, TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def test_after_a_crash_an_unanswered_line_is_answered() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.first_token_s = 5
        turn, _ = await before.say("Are you there?")
        await before.until(lambda: bool(before.tgi.asked))
        store, voice = before.store, before.voice
    assert await store.work(HARBOUR.channel) is not None

    async with open_stage(store=store, voice=voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()

        assert after.screen() == ["I hear you."]
        assert (await after.last_turn()).id == reply_turn_id(turn)


async def test_after_a_crash_the_half_written_reply_is_written_into_the_same_message(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("Are you there?")
    await stage.quiet()
    shown = (await stage.last_turn()).messages
    await stage.store.delete(HARBOUR.channel, shown)
    await stage.leave(Work(reply_turn_id(turn), turn, shown, 1_000_000))

    await stage.pipeline.recover()
    await stage.quiet()

    assert len(stage.screen()) == 1


async def test_an_old_line_is_not_answered_out_of_the_blue() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.first_token_s = 5
        await before.say("Are you there?")
        store = before.store

    async with open_stage(store=store, resume_age_s=60) as after:
        after.clock_ms[0] += 61_000
        assert await after.pipeline.recover() == 0


async def test_shutdown_lets_a_reply_end_and_takes_no_new_line(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    await stage.say("Quickly!")
    await stage.until(lambda: bool(stage.tgi.asked))

    drained = asyncio.create_task(stage.pipeline.drain(5))
    await asyncio.sleep(0)
    await stage.say("One more!")

    assert await drained
    assert stage.screen() == [story(20).strip()]
    assert [name for name, _ in await stage.memory()] == ["Mara", "Mira", "Mara"]


async def test_shutdown_does_not_wait_longer_than_it_may(stage: Stage) -> None:
    stage.tgi.first_token_s = 5
    await stage.say("Slowly.")
    await stage.until(lambda: bool(stage.tgi.asked))

    assert not await stage.pipeline.drain(0.05)
    assert MIRA.name == "Mira"


class DistantStore(MemorySceneStore):
    """Answers some ticks later, each time more, as a store behind a socket may."""

    reads = 0

    async def read(self, channel: ChannelId) -> Scene | None:
        self.reads += 1
        for _ in range(5 * self.reads):
            await asyncio.sleep(0)
        return await super().read(channel)


async def test_pressing_try_again_twice_gives_one_reply() -> None:
    async with open_stage(resume_age_s=0.05, store=DistantStore()) as stage:
        await stage.begin()
        await stage.tgi.stop()
        turn, _ = await stage.say("Anybody there?")
        await stage.quiet()
        await stage.tgi.start()
        stage.tgi.first_token_s = 0.1

        async with asyncio.TaskGroup() as presses:
            for _press in range(2):
                presses.create_task(stage.pipeline.retry(HARBOUR.channel, turn))
        await stage.quiet()

        assert stage.screen().count("I hear you.") == 1
        assert stage.metrics.outcomes == ["failed", "replied"]


async def test_a_line_that_is_being_answered_is_not_answered_again_by_the_recovery(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    await stage.say("Good evening.")
    await stage.until(lambda: bool(stage.screen()))

    await stage.pipeline.recover()
    await stage.quiet()

    assert len(stage.screen()) == 1
    assert stage.metrics.outcomes == ["replied"]


async def test_lines_that_arrive_in_the_wrong_order_get_one_reply() -> None:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()

        await stage.say("Second.", number=20_001)
        await stage.until(lambda: bool(stage.voice.did("typing")))
        await stage.say("First.", number=20_000)
        await stage.quiet()

        assert len(stage.screen()) == 1
        assert [text for _, text in await stage.memory()] == ["First.", "Second.", "I hear you."]
        assert stage.metrics.outcomes == ["replied"]


async def test_a_reply_that_was_left_half_written_long_ago_ends_there_and_swallows_none() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.reply = lambda _: story(200)
        before.tgi.tokens_per_s = 50
        await before.say("Tell me everything.")
        await before.until(lambda: bool(before.screen()))
        store, voice = before.store, before.voice

    async with open_stage(store=store, voice=voice, resume_age_s=60) as after:
        after.clock_ms[0] += 61_000
        assert await after.pipeline.recover() == 1
        await after.quiet()
        [half] = voice.on_screen(HARBOUR.channel)
        assert "▶▶ Continue" in half.labels
        assert not after.tgi.asked
        await after.say("Where were we?", number=30_000)
        await after.quiet()

        assert after.screen() == [half.text, "I hear you."]
        assert [text for _, text in await after.memory()] == [
            "Tell me everything.",
            half.text,
            "Where were we?",
            "I hear you.",
        ]


async def test_asking_again_during_shutdown_is_answered_with_a_sentence() -> None:
    async with open_stage(resume_age_s=0.05) as stage:
        await stage.begin()
        await stage.tgi.stop()
        turn, _ = await stage.say("Anybody there?")
        await stage.quiet()
        await stage.pipeline.drain(1)

        with pytest.raises(UserError, match="restart"):
            await stage.pipeline.retry(HARBOUR.channel, turn)


async def test_a_line_that_called_the_character_in_a_round_is_answered_after_a_restart(
    stage: Stage,
) -> None:
    await stage.say("Good evening.")
    await stage.say("Hi Mara!", author=TOM)
    await stage.quiet()
    assert await stage.pipeline.drain(1)
    await stage.say("Mira, a rum!", author=TOM)
    shown = len(stage.screen())

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()

    assert len(stage.screen()) == shown + 1


async def test_shutdown_does_not_wait_for_a_model_that_is_away(stage: Stage) -> None:
    await stage.tgi.stop()
    await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))

    assert await stage.pipeline.drain(5)

    assert stage.screen() == []
    async with open_stage(store=stage.store, voice=stage.voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()
    assert stage.screen() == ["I hear you."]


async def test_a_stored_reply_that_was_being_written_anew_is_finished_after_a_restart(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("Good evening.")
    await stage.quiet()
    shown = (await stage.last_turn()).messages
    await stage.leave(Work(reply_turn_id(turn), turn, shown, 1_000_000))
    stage.tgi.reply = lambda _: " A better one."

    assert await stage.pipeline.recover() == 1
    await stage.quiet()

    assert stage.screen() == ["A better one."]
    assert await stage.memory() == [("Mara", "Good evening."), ("Mira", "A better one.")]
    assert "I hear you" not in stage.tgi.asked[-1].prompt
