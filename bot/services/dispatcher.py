"""How many replies are written at once, and in which order the others wait.

Fairness here is between the guilds of one process (`FairQueue`). Within a
channel the pipeline keeps the order; behind us the model server batches what
it is given.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from bot.core.errors import TooBusy
from bot.core.fairness import FairQueue


class Dispatcher:
    """Lends out *slots*, fairly, and lets at most *waiting* requests queue.

    The next one is refused at once: a quick no is kinder than an answer to
    something the channel has long moved on from.
    """

    def __init__(self, *, slots: int, waiting: int) -> None:
        self._free = slots  # above zero only while nobody waits
        self._limit = waiting
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()

    @property
    def depth(self) -> int:
        """How many wait for a slot."""
        return len(self._queue)

    @asynccontextmanager
    async def slot(self, flow: Hashable) -> AsyncGenerator[None, None]:
        """Hold a slot for the length of the block.

        Raises:
            TooBusy: no slot was free and the queue was at its limit.
        """
        await self._acquire(flow)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, flow: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        if len(self._queue) >= self._limit:
            raise TooBusy(f"{len(self._queue)} replies are waiting")
        turn = asyncio.get_running_loop().create_future()
        self._queue.push(flow, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._queue.discard(flow, turn)
            else:
                # Granted and cancelled within one tick: the slot is ours and
                # we will not use it. Not passed on, it would be lost for good.
                self._release()
            raise

    def _release(self) -> None:
        while (turn := self._queue.pop()) is not None:
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
