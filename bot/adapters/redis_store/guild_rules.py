"""`GuildRulesStore` on Redis."""

import logging
from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.known import Known
from bot.adapters.redis_store.loose_index import LooseIndex
from bot.adapters.redis_store.scripts import Script
from bot.core.guild_rules import GuildRules
from bot.core.scene import GuildId

log = logging.getLogger(__name__)

MOST_KNOWN = 20_000
_RULES = "rules"


class RedisGuildRules:
    """Borrows the client; does not close it.

    Args:
        answer_within: the longest a method waits for one answer.
    """

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._calls = Calls(redis, answer_within=answer_within)
        self._put = Script("put_book", shared=False)  # a text in place of one that is known
        self._index = LooseIndex(self._calls)
        self._known: Known[GuildId, GuildRules] = Known(MOST_KNOWN)

    async def rules(self, guild: GuildId) -> GuildRules:
        known = self._known.get(guild)
        if known is not None:
            return known
        mark = self._known.mark()
        rules = _read(await self._text(guild))
        self._known.note(guild, rules, mark)
        return rules

    async def keep_rules(self, guild: GuildId, rules: GuildRules, *, was: GuildRules) -> bool:
        text = rules.to_text()
        if text:  # so that it is forgotten when we leave it
            await self._calls.unbroken(self._index.put(keys.GUILDS, guild))
        before = was.to_text()
        held = await self._text(guild)
        if held != before and _read(held) == was:
            before = held  # written by another version, or damaged: it says the same
        try:
            key = keys.guild_rules_key(guild)
            return bool(await self._calls.change(self._put, [key], _RULES, text, before, 0))
        finally:  # whatever came of it: another's change may be what is kept
            self._known.forget(guild)

    async def forget_rules(self, guild: GuildId) -> None:
        try:
            await self._calls.unbroken(self._calls.redis.delete(keys.guild_rules_key(guild)))
        finally:
            self._known.forget(guild)

    async def _text(self, guild: GuildId) -> str:
        key = keys.guild_rules_key(guild)
        found: str | None = await self._calls.run(self._calls.redis.hget(key, _RULES))
        return found or ""


def _read(text: str) -> GuildRules:
    try:
        return GuildRules.from_text(text)
    except ValueError:
        # Without a word of it; the next change puts it right.
        log.warning("what Redis holds of a server's rules makes no sense")
        return GuildRules()
