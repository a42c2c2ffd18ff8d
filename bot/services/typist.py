"""Shows under a channel that the bot is writing, until there is something to read."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.core.errors import PostError
from bot.core.ports import Voice
from bot.core.scene import Place

TYPING_EVERY_S = 8.0
"""Discord shows it for 10 s."""


class Typist:
    """An async context manager: shows typing from the start of its block until `stop`."""

    def __init__(self, voice: Voice, place: Place, *, every_s: float = TYPING_EVERY_S) -> None:
        self._voice = voice
        self._place = place
        self._every_s = every_s
        self._stopped = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._task: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._task = self._tasks.create_task(self._type())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._task.cancel()
        # Not handed the block's own error, which it would wrap in a group.
        await self._tasks.__aexit__(None, None, None)

    def stop(self) -> None:
        """Show it no longer; may be called twice."""
        self._stopped.set()

    async def _type(self) -> None:
        while not self._stopped.is_set():
            with suppress(PostError):  # nobody misses it
                await self._voice.typing(self._place)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._stopped.wait()
