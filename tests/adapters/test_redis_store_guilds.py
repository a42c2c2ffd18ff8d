"""The index of which guild has which scenes: it may name too many, never too few."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import GUILDS, LEFT, channel_keys, guild_channels_key, meta_key
from bot.core.errors import StoreRefusesWrites
from bot.core.scene import ChannelId, GuildId
from tests.scenes import HARBOUR, TOWER, scene

ISLAND = GuildId(7)
INDEX = guild_channels_key(ISLAND)
LONG_AGO_MS = 2 * 60 * 60 * 1000


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))


async def make_old(redis: Redis, *indexes: str) -> None:
    """As if every entry had been written two hours ago."""
    for index in indexes:
        for name, entry in (await redis.hgetall(index)).items():
            await redis.hset(index, name, str(int(entry) - LONG_AGO_MS))


async def test_the_index_is_written_before_the_scene(store: RedisSceneStore, redis: Redis) -> None:
    await redis.set(INDEX, "no hash, so that nothing can be written there")

    with pytest.raises(StoreRefusesWrites):
        await store.start(scene(), None)

    assert await store.head(HARBOUR) is None
    assert await redis.hkeys(GUILDS) == [str(ISLAND)]


async def test_an_expired_channel_leaves_the_index_when_somebody_looks(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), None)
    await redis.delete(*channel_keys(HARBOUR))
    young = await redis.hkeys(INDEX)

    await make_old(redis, INDEX)

    assert young == [str(HARBOUR), str(TOWER)]
    assert await store.channels_in(ISLAND) == [TOWER]
    assert await redis.hkeys(INDEX) == [str(TOWER)]


async def test_a_purge_takes_the_channel_off_and_then_the_guild_goes(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), None)
    await make_old(redis, INDEX, GUILDS)

    await store.purge(HARBOUR)
    some = await store.guilds()
    await store.purge(TOWER)
    none = await store.guilds()

    assert (some, none) == ([ISLAND], [])
    assert await redis.exists(INDEX, GUILDS) == 0


async def test_a_guild_stays_listed_while_its_first_scene_may_be_on_its_way(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await redis.delete(INDEX, *channel_keys(HARBOUR))

    assert await store.guilds() == [ISLAND]


async def test_foreign_entries_are_passed_over(store: RedisSceneStore, redis: Redis) -> None:
    await store.start(scene(), None)
    await redis.hset(INDEX, "x", "1")
    await redis.hset(GUILDS, "007", "1")
    await redis.hset(LEFT, mapping={"8": "x", "x": "9", "9": "10"})

    assert await store.channels_in(ISLAND) == [HARBOUR]
    assert await store.guilds() == [ISLAND]
    assert await store.left() == [GuildId(9)]


async def test_scenes_that_an_earlier_version_began_are_indexed_at_the_start(
    store: RedisSceneStore, redis: Redis
) -> None:
    for channel in (HARBOUR, TOWER):
        await store.start(scene(channel), None)
        await redis.hdel(meta_key(channel), "in_guild")
        await redis.hset(meta_key(channel), "sv", "1")
    await redis.delete(INDEX, GUILDS)

    counts = [await store.complete_indexes() for _ in range(2)]

    assert counts == [2, 0]
    assert await store.channels_in(ISLAND) == [HARBOUR, TOWER]
    assert await store.guilds() == [ISLAND]
    assert await redis.hget(meta_key(HARBOUR), "sv") == "1"  # it is not changed for that


async def test_a_scene_of_a_later_version_keeps_no_other_from_being_indexed(
    store: RedisSceneStore, redis: Redis
) -> None:
    for channel in (HARBOUR, TOWER, ChannelId(3)):
        await store.start(scene(channel), None)
        await redis.hdel(meta_key(channel), "in_guild", "listed")
    await redis.hset(meta_key(TOWER), "sv", "3")

    with pytest.raises(StoreRefusesWrites):
        await store.complete_indexes()

    assert await redis.hget(meta_key(HARBOUR), "in_guild") == "1"
    assert await redis.hget(meta_key(ChannelId(3)), "in_guild") == "1"
    assert await redis.hget(meta_key(TOWER), "in_guild") is None
