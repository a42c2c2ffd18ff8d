"""Commands to Redis with a deadline, their errors in our words."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.said import Said
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.watching import journal_of

ANSWER_WITHIN = timedelta(seconds=2.4)


@contextmanager
def _not_lost() -> Generator[None, None, None]:
    """Raise CancelledError where the task was cancelled inside, and went on.

    redis-py sends under `asyncio.wait_for`, which before Python 3.12 forgets that it
    was cancelled if what it waits for is done at the same moment
    (https://github.com/python/cpython/issues/86296).
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


class Calls:
    """Borrows the client; does not close it.

    Args:
        answer_within: the longest wait for one call.
    """

    def __init__(self, redis: RedisClient, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self.redis = redis
        self._answer_s = answer_within.total_seconds()

    async def run(self, command: Any) -> Any:
        """Await *command*.

        Raises:
            StoreUnavailable, StoreRefusesWrites, LeaseLost: see `translated`.
        """
        with _not_lost(), translated():
            async with asyncio.timeout(self._answer_s):
                return await command

    async def unbroken(self, command: Any) -> Any:
        """Run *command* to its end even if the caller is cancelled meanwhile.

        Bounded, because the command has a deadline of its own.
        """
        # Not a TaskGroup: leaving one on cancellation cancels what it holds.
        task = asyncio.get_running_loop().create_task(self.run(command))
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            if not task.cancelled():
                task.exception()  # seen, so that the loop does not report it as lost
            raise cancelled
        return task.result()

    async def write(self, name: str, key: str, *args: str) -> Any:
        """Run a command that has the effect of once however often it runs, unbroken."""
        answer = await self.unbroken(self.redis.execute_command(name, key, *args))
        if (journal := journal_of(self.redis)) is not None:
            journal.note(Said(name, key, (name, key, *args)))
        return answer

    async def change(self, script: Script, keys: Sequence[str], *args: str | int) -> Any:
        """Run *script*, unbroken."""
        return await self.unbroken(script.run(self.redis, keys, args))
