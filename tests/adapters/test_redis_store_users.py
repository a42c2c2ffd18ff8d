"""The index of who wrote where: it may name too many channels, never too few."""

import asyncio
import itertools
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import channel_keys, meta_key, user_channels_key
from bot.core.errors import SceneAlreadyLive, StoreRefusesWrites
from bot.core.scene import ChannelId, UserId
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, scene

INDEX = user_channels_key(BOB)
LONG_AGO_MS = 2 * 60 * 60 * 1000


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))


async def make_old(redis: Redis, user: UserId) -> None:
    """As if every entry of the index had been written two hours ago."""
    for channel, entry in (await redis.hgetall(user_channels_key(user))).items():
        await redis.hset(user_channels_key(user), channel, str(int(entry) - LONG_AGO_MS))


async def test_the_index_is_written_before_the_first_line(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await redis.set(INDEX, "no hash, so that nothing can be written there")

    with pytest.raises(StoreRefusesWrites):
        await store.ingest(HARBOUR, line(1, author=BOB))

    found = await store.read(HARBOUR)
    assert found is not None
    assert found.turns == ()


async def test_only_the_first_line_costs_more_than_one_call(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.ingest(HARBOUR, line(2, author=BOB))
    await redis.config_resetstat()

    await store.ingest(HARBOUR, line(3, author=BOB))
    await store.ingest(HARBOUR, line(4))

    stats = await redis.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 2
    assert "cmdstat_eval" not in stats


async def test_an_expired_channel_leaves_the_index_when_somebody_looks(
    store: RedisSceneStore, redis: Redis
) -> None:
    for channel in (HARBOUR, TOWER):
        await store.start(scene(channel), None)
        await store.ingest(channel, line(1, author=BOB))
    await make_old(redis, BOB)
    await redis.delete(*channel_keys(HARBOUR))

    found = await store.channels_of(BOB)

    assert found == [TOWER]
    assert list(await redis.hgetall(INDEX)) == [str(TOWER)]


async def test_a_young_entry_stays_even_where_nothing_is(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB))

    await store.purge(HARBOUR)

    assert await store.channels_of(BOB) == [HARBOUR]
    await make_old(redis, BOB)
    assert await store.channels_of(BOB) == []
    assert not await redis.exists(INDEX)


async def test_a_purge_takes_the_channel_off_the_index_of_everybody(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB))
    for user in (ANN, BOB):
        await make_old(redis, user)

    await store.purge(HARBOUR)

    assert await redis.keys("rp:u:*") == []


async def test_a_channel_taken_off_is_named_again_before_the_next_line(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB))
    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=9), None)
    await redis.hset(meta_key(HARBOUR), "listed", f"{ANN},{BOB}")
    await make_old(redis, BOB)
    dropped = await store.channels_of(BOB)

    await store.ingest(HARBOUR, line(2, author=BOB))

    assert dropped == []
    assert await redis.hget(meta_key(HARBOUR), "listed") == f"{ANN},{BOB}"
    assert await store.channels_of(BOB) == [HARBOUR]


async def test_an_entry_renewed_since_it_was_seen_is_kept(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB))
    await make_old(redis, BOB)
    seen = await redis.hget(INDEX, str(HARBOUR))
    await redis.delete(*channel_keys(HARBOUR))
    await store._index.put(HARBOUR, [str(BOB)])  # somebody's line is on its way

    await store._index._index.dropped(INDEX, HARBOUR, str(seen), store._index._holds(BOB))

    assert await redis.hexists(INDEX, str(HARBOUR))


async def test_a_scene_of_a_later_version_counts_as_holding_something(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB))
    await make_old(redis, BOB)
    await redis.hset(meta_key(HARBOUR), "sv", "3")
    await redis.delete(*channel_keys(HARBOUR)[1:])

    assert await store.channels_of(BOB) == [HARBOUR]


async def test_whatever_happens_at_once_nobody_is_missing_from_the_index(
    store: RedisSceneStore, redis: Redis
) -> None:
    """Lines, purges, fresh scenes and looks at the index race each other."""
    chance = random.Random(7)
    numbers = itertools.count(1)
    channels = [HARBOUR, TOWER, ChannelId(3)]

    async def act(what: int, channel: ChannelId) -> None:
        if what == 0:
            await store.purge(channel)
            with suppress(SceneAlreadyLive):
                await store.start(scene(channel, started_ms=next(numbers)), None)
        elif what == 1:
            await store.channels_of(BOB)
        else:
            await store.ingest(channel, line(next(numbers), author=BOB))

    for channel in channels:
        await store.start(scene(channel), None)
    for _ in range(20):
        await make_old(redis, BOB)
        acts = [(chance.randrange(5), chance.choice(channels)) for _ in range(10)]
        await asyncio.gather(*(act(*each) for each in acts))
        holding = [each for each in channels if await holds(redis, each, BOB)]
        assert set(holding) <= set(await store.channels_of(BOB))


async def holds(redis: Redis, channel: ChannelId, user: UserId) -> bool:
    return bool(await redis.hexists(channel_keys(channel)[5], str(user)))
