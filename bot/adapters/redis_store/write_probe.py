"""Whether Redis takes what we write: one that is full or read-only still lets us read."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.core.errors import StoreRefusesWrites, StoreUnavailable

FRESH_S = 1.0
"""For so long one answer serves everybody who asks."""
KEPT_FOR = timedelta(minutes=1)


class WriteProbe:
    """Writes a key of its own. Borrows the client; does not close it.

    Of a cluster it tells about one node.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
        fresh_s: float = FRESH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = Calls(redis, answer_within=answer_within)
        self._fresh_s = fresh_s
        self._clock = clock
        self._asking = asyncio.Lock()
        self._why = ""
        self._fresh_until: float | None = None

    async def why_not(self) -> str:
        """Why nothing can be written now, in a sentence; empty if it can."""
        async with self._asking:  # of a crowd the first one asks, and the others share its answer
            if self._fresh_until is None or self._clock() >= self._fresh_until:
                try:
                    self._why = await self.ask()
                except StoreUnavailable:
                    self._why = "Redis does not answer."
                self._fresh_until = self._clock() + self._fresh_s
            return self._why

    async def ask(self) -> str:
        """The same, asked now.

        Raises:
            StoreUnavailable.
        """
        try:
            await self._calls.run(self._calls.redis.set(keys.PROBE, "1", ex=KEPT_FOR))
        except StoreRefusesWrites as error:
            return str(error)
        return ""
