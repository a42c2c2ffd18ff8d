"""`WelcomeStore` on Redis."""

from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.core.scene import GuildId

KEPT_FOR = timedelta(days=400)
"""Of a server that was left while nobody listened, nothing else may be stored."""


class RedisWelcomes:
    """Borrows the client; does not close it."""

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._calls = Calls(redis, answer_within=answer_within)

    async def welcome(self, guild: GuildId) -> bool:
        """Note that *guild* is welcomed; False if it was."""
        put = self._calls.redis.set(keys.guild_welcomed_key(guild), "1", nx=True, ex=KEPT_FOR)
        return bool(await self._calls.unbroken(put))

    async def forget_welcome(self, guild: GuildId) -> None:
        """It was not."""
        await self._calls.unbroken(self._calls.redis.delete(keys.guild_welcomed_key(guild)))
