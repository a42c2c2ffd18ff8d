import pytest
from redis.asyncio import Redis


@pytest.fixture
def clean_redis_url(redis: Redis, redis_url: str) -> str:
    """The server's address, with nothing in it."""
    assert redis is not None
    return redis_url
