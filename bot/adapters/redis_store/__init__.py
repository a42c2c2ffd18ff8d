"""Scenes and notes in Redis: one atomic script for every change."""

from bot.adapters.redis_store.cast_store import CastStore
from bot.adapters.redis_store.characters import RedisCharacterStore
from bot.adapters.redis_store.connection import RedisClient, check_server, connect, wait_until_ready
from bot.adapters.redis_store.gateway_place import GatewayPlace
from bot.adapters.redis_store.gateway_sessions import GatewaySessions
from bot.adapters.redis_store.shard_lease import ShardLeases, fingerprint
from bot.adapters.redis_store.start_guard import RedisStartGuard
from bot.adapters.redis_store.store import RedisSceneStore
from bot.adapters.redis_store.write_probe import WriteProbe

__all__ = [
    "CastStore",
    "GatewayPlace",
    "GatewaySessions",
    "RedisCharacterStore",
    "RedisClient",
    "RedisSceneStore",
    "RedisStartGuard",
    "ShardLeases",
    "WriteProbe",
    "check_server",
    "connect",
    "fingerprint",
    "wait_until_ready",
]
