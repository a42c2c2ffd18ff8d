"""Where each shard was in the gateway's stream, for the process that comes after this one."""

from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.scripts import Script
from bot.core.gateway_ports import GatewaySession

RESUMABLE_FOR = timedelta(seconds=180)
"""Discord speaks of a few minutes; if it has forgotten a session sooner it says so."""


class GatewaySessions:
    """`SessionStore` on Redis. Borrows the client; does not close it.

    A process that was frozen must not write over what its successor saves, so
    the place belongs to the last process that took it.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        bot: str,
        owner: str,
        answer_within: timedelta = ANSWER_WITHIN,
        kept_for: timedelta = RESUMABLE_FOR,
    ) -> None:
        """Set up. *bot* is the token's fingerprint, *owner* this process."""
        self._calls = Calls(redis, answer_within=answer_within)
        self._bot = bot
        self._owner = owner
        self._kept_ms = int(kept_for.total_seconds() * 1000)
        self._take = Script("session_take", shared=False)
        self._save = Script("session_save", shared=False)

    async def take(self, shard: int, of: int) -> GatewaySession | None:
        """Become the process that may save; returns where the last one was."""
        key = keys.session_key(self._bot, shard, of)
        found = await self._calls.change(self._take, [key], self._owner, self._kept_ms)
        name, seq, url = found
        if not name or not url or not str(seq).isdecimal():
            return None
        return GatewaySession(name, int(seq), url)

    async def save(self, shard: int, of: int, session: GatewaySession) -> bool:
        """Note where we are; False and not noted once another process took the shard."""
        key = keys.session_key(self._bot, shard, of)
        place = (session.id, session.seq, session.url)
        saved = await self._calls.change(self._save, [key], self._owner, self._kept_ms, *place)
        return bool(saved)
