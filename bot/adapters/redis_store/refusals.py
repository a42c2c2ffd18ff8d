"""`RefusalStore` on Redis."""

from datetime import timedelta

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.scripts import Script
from bot.core.privacy import Refusal
from bot.core.scene import GuildId, UserId

_VERSION = "ver"


class RedisRefusals:
    """Borrows the client; does not close it.

    Args:
        answer_within: the longest a method waits for one answer.
    """

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._calls = Calls(redis, answer_within=answer_within)
        self._refuse = Script("refuse", shared=False, is_kept=True)

    async def version(self) -> str:
        found: str | None = await self._calls.run(self._calls.redis.hget(keys.REFUSALS, _VERSION))
        return found or ""

    async def refusals(self) -> tuple[str, frozenset[Refusal]]:
        found: dict[str, str] = await self._calls.run(self._calls.redis.hgetall(keys.REFUSALS))
        version = found.pop(_VERSION, "")
        return version, frozenset(each for name in found for each in _read(name))

    async def put(self, refusal: Refusal, at_ms: int) -> None:
        await self._calls.change(self._refuse, [keys.REFUSALS], _field(refusal), at_ms)

    async def drop(self, refusal: Refusal) -> None:
        await self._calls.change(self._refuse, [keys.REFUSALS], _field(refusal), "")


def _field(refusal: Refusal) -> str:
    return str(refusal.user) if refusal.guild is None else f"{refusal.user}@{refusal.guild}"


def _read(name: str) -> list[Refusal]:
    """The refusal that is written so, or none; foreign ones are left out."""
    found = records.numbers(name.split("@"), None, what="part of a refusal")
    match found:
        case [user]:
            return [Refusal(UserId(user))] if "@" not in name else []
        case [user, guild]:
            return [Refusal(UserId(user), GuildId(guild))]
    return []
