"""Stores whose texts are encrypted."""

from bot.adapters.redis_store import RedisClient
from bot.adapters.redis_store.host_keys import HostKeys
from bot.adapters.redis_store.seals import RedisSeals

HOST_KEY = bytes(range(32))


def sealed_on(redis: RedisClient) -> RedisSeals:
    """Seals of one process, under a key of the host's that all tests share."""
    return RedisSeals(redis, HostKeys([HOST_KEY]))
