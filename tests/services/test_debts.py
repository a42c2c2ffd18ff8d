"""Messages that have to leave the screen leave it, whatever fails first."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.core.change import Change, Undo
from bot.core.errors import NotAllowedHere, PostError, StoreUnavailable, UserError
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from bot.services.debts import MOST_MARKED, TAKEN_BACK, Debts
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.scenes import line, reply, scene

PLACE = Place(ChannelId(500), GuildId(1), ChannelId(500))


class Desk:
    def __init__(self) -> None:
        self.store = MemorySceneStore()
        self.voice = ScriptedVoice()
        self.debts = Debts(self.store, self.voice, pauses_s=(0.0, 0.0))

    async def owe(self, count: int, undo: Undo | None = None) -> None:
        """Put messages on the screen that have to leave it."""
        head = await self.store.start(replace(scene(), place=PLACE), None)
        shown = [await self.voice.say(PLACE, Speaker("Mira"), str(at)) for at in range(count)]
        change = Change(owed=tuple(shown), undo=undo)
        assert await self.store.apply(PLACE.channel, change, version=head.version)

    def marked(self) -> list[MessageId | None]:
        return [act.message for act in self.voice.did("react") if act.text == TAKEN_BACK]

    async def until_paid(self) -> None:
        async with asyncio.timeout(2):
            while await self.store.owed(PLACE.channel):
                await asyncio.sleep(0.001)


@pytest.fixture
async def desk_of_two() -> Desk:
    desk = Desk()
    await desk.owe(2)
    return desk


@asynccontextmanager
async def running(debts: Debts) -> AsyncGenerator[None, None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(debts.run())
        try:
            yield
        finally:
            task.cancel()


async def test_what_is_owed_leaves_newest_first() -> None:
    desk = Desk()
    await desk.owe(3)
    shown = sorted(desk.voice.messages)

    await desk.debts.pay(PLACE)

    assert [act.message for act in desk.voice.did("delete")] == shown[::-1]
    assert desk.voice.on_screen(PLACE.channel) == []
    assert await desk.store.owed(PLACE.channel) == ()


async def test_what_does_not_leave_at_once_leaves_in_the_background() -> None:
    desk = Desk()
    await desk.owe(2)
    desk.voice.outcomes["delete"].extend([None, PostError("no"), PostError("no")])

    await desk.debts.pay(PLACE)

    assert len(desk.voice.on_screen(PLACE.channel)) == 1
    async with running(desk.debts):
        await desk.until_paid()
    assert desk.voice.on_screen(PLACE.channel) == []


async def test_a_store_that_is_away_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    await desk.owe(1)
    paid = desk.store.paid

    async def away(*_: object) -> None:
        monkeypatch.setattr(desk.store, "paid", paid)
        raise StoreUnavailable("away")

    monkeypatch.setattr(desk.store, "paid", away)
    await desk.debts.pay(PLACE)

    assert await desk.store.owed(PLACE.channel) != ()
    async with running(desk.debts):
        await desk.until_paid()


async def test_what_never_leaves_is_given_up_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    await desk.owe(1)
    desk.voice.outcomes["delete"].extend(PostError("no") for _ in range(4))

    await desk.debts.pay(PLACE)
    async with running(desk.debts), asyncio.timeout(2):
        while "stay on the screen" not in caplog.text:
            await asyncio.sleep(0.001)

    assert await desk.store.owed(PLACE.channel) != ()
    await desk.debts.recover()  # the next start tries it again
    async with running(desk.debts):
        await desk.until_paid()


async def test_what_discord_does_not_let_us_remove_is_counted_and_not_insisted_on() -> None:
    desk = Desk()
    await desk.owe(2)
    desk.voice.outcomes["delete"].append(NotAllowedHere("not yours"))

    stuck = await desk.debts.pay(PLACE)
    async with running(desk.debts):
        await asyncio.sleep(0)

    assert stuck == 1
    assert len(desk.voice.did("delete")) == 2
    assert len(await desk.store.owed(PLACE.channel)) == 1


async def test_what_others_have_removed_is_found_out(desk_of_two: Desk) -> None:
    desk = desk_of_two
    first, second = sorted(desk.voice.messages)
    turn = reply(7, "two", first, second, 5)  # 5 is gone, and nobody owes it
    await desk.voice.delete(PLACE, second)

    desk.voice.outcomes["look"].append(PostError("may not be read"))
    await desk.debts.look(PLACE, [turn])
    assert await desk.store.owed(PLACE.channel) == (first,)

    await desk.voice.delete(PLACE, first)
    await desk.debts.look(PLACE, [turn])
    assert await desk.store.owed(PLACE.channel) == ()


async def test_whoever_needs_rest_does_not_wait_for_ever(
    desk_of_two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, is_over = desk_of_two, asyncio.Event()
    monkeypatch.setattr("bot.services.debts.RESTS_WITHIN_S", 0.01)

    async def answer_late(_: MessageId) -> None:
        await is_over.wait()

    desk.voice.on_delete = answer_late
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.debts.pay(PLACE))
        await asyncio.sleep(0.001)
        with pytest.raises(UserError, match="still being removed"):
            async with desk.debts.resting(PLACE.channel):
                pass
        is_over.set()

    async with desk.debts.resting(PLACE.channel):
        assert await desk.store.owed(PLACE.channel) == ()


async def test_after_a_crash_lines_are_marked_too() -> None:
    desk = Desk()
    undo = Undo("one", scene(), put=(line(7), reply(7, "gone", 8)))
    await desk.owe(1, undo)

    await desk.debts.recover()
    async with running(desk.debts), asyncio.timeout(2):
        while not desk.marked():
            await asyncio.sleep(0.001)

    assert desk.marked() == [MessageId(7)]
    assert desk.voice.on_screen(PLACE.channel) == []


class WaitingStore(MemorySceneStore):
    """Holds an answer about what could be taken back until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.has_looked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def undo(self, channel: ChannelId) -> Undo | None:
        kept = await super().undo(channel)
        self.has_looked.set()
        await self.may_answer.wait()
        return kept


async def test_a_line_that_is_brought_back_meanwhile_does_not_stay_marked() -> None:
    desk = Desk()
    desk.store = store = WaitingStore()
    desk.debts = Debts(store, desk.voice)
    undo = Undo("undone", replace(scene(), place=PLACE), put=(line(7),), until_ms=10**15)
    await desk.owe(1, undo)
    await desk.debts.recover()

    async with running(desk.debts), asyncio.timeout(2):
        await store.has_looked.wait()
        head = await store.head(PLACE.channel)
        assert head is not None
        assert await store.apply(
            PLACE.channel, Change(put=(line(7),), uses_undo=True), version=head.version
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.debts.unmark(PLACE, [line(7)]))
            await asyncio.sleep(0)
            store.may_answer.set()

    acts = [act.verb for act in desk.voice.acts if act.message == MessageId(7)]
    assert acts[-1] == "unreact"


async def test_of_many_lines_the_newest_are_marked_and_only_members() -> None:
    desk = Desk()
    turns = [each for at in range(1, 60, 2) for each in (line(at), reply(at, "x", at + 1))]

    await desk.debts.mark(PLACE, turns)
    await desk.debts.unmark(PLACE, turns[:2])

    assert desk.marked() == [MessageId(at) for at in range(61 - 2 * MOST_MARKED, 60, 2)]
    assert [act.message for act in desk.voice.did("unreact")] == [MessageId(1)]
