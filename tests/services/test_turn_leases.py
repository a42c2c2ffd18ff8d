"""Two processes with one store and one screen: one of them writes in a channel at a time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.core.ports import Button, Speaker
from bot.core.scene import MessageId, Place, TurnId, Work, mark_of, reply_turn_id
from bot.services.reply_buttons import stop_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import story
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, TOM, Stage, open_stage

LEASE_S = 0.6


@asynccontextmanager
async def two_processes(
    *, lease_s: float = LEASE_S, resume_age_s: float = 600.0
) -> AsyncGenerator[tuple[Stage, Stage], None]:
    store, voice = MemorySceneStore(), ScriptedVoice()
    async with (
        open_stage(store=store, voice=voice, process="one", lease_s=lease_s) as one,
        open_stage(
            store=store, voice=voice, process="two", lease_s=lease_s, resume_age_s=resume_age_s
        ) as two,
    ):
        await one.begin()
        yield one, two


def tell_slowly(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(30)
    stage.tgi.tokens_per_s = 60


async def test_what_another_process_is_answering_is_not_answered_again() -> None:
    async with two_processes() as (one, two):
        tell_slowly(one)
        await one.say("Good evening.")
        await one.until(lambda: bool(one.screen()))

        assert await two.pipeline.recover() == 1
        await two.quiet()

        assert not one.pipeline.is_writing(HARBOUR.channel)
        assert one.screen() == [story(30).strip()]
        assert two.tgi.asked == []
        assert (one.metrics.outcomes, two.metrics.outcomes) == (["replied"], [])


async def test_a_line_that_came_to_another_process_is_answered_after_the_reply_under_way() -> None:
    async with two_processes() as (one, two):
        tell_slowly(one)
        await one.say("First.")
        await one.until(lambda: bool(one.screen()))

        await two.say("Second.", number=20_000)
        await two.quiet()

        assert two.screen() == [story(30).strip(), "I hear you."]
        names = [name for name, _ in await one.memory()]
        assert names == ["Mara", "Mira", "Mara", "Mira"]


async def test_a_reply_longer_than_the_lease_is_kept_by_who_writes_it() -> None:
    async with two_processes() as (one, two):
        tell_slowly(one)
        one.tgi.tokens_per_s = 25
        await one.say("First.")
        await one.until(lambda: bool(one.screen()))

        await two.pipeline.recover()
        await two.quiet()

        assert one.metrics.outcomes == ["replied"]
        assert two.tgi.asked == []


async def test_who_ends_gives_the_channel_back_at_once() -> None:
    async with two_processes(lease_s=60) as (one, two):
        await one.say("First.")
        await one.quiet()

        await two.say("Second.", number=20_000)
        await two.quiet()

        assert two.screen() == ["I hear you.", "I hear you."]


async def test_what_a_process_that_ended_held_is_free_for_its_successor() -> None:
    async with two_processes(lease_s=60) as (one, two):
        await one.pipeline.drain(1)  # the line is stored, and nobody answers it
        await one.say("Anybody there?")
        assert await one.store.lease(HARBOUR.channel, "one", 60) is not None

        await two.pipeline.recover("one")
        await two.quiet()

        assert two.screen() == ["I hear you."]


async def test_the_reply_of_a_killed_process_goes_on_in_its_message_when_its_lease_ends() -> None:
    async with two_processes() as (one, two):
        await one.pipeline.drain(1)
        turn, _ = await one.say("Anybody there?")
        await leave_half_a_reply(one, turn)
        two.tgi.reply = lambda prompt: "ar you." if prompt.endswith("Mira: I he") else "What?"

        await two.pipeline.recover()
        await two.quiet()

        assert two.screen() == ["I hear you."]
        assert two.metrics.outcomes == ["replied"]


async def leave_half_a_reply(stage: Stage, turn: TurnId) -> None:
    """As a process leaves it that is killed while it writes."""
    work = Work(reply_turn_id(turn), turn, at_ms=stage.clock_ms[0])
    taken = await stage.store.take(HARBOUR.channel, "one", LEASE_S, work)
    assert taken is not None
    stop = stop_button(HARBOUR.channel, mark_of(work.reply, 0))
    message = await stage.voice.say(HARBOUR, Speaker("Mira"), "I he", [stop])
    await stage.store.posted(HARBOUR.channel, work.reply, message, fence=taken.fence)


async def take_over(stage: Stage) -> int:
    """Have the channel as a third process has it, after its owner was frozen for too long."""
    await stage.store.release(HARBOUR.channel, "one")
    fence = await stage.store.lease(HARBOUR.channel, "three", 60)
    assert fence is not None
    return fence


async def test_who_loses_the_channel_falls_silent_and_takes_nothing_away() -> None:
    async with two_processes(lease_s=0.3) as (one, _):
        tell_slowly(one)
        turn, _ = await one.say("Good evening.")
        await one.until(lambda: bool(one.screen()))

        await take_over(one)
        await one.quiet()

        [shown] = one.voice.on_screen(HARBOUR.channel)
        assert shown.text
        assert story(30).strip().startswith(shown.text)
        work = await one.store.work(HARBOUR.channel)
        assert work is not None
        assert (work.reply, work.messages) == (reply_turn_id(turn), (shown.id,))
        assert one.metrics.outcomes == []
        assert one.voice.did("notice") == []


class LateVoice(ScriptedVoice):
    """Posts only when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_post = asyncio.Event()
        self.is_posting = asyncio.Event()

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        self.is_posting.set()
        await self.may_post.wait()
        return await super().say(place, speaker, text, buttons, mark=mark)


async def test_a_message_posted_after_the_channel_was_lost_is_taken_away_again() -> None:
    voice = LateVoice()
    async with open_stage(voice=voice, process="one", lease_s=60) as one:
        await one.begin()
        turn, _ = await one.say("Good evening.")
        await voice.is_posting.wait()

        fence = await take_over(one)
        await one.store.posted(HARBOUR.channel, reply_turn_id(turn), MessageId(9), fence=fence)
        voice.may_post.set()
        await one.quiet()

        assert one.screen() == []
        assert [name for name, _ in await one.memory()] == ["Mara"]
        assert one.metrics.outcomes == []


async def test_a_channel_that_another_process_keeps_is_given_up_with_a_sentence() -> None:
    async with open_stage(process="one", resume_age_s=0.1) as one:
        await one.begin()
        await one.store.lease(HARBOUR.channel, "two", 60)

        await one.say("Anybody there?")
        await one.quiet()

        [notice] = one.voice.on_screen(HARBOUR.channel)
        assert "under way" in notice.text
        assert notice.labels == ["Try again"]
        assert one.metrics.outcomes == ["failed"]


@pytest.mark.parametrize("leave", ["stop", "shutdown"])
async def test_who_waits_for_a_channel_can_be_told_to_leave(leave: str) -> None:
    async with open_stage(process="one") as one:
        await one.begin()
        await one.store.lease(HARBOUR.channel, "two", 60)
        await one.say("Anybody there?")
        await one.until(lambda: one.pipeline.is_writing(HARBOUR.channel))

        if leave == "stop":
            one.pipeline.stop(HARBOUR.channel)
        else:
            assert await one.pipeline.drain(5)
        await one.quiet()

        assert one.screen() == []
        assert one.metrics.outcomes == (["stopped"] if leave == "stop" else [])


async def test_lines_that_come_while_a_channel_is_waited_for_get_one_reply() -> None:
    async with open_stage(process="one") as one:
        await one.begin()
        await one.store.lease(HARBOUR.channel, "two", 60)
        await one.say("First.")
        await one.say("Second.", author=TOM, mention=True)

        await one.store.release(HARBOUR.channel, "two")
        await one.quiet()

        assert one.screen() == ["I hear you."]
        assert one.metrics.outcomes == ["replied"]
