from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.wire.running import Running, running


@pytest.fixture
def clean_redis_url(redis: Redis, redis_url: str) -> str:
    """The server's address, with nothing in it."""
    assert redis is not None
    return redis_url


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    async with running(clean_redis_url, tmp_path) as everything:
        yield everything
        assert await everything.world.unknown_routes() == []
