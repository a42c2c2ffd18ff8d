"""`ConsentStore` on Redis."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.errors import translated
from bot.core.scene import GuildId, UserId

KEPT_FOR = timedelta(days=400)
"""After the last newcomer of a server."""
_SCAN_COUNT = 500


class RedisConsents:
    """Borrows the client; does not close it.

    Args:
        answer_within: the longest a method waits for one answer.
    """

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._calls = Calls(redis, answer_within=answer_within)

    async def told(self, guild: GuildId, user: UserId, at_ms: int) -> bool:
        return bool((await self._calls.unbroken(self._told(guild, user, at_ms)))[0])

    def _told(self, guild: GuildId, user: UserId, at_ms: int) -> Awaitable[list[Any]]:
        key = keys.guild_told_key(guild)
        pipe = self._calls.redis.pipeline(transaction=False)
        pipe.hsetnx(key, str(user), str(at_ms))
        pipe.expire(key, KEPT_FOR)
        return pipe.execute()

    async def forget_guild(self, guild: GuildId) -> None:
        await self._calls.unbroken(self._calls.redis.delete(keys.guild_told_key(guild)))

    async def forget_user(self, user: UserId) -> None:
        with translated():
            async for key in self._calls.redis.scan_iter(match=keys.EVERY_TOLD, count=_SCAN_COUNT):
                await self._calls.unbroken(self._calls.redis.hdel(key, str(user)))
