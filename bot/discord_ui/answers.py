"""Commands and presses that are being answered: a bot that ends lets them end before."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

LAST_S = 0.5
"""For what came while the connection was given up."""


class Answers:
    """Knows the tasks in which discord.py has them answered. They stay discord.py's."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def note(self) -> None:
        """The task that calls this answers one, for as long as it runs."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def ended(self, within_s: float) -> None:
        """Wait, for so long at most, until none is being answered."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))

    async def end(self) -> None:
        """Let them end, and cut off what does not: soon nothing can be sent any more."""
        await self.ended(LAST_S)
        left = set(self._tasks)
        if not left:
            return
        log.warning("answers to commands were cut off at shutdown", extra={"answers": len(left)})
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=LAST_S)
