"""`LoreStore` on Redis."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.known import Known
from bot.adapters.redis_store.loose_index import LooseIndex
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.seals import NO_SEALS, Seals
from bot.core.lore_ports import LoreHome

MOST_KNOWN = 32_000_000
"""Characters of lorebooks in memory; the others are read for each reply."""
_A_HOMES = 500


class RedisLoreStore:
    """Borrows the client; does not close it.

    Args:
        ttl: a channel whose books nobody has read for so long loses them, where its
            guild has chosen no other time.
        answer_within: the longest a method waits for one answer.
        seals: what makes texts unreadable for who reads Redis.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        ttl: timedelta,
        answer_within: timedelta = ANSWER_WITHIN,
        seals: Seals = NO_SEALS,
    ) -> None:
        self._seals = seals
        self._calls = Calls(redis, answer_within=answer_within)
        self._ttl_ms = int(ttl.total_seconds() * 1000)
        self._put = Script("put_book", shared=False)
        self._renew = Script("read_books", shared=False)
        self._index = LooseIndex(self._calls)
        self._known: Known[LoreHome, Mapping[str, str]] = Known(MOST_KNOWN, _weight)

    async def books(self, home: LoreHome) -> Mapping[str, str]:
        known = self._known.get(home)
        if known is not None:
            return known
        mark = self._known.mark()
        found: Mapping[str, str] = await self._calls.run(self._read(home))
        if found:
            seal = await self._seals.in_guild(home.within)
            found = {name: seal.open(text) for name, text in found.items()}
        self._known.note(home, found, mark)
        return found

    async def put_book(self, home: LoreHome, name: str, text: str, *, was: str) -> bool:
        name, text = records.clean(name), records.clean(text)
        if text and home.guild is not None:  # so that it is forgotten when we leave it
            await self._calls.unbroken(self._index.put(keys.GUILDS, home.guild))
        seal = await self._seals.in_guild(home.within, anew=True)
        # What was stored before texts were sealed is still there as it was.
        befores = dict.fromkeys((seal.close(was), was))
        try:
            for before in befores:
                given = (name, seal.close(text), before, self._ttl_ms)
                if await self._calls.change(self._put, _keys(home), *given):
                    return True
            return False
        finally:  # whatever came of it: another's change may be what is kept
            self._known.forget(home)

    async def forget_books(self, home: LoreHome) -> None:
        try:
            await self._calls.unbroken(self._calls.redis.delete(_keys(home)[0]))
        finally:
            self._known.forget(home)

    async def _read(self, home: LoreHome) -> Any:
        redis, (key, *meta) = self._calls.redis, _keys(home)
        if not meta:
            return await redis.hgetall(key)
        read = ("HGETALL", key)
        return (await self._renew.run_with(redis, [key, *meta], [self._ttl_ms], read))[1]


def _weight(books: Mapping[str, str]) -> int:
    return _A_HOMES + sum(len(name) + len(text) for name, text in books.items())


def _keys(home: LoreHome) -> Sequence[str]:
    """Where the books are; of a channel also where it stands how long its story is kept."""
    if home.channel is not None:
        return keys.channel_lore_key(home.channel), keys.meta_key(home.channel)
    if home.guild is None:
        raise ValueError("A lorebook belongs to a channel or to a guild.")
    return (keys.guild_lore_key(home.guild),)
