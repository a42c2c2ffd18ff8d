"""Indexes that may name too many, never too few.

What an index names lies in another slot than the index, so no script can change
both. A name is put on it before anything that it stands for is stored, and taken
off only after a look; and a young entry never goes, because behind it the first
of what it stands for may be on its way.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.adapters.redis_store import records
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.scripts import Script

_YOUNG = timedelta(hours=1)
"""Far longer than any call may take between its two keys."""

IsHeld = Callable[[int], Awaitable[bool]]
"""Whether there is anything that this name stands for."""


class LooseIndex:
    """Keeps indexes of numbers, each under a key of its own. Shares the calls of a store."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._index = Script("index", shared=False, is_kept=True)
        self._unindex = Script("unindex", shared=False)

    async def put(self, key: str, name: int) -> None:
        """Put *name* on the index. Has no deadline of its own: it is a part of a longer change."""
        await self._index.run(self._calls.redis, [key], [name])

    async def names(self, key: str, is_held: IsHeld) -> Sequence[int]:
        """What the index names, without what turns out to be held no more."""
        entries = await self.entries(key)
        found = [name for name in entries if not await self.drop(key, name, is_held)]
        return sorted(found)

    async def entries(self, key: str) -> Sequence[int]:
        """What the index names, unseen."""
        entries = await self._calls.run(self._calls.redis.hkeys(key))
        return records.numbers(entries, None, what="entry of an index")

    async def drop(self, key: str, name: int, is_held: IsHeld) -> bool:
        """Take *name* off the index if it is not held; returns whether it is off."""
        entry = await self._calls.run(self._calls.redis.hget(key, str(name)))
        return entry is None or await self.dropped(key, name, entry, is_held)

    async def dropped(self, key: str, name: int, entry: str, is_held: IsHeld) -> bool:
        """The same, by an entry that was seen before."""
        if await is_held(name):
            return False
        young_ms = int(_YOUNG.total_seconds() * 1000)
        return bool(await self._calls.change(self._unindex, [key], name, entry, young_ms))
