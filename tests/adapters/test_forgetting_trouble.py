"""Somebody is forgotten in Redis although channels fail, change or are looked at side by side."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.core.change import Change, Undo
from bot.core.errors import StoreUnavailable
from bot.core.privacy import Reach
from bot.core.scene import ChannelId, Scene
from bot.services.forgetting import MOST_MISSED
from tests.adapters.forgetting import PLACE, forgetting, play
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, scene


class Unlucky(RedisSceneStore):
    """Fails in some channels."""

    bad: frozenset[ChannelId] = frozenset()

    async def read(self, channel: ChannelId) -> Scene | None:
        if channel in self.bad:
            raise StoreUnavailable("What Redis holds of this scene makes no sense.")
        return await super().read(channel)


async def test_what_cannot_be_reached_is_counted_and_stops_nothing(redis: Redis) -> None:
    store = Unlucky(redis, keep=50, ttl=timedelta(days=1))
    await play(store)
    await play(store, TOWER)
    store.bad = frozenset({TOWER})

    done = await forgetting(store, redis).forget(BOB, Reach.SERVER, PLACE)
    assert (done.channels, done.missed) == (1, 1)

    store.bad = frozenset()
    done = await forgetting(store, redis).forget(BOB, Reach.SERVER, PLACE)
    assert (done.channels, done.missed) == (1, 0)


async def test_where_too_much_fails_the_rest_is_left(redis: Redis) -> None:
    store = Unlucky(redis, keep=50, ttl=timedelta(days=1))
    channels = [ChannelId(10_000 + number) for number in range(MOST_MISSED + 20)]
    for channel in channels:
        await store.start(scene(channel), None)
    store.bad = frozenset(channels)

    done = await forgetting(store, redis).forget(ANN, Reach.EVERYWHERE, PLACE)

    assert (done.channels, done.missed) == (0, len(channels))


class OneAfterTheOther(RedisSceneStore):
    """A look at the tower ends only when something has been taken out of another channel."""

    changed = asyncio.Event()

    async def undo(self, channel: ChannelId) -> Undo | None:
        if channel == TOWER:
            await self.changed.wait()
        return await super().undo(channel)

    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        done = await super().apply(channel, change, version=version)
        self.changed.set()
        return done


async def test_a_channel_that_held_nothing_is_not_counted_with_others(redis: Redis) -> None:
    store = OneAfterTheOther(redis, keep=50, ttl=timedelta(days=1))
    for channel in (HARBOUR, TOWER):
        await play(store, channel)
    store.changed.set()
    await forgetting(store, redis).forget(BOB, Reach.HERE, replace(PLACE, channel=TOWER))
    assert await store.channels_of(BOB) == [HARBOUR, TOWER]  # young entries stay
    store.changed.clear()
    done = await forgetting(store, redis).forget(BOB, Reach.SERVER, PLACE)

    assert (done.channels, done.lines, done.quotes) == (1, 1, 1)


class Busy(RedisSceneStore):
    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        await self.ingest(channel, line(version + 100))  # somebody writes at that very moment
        return await super().apply(channel, change, version=version)


async def test_a_channel_in_which_the_story_never_stands_still_is_missed(redis: Redis) -> None:
    store = Busy(redis, keep=50, ttl=timedelta(days=1))
    await play(store)

    done = await forgetting(store, redis).forget(BOB, Reach.HERE, PLACE)

    assert (done.channels, done.missed) == (0, 1)
