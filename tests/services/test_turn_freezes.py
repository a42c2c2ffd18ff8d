"""A process that was frozen for longer than it had its channel falls silent when it wakes."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from bot.core.errors import StoreUnavailable
from bot.core.scene import ChannelId, MessageId, Scene, Turn, TurnId, Work
from bot.core.store_answers import Ingested
from bot.services.milestones import Milestone
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import story
from tests.services.stage import HARBOUR, Stage, open_stage

LEASE_S = 60.0
"""So long that nothing is renewed by itself within a test."""

Meanwhile = Callable[[], Awaitable[object]]


class FreezingStore(MemorySceneStore):
    """Freezes who asks it, once: before a question, or before the answer is heard."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Meanwhile] = {}
        self.after: dict[str, Meanwhile] = {}
        self.is_away = False
        self.renewals = 0
        self.questions = 0

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        ingested = await super().ingest(channel, turn, seen=seen)
        await _freeze(self.after, "ingest")
        return ingested

    async def read(self, channel: ChannelId) -> Scene | None:
        scene = await super().read(channel)
        await _freeze(self.after, "read")
        return scene

    async def work(self, channel: ChannelId) -> Work | None:
        self.questions += 1
        return await super().work(channel)

    async def lease(
        self,
        channel: ChannelId,
        owner: str,
        for_s: float,
        *,
        reply: TurnId | None = None,
        written: str = "",
        tokens: int = 0,
        fence: int | None = None,
    ) -> int | None:
        self.renewals += fence is not None
        if self.is_away and fence is not None:
            raise StoreUnavailable("away")
        return await super().lease(
            channel, owner, for_s, reply=reply, written=written, tokens=tokens, fence=fence
        )

    async def intent(
        self, channel: ChannelId, reply: TurnId, mark: str, *, fence: int | None = None
    ) -> None:
        await super().intent(channel, reply, mark, fence=fence)
        await _freeze(self.after, "intent")

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        await _freeze(self.before, "posted")
        await super().posted(channel, reply, message, fence=fence)
        await _freeze(self.after, "posted")


async def _freeze(freezes: dict[str, Meanwhile], name: str) -> None:
    if name in freezes:
        await freezes.pop(name)()


@asynccontextmanager
async def bot(
    store: FreezingStore,
    process: str,
    beside: Stage | None = None,
    *,
    resume_age_s: float = 600.0,
) -> AsyncGenerator[Stage, None]:
    voice = beside.voice if beside is not None else None
    async with open_stage(
        store=store, voice=voice, process=process, lease_s=LEASE_S, resume_age_s=resume_age_s
    ) as stage:
        if beside is None:
            await stage.begin()
        yield stage


async def lose(stage: Stage) -> int:
    """Have the channel as another process has it that waited for the end of the lease."""
    stage.frozen_s[0] += LEASE_S
    await stage.store.release(HARBOUR.channel, "one")
    fence = await stage.store.lease(HARBOUR.channel, "two", LEASE_S)
    assert fence is not None
    return fence


def tell_slowly(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(60)
    stage.tgi.tokens_per_s = 300


@pytest.mark.parametrize("meanwhile", ["answered", "with a later one"])
async def test_p3_a_line_that_was_answered_while_its_process_was_frozen_is_left_alone(
    meanwhile: str,
) -> None:
    store = FreezingStore()
    async with bot(store, "one") as one, bot(store, "two", one) as two:

        async def answer() -> None:
            if meanwhile == "answered":
                await two.pipeline.recover()
            else:
                await two.say("Anybody?", number=20_000)
            await two.quiet()

        store.after["ingest"] = answer
        await one.say("Good evening.")
        await one.quiet()

        assert one.screen() == ["I hear you."]
        assert one.tgi.asked == []
        assert one.metrics.outcomes == []
        assert await store.work(HARBOUR.channel) is None


async def test_p3_what_was_asked_for_again_and_answered_by_another_process_is_left_alone() -> None:
    store = FreezingStore()
    async with bot(store, "one", resume_age_s=0.05) as one, bot(store, "two", one) as two:
        await one.tgi.stop()
        turn, _ = await one.say("Anybody there?")
        await one.quiet()
        shown = one.screen()
        await one.tgi.start()

        async def answer() -> None:
            await two.pipeline.recover()
            await two.quiet()

        store.after["read"] = answer
        await one.pipeline.retry(HARBOUR.channel, turn)
        await one.quiet()

        assert one.screen() == [*shown, "I hear you."]
        assert one.tgi.asked == []


async def test_p3_who_was_frozen_before_a_post_does_not_make_it() -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:
        store.after["intent"] = partial(lose, one)

        await one.say("Good evening.")
        await one.quiet()

        assert one.voice.did("say") == []
        assert one.metrics.outcomes == []


async def test_p3_who_was_frozen_after_a_post_does_not_edit_it() -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:
        tell_slowly(one)
        store.after["posted"] = partial(lose, one)

        await one.say("Good evening.")
        await one.quiet()

        assert len(one.screen()) == 1
        assert one.voice.did("edit", "delete") == []
        assert one.metrics.outcomes == []


@pytest.mark.parametrize("how", ["goes on", "has told it"])
async def test_p3_a_post_in_which_another_process_goes_on_stays(how: str) -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:

        async def go_on() -> None:
            fence = await lose(one)
            work = await store.work(HARBOUR.channel)
            assert work is not None
            [shown] = one.voice.on_screen(HARBOUR.channel)
            await store.posted(HARBOUR.channel, work.reply, shown.id, fence=fence)
            if how == "has told it":
                line = await one.last_turn()
                told = replace(line, id=work.reply, author=None, messages=(shown.id,))
                await store.commit(HARBOUR.channel, told, fence=fence)

        store.before["posted"] = go_on
        await one.say("Good evening.")
        await one.quiet()

        assert one.screen() == ["I hear you."]
        assert one.voice.did("delete") == []


@pytest.mark.parametrize("is_found", [True, False])
async def test_p3_a_post_that_another_process_may_find_yet_is_not_taken_away_before(
    *, is_found: bool
) -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:
        store.before["posted"] = partial(lose, one)
        await one.say("Good evening.")
        await one.until(lambda: not store.before)
        work = await store.work(HARBOUR.channel)
        assert work is not None
        assert work.posting
        questions = store.questions
        await one.until(lambda: store.questions > questions)  # who woke has asked

        [shown] = one.voice.on_screen(HARBOUR.channel)
        there = shown.id if is_found else MessageId(shown.id + 1)
        await store.posted(HARBOUR.channel, work.reply, there)
        await one.quiet()

        assert one.screen() == (["I hear you."] if is_found else [])


async def test_p3_who_was_frozen_over_the_loss_of_the_model_does_not_say_so() -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:
        one.tgi.first_token_s = 5
        await one.say("Good evening.")
        await one.until(lambda: bool(one.tgi.asked))

        await lose(one)
        await one.quiet()

        assert one.voice.did("say") == []
        assert one.metrics.outcomes == []


def now(step: Coroutine[object, object, object]) -> None:
    """Do what never waits."""
    with pytest.raises(StopIteration):
        step.send(None)


async def test_p3_who_was_frozen_before_a_failure_does_not_tell_of_it() -> None:
    store, stages = FreezingStore(), list[Stage]()

    def reached(milestone: Milestone) -> None:
        if milestone is Milestone.CLAIMED:
            now(lose(stages[0]))
            now(store.purge(HARBOUR.channel))  # the other one has dealt with all

    async with open_stage(store=store, process="one", lease_s=LEASE_S, reached=reached) as one:
        stages.append(one)
        await one.begin()
        one.characters.loaded.clear()

        await one.say("Good evening.")
        await one.quiet()

        assert one.screen() == []
        assert one.metrics.outcomes == []


@pytest.mark.parametrize("tells", ["for the first time", "anew"])
async def test_p3_who_waits_for_the_model_and_was_frozen_leaves_what_another_process_told(
    tells: str,
) -> None:
    store = FreezingStore()
    async with bot(store, "one") as one, bot(store, "two", one) as two:
        if tells == "anew":
            turn, _ = await one.say("Good evening.")
            await one.quiet()
            await one.tgi.stop()
            await one.pipeline.retry(HARBOUR.channel, turn)
        else:
            await one.tgi.stop()
            await one.say("Good evening.")
        await one.until(lambda: any("not answering" in text for text in one.screen()))

        one.frozen_s[0] += LEASE_S
        await store.release(HARBOUR.channel, "one")
        await two.pipeline.recover()
        await two.quiet()
        await one.quiet()

        assert one.screen() == ["I hear you."]
        assert await store.work(HARBOUR.channel) is None
        assert await store.lease(HARBOUR.channel, "three", LEASE_S) is not None


async def test_p3_who_was_frozen_alone_asks_once_and_goes_on() -> None:
    store = FreezingStore()
    async with bot(store, "one") as one:
        tell_slowly(one)

        async def sleep() -> None:
            one.frozen_s[0] += LEASE_S

        store.after["posted"] = sleep
        await one.say("Good evening.")
        await one.quiet()

        assert one.screen() == [story(60).strip()]
        assert len(one.voice.did("edit")) > 1
        assert store.renewals == 1


async def test_p3_who_was_frozen_and_can_ask_nobody_goes_on() -> None:
    """Nobody else can take the channel either; and not every edit waits for the store."""
    store = FreezingStore()
    async with bot(store, "one") as one:
        tell_slowly(one)

        async def sleep() -> None:
            one.frozen_s[0] += LEASE_S
            store.is_away = True

        store.after["posted"] = sleep
        await one.say("Good evening.")
        await one.quiet()

        assert one.screen() == [story(60).strip()]
        assert len(one.voice.did("edit")) > 1
        assert store.renewals == 1
