"""What came while nobody listened is told line by line, and gets one reply in the end."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress

TOLD_WITHIN_S = 30.0
"""Nobody waits longer: a line that comes after that is one of its own."""


class Backlog:
    """Whether lines are being told that were missed. One for each process."""

    def __init__(self) -> None:
        self._is_over = asyncio.Event()
        self._is_over.set()
        self._until = 0.0

    @property
    def is_told(self) -> bool:
        """Whether more of it may come, and is worth waiting for."""
        return not self._is_over.is_set() and asyncio.get_running_loop().time() < self._until

    @contextmanager
    def telling(self) -> Generator[None, None, None]:
        """It is told in the block; not twice at a time."""
        self._until = asyncio.get_running_loop().time() + TOLD_WITHIN_S
        self._is_over.clear()
        try:
            yield
        finally:
            self._is_over.set()

    async def wait(self) -> None:
        """Wait until all of it was told, or for as long as is sensible."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._until):
                await self._is_over.wait()
