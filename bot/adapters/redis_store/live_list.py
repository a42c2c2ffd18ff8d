"""Which channels have a live scene.

The list is a key of another slot than a channel's, so no script can change it
together with a scene. A channel is put on it before its scene begins and taken
off after it ended: it may list too many, never too few.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.scripts import Script
from bot.core.scene import ChannelId

_CHUNK = 500


class LiveList:
    """Shares the calls of a store. A token names each time that a channel was put on it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._unlist = Script("unlist", shared=False)

    async def put(self, channel: ChannelId) -> str:
        """Put *channel* on the list; returns the token."""
        token = secrets.token_hex(4)
        await self._calls.write("HSET", keys.LIVE, str(channel), token)
        return token

    async def token(self, channel: ChannelId) -> str:
        """The token with which *channel* is listed; '' if it is not."""
        return await self._calls.run(self._calls.redis.hget(keys.LIVE, str(channel))) or ""

    async def drop(self, channel: ChannelId, token: str) -> None:
        """Take *channel* off, unless it was put on the list again since *token* was seen."""
        if token:
            await self._calls.change(self._unlist, [keys.LIVE], channel, token)

    async def channels(self) -> Sequence[ChannelId]:
        """Every channel with a live scene; what is listed wrongly is taken off."""
        tokens = await self._calls.run(self._calls.redis.hgetall(keys.LIVE))
        listed = [
            (ChannelId(number), tokens[str(number)])
            for number in records.numbers(tokens, None, what="live channel")
        ]
        live = []
        for at in range(0, len(listed), _CHUNK):
            chunk = listed[at : at + _CHUNK]
            states = await self._calls.run(self._states([channel for channel, _ in chunk]))
            for (channel, token), state in zip(chunk, states, strict=True):
                if state == "1":
                    live.append(channel)
                else:
                    await self.drop(channel, token)
        return sorted(live)

    async def _states(self, channels: Sequence[ChannelId]) -> list[Any]:
        pipe = self._calls.redis.pipeline(transaction=False)
        for channel in channels:
            pipe.hget(keys.meta_key(channel), "live")
        return await pipe.execute()
