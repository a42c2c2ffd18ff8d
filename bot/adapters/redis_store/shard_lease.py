"""Which process connects a shard: two with one token would both answer everybody."""

import hashlib
from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.scripts import Script


def fingerprint(token: str) -> str:
    """Tell tokens apart without keeping them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class ShardLeases:
    """Borrows the client; does not close it.

    A lease ends by itself after *for_s* seconds by Redis' clock, so whoever
    takes one renews it well before. All methods raise StoreUnavailable or
    StoreRefusesWrites.
    """

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._calls = Calls(redis, answer_within=answer_within)
        self._take = Script("shard_take", shared=False)
        self._renew = Script("shard_renew", shared=False)
        self._release = Script("shard_release", shared=False)

    async def take(self, token_fingerprint: str, shard: int, owner: str, for_s: float) -> bool:
        """Take the shard, or keep it; False while another owner has it."""
        key = keys.shard_key(token_fingerprint, shard)
        return bool(await self._calls.change(self._take, [key], owner, _ms(for_s)))

    async def renew(self, token_fingerprint: str, shard: int, owner: str, for_s: float) -> bool:
        """Keep the shard; False if *owner* does not have it any more."""
        key = keys.shard_key(token_fingerprint, shard)
        return bool(await self._calls.change(self._renew, [key], owner, _ms(for_s)))

    async def release(self, token_fingerprint: str, shard: int, owner: str) -> None:
        """Give the shard back, if *owner* has it."""
        key = keys.shard_key(token_fingerprint, shard)
        await self._calls.change(self._release, [key], owner)

    async def holder(self, token_fingerprint: str, shard: int) -> str | None:
        """Who has the shard, to say whom one waits for."""
        key = keys.shard_key(token_fingerprint, shard)
        owner: str | None = await self._calls.run(self._calls.redis.get(key))
        return owner


def _ms(for_s: float) -> int:
    return max(1, int(for_s * 1000))
