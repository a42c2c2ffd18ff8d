"""Whose key seals what: one for each guild, one for each member, one for direct messages.

Keys lie in `rp:sealing`, wrapped under the host's. To drop one is to make unreadable all
that was sealed with it, also where copies of Redis' data are kept, once these hold the
wrapped key no more or the host's key is another (docs/hosting.md).
"""

import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import EXIT_CONFIG, RedisClient
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.host_keys import HostKeys, Unwrapped
from bot.adapters.redis_store.known import Known
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import (
    KEY_BYTES,
    NO_SEAL,
    NOWHERE,
    AesSeal,
    CannotOpen,
    Seal,
)
from bot.core.errors import StartupError, StoreUnavailable
from bot.core.scene import ChannelId, GuildId, UserId

KNOWN_FOR_S: Final = 300.0
"""After so long it is looked whether a key is still the one that is kept."""
YOUNG_S: Final = 3.0
"""A key that is so young may be lost with Redis' last second: it is looked for each time."""
DROPPED_FOR_S: Final = 3600
"""So long nobody who knows a dropped key may put it back; longer than anybody knows one unseen."""
_REMEMBERED_S: Final = DROPPED_FOR_S / 2
_MOST_KEYS = 10_000
_MOST_CHANNELS = 20_000
_AT_ONCE = 500
_DIRECT = "direct"


class Seals(Protocol):
    """Gives out seals. All raise StoreUnavailable, StoreRefusesWrites or CannotOpen."""

    async def in_guild(self, guild: GuildId | None, *, anew: bool = False) -> Seal:
        """What seals in *guild*, or in direct messages.

        Args:
            anew: look whether another key is kept by now, as what begins something has to.
        """
        ...

    async def in_channel(self, channel: ChannelId) -> Seal:
        """What seals in *channel*; `NOWHERE` if it has no scene."""
        ...

    async def of_user(self, user: UserId) -> Seal:
        """What seals that a member has of their own."""
        ...

    async def drop_guild(self, guild: GuildId) -> None:
        """Make unreadable what was sealed in *guild*."""
        ...

    async def drop_user(self, user: UserId) -> None:
        """Make unreadable what was sealed for *user*."""
        ...


class NoSeals:
    """Texts stay readable: the host has chosen no key."""

    async def in_guild(self, guild: GuildId | None, *, anew: bool = False) -> Seal:  # noqa: ARG002
        return NO_SEAL

    async def in_channel(self, channel: ChannelId) -> Seal:  # noqa: ARG002
        return NO_SEAL

    async def of_user(self, user: UserId) -> Seal:  # noqa: ARG002
        return NO_SEAL

    async def drop_guild(self, guild: GuildId) -> None:
        pass

    async def drop_user(self, user: UserId) -> None:
        pass


NO_SEALS: Final = NoSeals()


@dataclass(frozen=True, slots=True)
class _Held:
    """A key that this process knows, by its own clock."""

    seal: AesSeal
    key: bytes
    made_s: float
    seen_s: float


class RedisSeals:
    """`Seals` whose keys are kept in Redis. Borrows the client; does not close it.

    Args:
        answer_within: the longest a method waits for one answer.
    """

    def __init__(
        self,
        redis: RedisClient,
        host: HostKeys,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._host = host
        self._calls = Calls(redis, answer_within=answer_within)
        self._monotonic = monotonic
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._guilds: Known[ChannelId, str] = Known(_MOST_CHANNELS, monotonic=monotonic)
        self._rewrap = Script("rewrap", shared=False)
        self._drop_key = Script("drop_key", shared=False, is_kept=True)

    async def begin(self) -> int:
        """Wrap every key under the host's newest; returns how many were under an older one.

        Raises:
            StartupError: one cannot be unwrapped: the host's key for it is missing.
            StoreUnavailable, StoreRefusesWrites.
        """
        count = 0
        with translated():
            async for scope, wrapped, found in self._unwrapped():
                if not found.is_newest:
                    newer = self._host.wrap(found.key, scope)
                    count += await self._calls.change(
                        self._rewrap, [keys.SEALING], scope, wrapped, newer
                    )
        return count

    async def look(self) -> None:
        """Whether every key can be unwrapped; changes nothing.

        Raises:
            StartupError, StoreUnavailable, StoreRefusesWrites: as `begin`.
        """
        with translated():
            async for _ in self._unwrapped():
                pass

    async def _unwrapped(self) -> AsyncIterator[tuple[str, str, Unwrapped]]:
        async for scope, wrapped in self._redis.hscan_iter(keys.SEALING, count=_AT_ONCE):
            try:
                yield scope, wrapped, self._host.unwrap(wrapped, scope)
            except CannotOpen:
                raise StartupError(_WRONG_KEY, exit_code=EXIT_CONFIG) from None

    async def in_guild(self, guild: GuildId | None, *, anew: bool = False) -> Seal:
        return await self._seal(_DIRECT if guild is None else f"g:{guild}", anew=anew)

    async def in_channel(self, channel: ChannelId) -> Seal:
        guild = self._guilds.get(channel)
        if guild is None:
            mark = self._guilds.mark()
            guild = await self._calls.run(self._redis.hget(keys.meta_key(channel), "guild"))
            if guild is None:
                return NOWHERE
            self._guilds.note(channel, guild, mark)
        return await self._seal(f"g:{guild}" if guild else _DIRECT)

    async def of_user(self, user: UserId) -> Seal:
        return await self._seal(f"u:{user}")

    async def drop_guild(self, guild: GuildId) -> None:
        await self._drop(f"g:{guild}")

    async def drop_user(self, user: UserId) -> None:
        await self._drop(f"u:{user}")

    async def _drop(self, scope: str) -> None:
        self._forget(scope)
        # In this order: who looks in between finds a key that is to be dropped still, and no
        # other process puts it back.
        await self._calls.unbroken(self._redis.set(keys.dropped_key(scope), "1", ex=DROPPED_FOR_S))
        wrapped = await self._calls.run(self._redis.hget(keys.SEALING, scope))
        if wrapped is not None:
            await self._calls.change(self._drop_key, [keys.SEALING], scope, wrapped)

    async def _seal(self, scope: str, *, anew: bool = False) -> Seal:
        now_s, held = self._monotonic(), self._held.get(scope)
        if held is not None and not anew:
            is_sure = held.seen_s - held.made_s > YOUNG_S
            if is_sure and now_s - held.seen_s < KNOWN_FOR_S:
                self._held.move_to_end(scope)
                return held.seal
        if held is not None and now_s - held.seen_s > _REMEMBERED_S:
            held = None
        wrapped = await self._calls.run(self._redis.hget(keys.SEALING, scope))
        if wrapped is None:
            wrapped = await self._calls.unbroken(self._put(scope, held))
        return self._hold(scope, self._host.unwrap(wrapped, scope).key, held)

    def _forget(self, scope: str) -> None:
        self._held.pop(scope, None)

    async def _put(self, scope: str, held: _Held | None) -> str:
        """Keep a key where none is: the one that we know, if Redis has lost it, else a new one."""
        if held is not None and await self._redis.exists(keys.dropped_key(scope)):
            held = None
        key = os.urandom(KEY_BYTES) if held is None else held.key
        await self._redis.hsetnx(keys.SEALING, scope, self._host.wrap(key, scope))
        wrapped = await self._redis.hget(keys.SEALING, scope)
        if wrapped is None:
            raise StoreUnavailable("Redis does not keep what it is given.")
        return str(wrapped)

    def _hold(self, scope: str, key: bytes, held: _Held | None) -> Seal:
        now_s = self._monotonic()
        if held is None or held.key != key:
            seal = AesSeal(key, scope, lost=partial(self._forget, scope))
            held = _Held(seal, key, now_s, now_s)
        else:
            held = _Held(held.seal, key, held.made_s, now_s)
        self._held[scope] = held
        self._held.move_to_end(scope)
        while len(self._held) > _MOST_KEYS:
            self._held.popitem(last=False)
        return held.seal


_WRONG_KEY = (
    "What is stored in Redis is encrypted with a key that BOT_REDIS__ENCRYPTION_KEYS does not"
    " hold. Add the key that was set before, behind a comma."
)


async def refuse_sealed(redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
    """Look whether something in Redis is sealed, for those who have no key.

    Raises:
        StartupError: something is.
        StoreUnavailable.
    """
    if await Calls(redis, answer_within=answer_within).run(redis.exists(keys.SEALING)):
        raise StartupError(_WRONG_KEY, exit_code=EXIT_CONFIG)
