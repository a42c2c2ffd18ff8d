"""What every `WelcomeStore` keeps to."""

from collections.abc import AsyncIterator

import pytest

from bot.adapters.redis_store import connect, keys
from bot.adapters.redis_store.welcomes import KEPT_FOR, RedisWelcomes
from bot.core.scene import GuildId
from bot.services.welcome import WelcomeStore
from tests.fakes.memory_welcomes import MemoryWelcomes

HERE, THERE = GuildId(7), GuildId(8)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[WelcomeStore]:
    if store_url is None:
        yield MemoryWelcomes()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisWelcomes(redis)
    await redis.aclose()


async def test_each_server_is_welcomed_once(store: WelcomeStore) -> None:
    said = [await store.welcome(guild) for guild in (HERE, THERE, HERE)]

    assert said == [True, True, False]


async def test_one_that_was_forgotten_is_welcomed_anew(store: WelcomeStore) -> None:
    await store.welcome(HERE)

    await store.forget_welcome(HERE)

    assert await store.welcome(HERE)


async def test_what_is_kept_expires_and_is_in_the_key_table(store_url: str | None) -> None:
    if store_url is None:
        pytest.skip("there are no keys")
    redis = connect(store_url, timeout_s=1.0)
    try:
        await redis.flushall()
        await RedisWelcomes(redis).welcome(HERE)
        left_s = await redis.ttl(keys.guild_welcomed_key(HERE))
        assert 0 < left_s <= KEPT_FOR.total_seconds()
    finally:
        await redis.aclose()
    assert "rp:g:{G}:welcomed" in (keys.__doc__ or "")
