"""What every `ConsentStore` keeps to."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import connect
from bot.adapters.redis_store.consents import KEPT_FOR, RedisConsents
from bot.adapters.redis_store.keys import guild_told_key
from bot.core.scene import GuildId
from bot.services.newcomers import ConsentStore
from tests.fakes.memory_consents import MemoryConsents
from tests.scenes import ANN, BOB

HERE, THERE = GuildId(7), GuildId(8)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[ConsentStore]:
    if store_url is None:
        yield MemoryConsents()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisConsents(redis)
    await redis.aclose()


async def test_everybody_is_told_once_on_each_server(store: ConsentStore) -> None:
    told = [await store.told(*each, 5) for each in ((HERE, ANN), (HERE, BOB), (THERE, ANN))]

    assert told == [True, True, True]
    assert not await store.told(HERE, ANN, 6)


async def test_a_server_that_is_forgotten_tells_again(store: ConsentStore) -> None:
    for guild in (HERE, THERE):
        await store.told(guild, ANN, 5)

    await store.forget_guild(HERE)

    assert await store.told(HERE, ANN, 6)
    assert not await store.told(THERE, ANN, 6)


async def test_somebody_who_is_forgotten_is_told_again_everywhere(store: ConsentStore) -> None:
    for user in (ANN, BOB):
        for guild in (HERE, THERE):
            await store.told(guild, user, 5)

    await store.forget_user(ANN)

    assert await store.told(HERE, ANN, 6)
    assert await store.told(THERE, ANN, 6)
    assert not await store.told(HERE, BOB, 6)


async def test_it_is_kept_for_a_time_only(redis: Redis) -> None:
    await RedisConsents(redis).told(HERE, ANN, 5)

    left_s = await redis.ttl(guild_told_key(HERE))
    assert 0 <= KEPT_FOR.total_seconds() - left_s < 60
