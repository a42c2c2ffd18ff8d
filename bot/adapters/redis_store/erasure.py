"""The part of the store that helps to forget somebody, down to Redis' own file."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import ResponseError

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.channel_scripts import ChannelScripts
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.seals import Seals
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, GuildId, UserId

_AT_ONCE = 500
_LOOK_EVERY_S = 0.2
REWRITTEN_WITHIN_S = 20.0
"""What takes longer than that goes on by itself, and nobody waits for it."""


class Erasure:
    """`Erasing` on Redis."""

    _calls: Calls
    _channel: ChannelScripts
    _seals: Seals

    async def drop_guild_key(self, guild: GuildId) -> None:
        """Make unreadable what is still kept of *guild* anywhere, if texts are encrypted."""
        await self._seals.drop_guild(guild)

    async def drop_user_key(self, user: UserId) -> None:
        """Make unreadable what is still kept of *user*'s own anywhere, if texts are encrypted."""
        await self._seals.drop_user(user)

    async def search(self, user: UserId) -> Sequence[ChannelId]:
        """Every channel that may hold anything of *user*, found without their index.

        Looks at all channels there are: for the case that an index was lost.
        """
        found: list[ChannelId] = []
        async for channels in self._channels():
            pipe = self._calls.redis.pipeline(transaction=False)
            for channel in channels:
                pipe.hmget(keys.meta_key(channel), ["listed", "owner"])
            noted = await self._calls.run(pipe.execute())
            for channel, (users, owner) in zip(channels, noted, strict=True):
                if users is None or str(user) in (owner, *users.split(",")):
                    held = await self._channel.change("holds", channel, user)
                    found += [channel] if held else []
        return sorted(found)

    async def _channels(self) -> AsyncIterator[Sequence[ChannelId]]:
        chunk: list[ChannelId] = []
        with translated():
            async for key in self._calls.redis.scan_iter(match=keys.EVERY_META, count=_AT_ONCE):
                name = keys.channel_named(key)
                chunk += map(ChannelId, records.numbers([name], None, what="channel"))
                if len(chunk) >= _AT_ONCE:
                    yield chunk
                    chunk = []
        if chunk:
            yield chunk

    async def rewrite_file(self) -> bool | None:
        """Have Redis write its append-only file anew, without what is forgotten.

        Returns whether that is done, as far as could be waited for; None if it keeps none.
        """
        try:
            async with asyncio.timeout(REWRITTEN_WITHIN_S):
                return await self._rewritten()
        except (StoreUnavailable, StoreRefusesWrites, ResponseError, TimeoutError):
            return False  # not allowed, or it takes its time: Redis does it by itself some day

    async def _rewritten(self) -> bool | None:
        before = await self._persistence()
        if not any(_is_on(each, "aof_enabled") for each in before):
            return None
        await self._over()  # one that goes on began before what is forgotten was
        redis = self._calls.redis
        nodes = redis.get_primaries() if isinstance(redis, RedisCluster) else [None]
        for node in nodes:
            target = {} if node is None else {"target_nodes": node}
            await self._calls.unbroken(redis.execute_command("BGREWRITEAOF", **target))
        after = await self._over()
        return all(each.get("aof_last_bgrewrite_status") == "ok" for each in after)

    async def _over(self) -> Sequence[dict[str, Any]]:
        """Wait until no file is written anew; the caller sets a limit."""
        while True:
            found = await self._persistence()
            busy = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
            if not any(_is_on(each, name) for each in found for name in busy):
                return found
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _persistence(self) -> Sequence[dict[str, Any]]:
        redis = self._calls.redis
        if not isinstance(redis, RedisCluster):
            return [await self._calls.run(redis.info("persistence"))]
        nodes = {"target_nodes": RedisCluster.PRIMARIES}
        found = await self._calls.run(redis.execute_command("INFO", "persistence", **nodes))
        return list(found.values())


def _is_on(fields: dict[str, Any], name: str) -> bool:
    return str(fields.get(name, 0)) == "1"
