from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.valkey import open_embedded


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real server of our own, on a socket that only this run knows."""
    async with open_embedded(Path(tmp_path_factory.mktemp("redis"))) as url:
        yield url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of a server that holds nothing."""
    client = connect(redis_url, timeout_s=1.0)
    assert isinstance(client, Redis)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def scene_store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=2000, ttl=timedelta(days=30))
