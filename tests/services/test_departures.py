"""Stories end with the places in which they play, and with the guilds a week later."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import StoreUnavailable
from bot.core.scene import ChannelId, GuildId, Place
from bot.services.departures import KEPT_FOR, Departures
from bot.services.doubts import Doubts
from tests.contract.test_character_store import QUILL
from tests.fakes.memory_characters import MemoryCharacterStore
from tests.fakes.memory_store import MemorySceneStore
from tests.services.catching import ABROAD, DIRECT, PIER, TAVERN
from tests.services.verifying import HARBOUR, head

HERE, ELSEWHERE = GuildId(1), GuildId(2)
WEEK_MS = int(KEPT_FOR.total_seconds() * 1000)
BEACON = Place(ChannelId(520), HERE, ChannelId(500))


class Stage:
    def __init__(self) -> None:
        self.store = MemorySceneStore()
        self.characters = MemoryCharacterStore()
        self.doubts = Doubts()
        self.has_ended: list[ChannelId] = []
        self.now_ms = 1_000
        self.is_away = False
        self.forgotten: list[GuildId] = []
        self.present: set[GuildId] = {HERE, ELSEWHERE}
        self.departures = Departures(
            store=self.store,
            doubts=self.doubts,
            present=lambda: self.present,
            forget=self.forget,
            forget_guild=self.forget_both,
            ended=self.has_ended.append,
            now_ms=lambda: self.now_ms,
        )

    async def forget(self, channel: ChannelId) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        await self.store.purge(channel)

    async def forget_both(self, guild: GuildId) -> None:
        await self.characters.leave_guild(guild)
        await self.forget_guild(guild)

    async def forget_guild(self, guild: GuildId) -> None:
        self.forgotten.append(guild)

    async def leave(self, guild: GuildId) -> None:
        self.present.discard(guild)
        await self.departures.left(guild)

    async def left(self) -> set[ChannelId]:
        places = (HARBOUR, PIER, BEACON, TAVERN, ABROAD, DIRECT)
        channels = [place.channel for place in places]
        return {each for each in channels if await self.store.head(each) is not None}


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    for place in (HARBOUR, PIER, BEACON, TAVERN, ABROAD, DIRECT):
        await stage.store.start(head(place), None)
    return stage


async def test_a_deleted_thread_is_forgotten(stage: Stage) -> None:
    await stage.departures.thread_deleted(PIER.channel)

    assert PIER.channel not in await stage.left()
    assert stage.has_ended == [PIER.channel]


async def test_a_deleted_channel_is_forgotten_with_all_its_threads(stage: Stage) -> None:
    await stage.store.set_live(BEACON.channel, live=False)

    await stage.departures.channel_deleted(HARBOUR.channel, HERE)

    assert await stage.left() == {TAVERN.channel, ABROAD.channel, DIRECT.channel}
    assert set(stage.has_ended) == {HARBOUR.channel, PIER.channel, BEACON.channel}


async def test_a_channel_that_cannot_be_forgotten_is_looked_at_later(stage: Stage) -> None:
    stage.is_away = True

    await stage.departures.thread_deleted(PIER.channel)

    assert PIER.channel in stage.doubts


async def test_a_guild_that_was_left_is_forgotten_a_week_later(stage: Stage) -> None:
    await stage.leave(ELSEWHERE)
    assert stage.has_ended == [ABROAD.channel]

    stage.now_ms += WEEK_MS - 1
    assert await stage.departures.purge_due() == 0
    assert ABROAD.channel in await stage.left()

    stage.now_ms += 1
    assert await stage.departures.purge_due() == 1
    assert len(stage.forgotten) == 1
    assert ABROAD.channel not in await stage.left()
    assert await stage.departures.purge_due() == 0
    assert HARBOUR.channel in await stage.left()


async def test_who_has_us_back_within_the_week_has_the_stories_back(stage: Stage) -> None:
    await stage.leave(ELSEWHERE)
    stage.now_ms += WEEK_MS - 1
    stage.present.add(ELSEWHERE)
    await stage.departures.joined(ELSEWHERE)
    stage.now_ms += WEEK_MS

    assert await stage.departures.purge_due() == 0


async def test_what_nobody_told_us_of_is_seen_at_the_start(stage: Stage) -> None:
    await stage.leave(HERE)
    stage.present = {HERE}

    await stage.departures.compare()
    stage.now_ms += WEEK_MS
    await stage.departures.purge_due()

    assert ABROAD.channel not in await stage.left()
    assert HARBOUR.channel in await stage.left()
    assert DIRECT.channel in await stage.left()


async def test_a_members_character_stays_theirs_when_a_guild_is_forgotten(stage: Stage) -> None:
    await stage.characters.put(replace(QUILL, entry=replace(QUILL.entry, guild=ELSEWHERE)))
    await stage.leave(ELSEWHERE)
    stage.now_ms += WEEK_MS

    await stage.departures.purge_due()

    [entry] = await stage.characters.of_user(QUILL.entry.owner)
    assert entry.guild is None
    assert list(await stage.characters.in_guild(ELSEWHERE)) == []


async def test_another_start_does_not_put_the_end_off(stage: Stage) -> None:
    stage.present = {HERE}
    await stage.departures.compare()
    stage.now_ms += int(timedelta(days=6).total_seconds() * 1000)
    await stage.departures.compare()
    stage.now_ms += int(timedelta(days=1).total_seconds() * 1000)

    assert await stage.departures.purge_due() == 1


async def test_no_guild_is_forgotten_that_we_are_in(stage: Stage) -> None:
    """That we were taken back could not be noted."""
    await stage.leave(ELSEWHERE)
    stage.present.add(ELSEWHERE)
    stage.now_ms += WEEK_MS

    assert await stage.departures.purge_due() == 0
    assert ABROAD.channel in await stage.left()
    assert await stage.store.left() == []


async def test_what_is_due_is_forgotten_once_it_is_known_where_we_are(stage: Stage) -> None:
    await stage.leave(ELSEWHERE)
    stage.now_ms += WEEK_MS
    running = asyncio.create_task(stage.departures.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert ABROAD.channel in await stage.left()

    await stage.departures.compare()
    async with asyncio.timeout(5):
        while ABROAD.channel in await stage.left():
            await asyncio.sleep(0.002)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
