"""Which channels hold anything of a user, so that all of it can be shown or erased.

A user's index is a key of another slot than a channel's, so no script can
change both. A channel is put on it before anything of the user is stored there,
and taken off only after a look at the channel: it may name too many channels,
never too few.

The channel remembers for whom that was done (`listed`), which spares every
further line of theirs the second key. Before an entry goes, the channel is made
to forget it; and a young entry never goes, because behind it somebody's first
line may be on its way.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.scripts import Script
from bot.core.scene import ChannelId, UserId

_YOUNG = timedelta(hours=1)
"""Far longer than any call may take between its two keys."""
_SCAN_COUNT = 500


class UserIndex:
    """Shares the calls of a store."""

    def __init__(self, calls: Calls, *, common: Sequence[str | int]) -> None:
        self._calls = calls
        self._common = common
        self._index = Script("index", shared=False)
        self._unindex = Script("unindex", shared=False)
        self._listing = Script("listing")
        self._holds = Script("holds")

    async def put(self, channel: ChannelId, users: Iterable[str]) -> None:
        """Note that *channel* may hold something of *users*.

        Has no deadline of its own: it is a part of a longer change.
        """
        for user in users:
            key = keys.user_channels_key(UserId(int(user)))
            await self._index.run(self._calls.redis, [key], [channel])

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        """Every channel that holds anything of *user*."""
        key = keys.user_channels_key(user)
        entries = await self._calls.run(self._calls.redis.hgetall(key))
        found = [
            ChannelId(int(channel))
            for channel, entry in entries.items()
            if not await self._dropped(user, ChannelId(int(channel)), entry)
        ]
        return sorted(found)

    async def drop(self, channel: ChannelId, users: Iterable[UserId]) -> None:
        """Take *channel* off the index of *users*, where it holds nothing of theirs."""
        for user in users:
            key = keys.user_channels_key(user)
            entry = await self._calls.run(self._calls.redis.hget(key, str(channel)))
            if entry is not None:
                await self._dropped(user, channel, entry)

    async def complete(self) -> int:
        """Index the scenes that were begun before there was an index; returns how many.

        For the start of the program. Until then such a scene is indexed with
        the first line that somebody writes in it.
        """
        count = 0
        with translated():
            async for key in self._calls.redis.scan_iter(match="rp:{*}:meta", count=_SCAN_COUNT):
                channel = ChannelId(int(key[len("rp:{") : -len("}:meta")]))
                if not await self._calls.run(self._calls.redis.hexists(key, "listed")):
                    await self._calls.unbroken(self._complete(channel))
                    count += 1
        return count

    async def _complete(self, channel: ChannelId) -> None:
        users: list[str] = []
        while missing := await self._ask_channel(self._listing, channel, *users):
            await self.put(channel, missing)
            users = missing

    async def _dropped(self, user: UserId, channel: ChannelId, entry: str) -> bool:
        if await self._calls.unbroken(self._ask_channel(self._holds, channel, str(user))):
            return False
        young_ms = int(_YOUNG.total_seconds() * 1000)
        key = keys.user_channels_key(user)
        return bool(await self._calls.change(self._unindex, [key], channel, entry, young_ms))

    async def _ask_channel(self, script: Script, channel: ChannelId, *args: str) -> Any:
        channel_keys = keys.channel_keys(channel)
        return await script.run(self._calls.redis, channel_keys, (*self._common, *args))
