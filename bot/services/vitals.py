"""What a running process feels from time to time: its event loop, and the memory it stands on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

from bot.core.doctor import KEEPS_ALL
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.services.doctor import Memory

log = logging.getLogger(__name__)

WAKE_EVERY_S = 0.5
LOOK_EVERY_S = 30.0
LOOK_WITHIN_S = 8.0


class Vitals:
    """Borrows the memory.

    Args:
        lagged: told how late the event loop has woken.
    """

    def __init__(self, memory: Memory, lagged: Callable[[float], None]) -> None:
        self._memory = memory
        self._lagged = lagged
        self._filled: Mapping[str, float] = {}
        self._policy_ok: Mapping[str, float] = {}

    @asynccontextmanager
    async def felt(self) -> AsyncGenerator[None, None]:
        """Feel them while the block lasts."""
        async with asyncio.TaskGroup() as tasks:
            ours = [tasks.create_task(self._wake()), tasks.create_task(self._look())]
            try:
                yield
            finally:
                for task in ours:
                    task.cancel()

    def filled(self) -> Mapping[str, float]:
        """Which part of its memory the fullest Redis uses; nothing where that is not known."""
        return self._filled

    def policy_ok(self) -> Mapping[str, float]:
        """1 if every Redis keeps all, else 0; nothing where that is not known."""
        return self._policy_ok

    async def look(self) -> None:
        """Look at the memory once."""
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                servers = await self._memory.facts()
        except (StoreUnavailable, StoreRefusesWrites, TimeoutError):
            self._filled = self._policy_ok = {}
            return
        parts = [each.used_bytes / each.max_bytes for each in servers if each.max_bytes]
        self._filled = {"": max(parts, default=0.0)}
        self._policy_ok = {"": float(all(each.policy == KEEPS_ALL for each in servers))}

    async def _wake(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + WAKE_EVERY_S
            await asyncio.sleep(WAKE_EVERY_S)
            self._lagged(max(0.0, loop.time() - due))

    async def _look(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # the task's boundary: a bug here ends no replies
                log.exception("the memory was not looked at")
            await asyncio.sleep(LOOK_EVERY_S)
