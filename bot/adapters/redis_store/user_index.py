"""Which channels hold anything of a user, so that all of it can be shown or erased.

The channel remembers for whom it was put on an index (`listed`), which spares
every further line of theirs the second key. Before an entry goes, the channel is
made to forget it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.channel_scripts import ChannelScripts
from bot.adapters.redis_store.loose_index import IsHeld, LooseIndex
from bot.core.scene import ChannelId, UserId

SCRIPTS = ("holds", "listing")


class UserIndex:
    """Shares the calls and scripts of a store."""

    def __init__(self, calls: Calls, scripts: ChannelScripts, index: LooseIndex) -> None:
        self._calls = calls
        self._channel = scripts
        self._index = index

    async def put(self, channel: ChannelId, users: Iterable[str]) -> None:
        """Note that *channel* may hold something of *users*.

        Has no deadline of its own: it is a part of a longer change.
        """
        for user in users:
            await self._index.put(keys.user_channels_key(UserId(int(user))), channel)

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        """Every channel that holds anything of *user*."""
        key = keys.user_channels_key(user)
        return [ChannelId(name) for name in await self._index.names(key, self._holds(user))]

    async def drop(self, channel: ChannelId, users: Iterable[UserId]) -> None:
        """Take *channel* off the index of *users*, where it holds nothing of theirs."""
        for user in users:
            await self._index.drop(keys.user_channels_key(user), channel, self._holds(user))

    async def complete(self, channel: ChannelId) -> bool:
        """Index a scene that was begun before there was an index; returns whether it was.

        Until then such a scene is indexed with the first line that somebody
        writes in it.
        """
        key = keys.meta_key(channel)
        if await self._calls.run(self._calls.redis.hexists(key, "listed")):
            return False
        await self._calls.unbroken(self._complete(channel))
        return True

    async def _complete(self, channel: ChannelId) -> None:
        users: list[str] = []
        while missing := await self._channel.part("listing", channel, users):
            await self.put(channel, missing)
            users = missing

    def _holds(self, user: UserId) -> IsHeld:
        async def holds(channel: int) -> bool:
            answer: Any = await self._channel.change("holds", ChannelId(channel), user)
            return bool(answer)

        return holds
