"""Keeps a bot that crashes on and on from using up its sessions of a day."""

from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.scripts import Script
from bot.core.restarts import AT_MOST_S, FIRST_S, pause_after

FORGOTTEN_AFTER = timedelta(hours=1)
"""Well behind the longest pause."""


class RedisStartGuard:
    """`StartGuard` on Redis, whose clock is the one that counts. Borrows the client."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        bot: str,
        answer_within: timedelta = ANSWER_WITHIN,
        first_s: float = FIRST_S,
        at_most_s: float = AT_MOST_S,
    ) -> None:
        """Set up. *bot* is the token's fingerprint."""
        self._calls = Calls(redis, answer_within=answer_within)
        self._bot = bot
        self._first_s = first_s
        self._at_most_s = at_most_s
        self._look = Script("start_look", shared=False)
        self._count = Script("start_count", shared=False)

    async def pause_s(self, shard: int) -> float:
        """How much longer to wait, because sessions before ended soon; else 0."""
        key = keys.starts_key(self._bot, shard)
        starts, since_ms = await self._calls.run(self._look.run(self._calls.redis, [key], []))
        pause_s = pause_after(int(starts), first_s=self._first_s, at_most_s=self._at_most_s)
        # A clock that was set back would have us wait for ever.
        return min(self._at_most_s, max(0.0, pause_s - int(since_ms) / 1000))

    async def starting(self, shard: int) -> None:
        """Count a session that is about to begin."""
        kept_ms = int(FORGOTTEN_AFTER.total_seconds() * 1000)
        await self._calls.change(self._count, [keys.starts_key(self._bot, shard)], kept_ms)

    async def steady(self, shard: int) -> None:
        """Forget what was counted."""
        await self._calls.unbroken(self._calls.redis.delete(keys.starts_key(self._bot, shard)))
