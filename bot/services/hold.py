"""Having a channel to ourselves, and how work there learns that this is over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.core.errors import LeaseLost
from bot.core.scene import MessageId


class Hold:
    """A channel that is ours until it is given back, or until another process has it.

    Args:
        sure_until: by the process' own clock, as far as the store has promised it.

    Attributes:
        fence: goes with every change that only the holder may make.
        owner: as whom we have the channel.
        strays: messages of ours that we could not note: whoever holds the channel
            now may know nothing of them.
        is_released: whether the last change of the reply has given it back.
        noted: what the newest checkpoint holds of the reply.
    """

    def __init__(self, fence: int, owner: str, *, sure_until: float) -> None:
        self.fence = fence
        self.owner = owner
        self.sure_until = sure_until
        self.strays: list[MessageId] = []
        self.is_lost = False
        self.is_released = False
        self.noted = ""
        self._scope: asyncio.Timeout | None = None

    def lose(self) -> None:
        """Another process has the channel: end the block as soon as it waits."""
        self.is_lost = True
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def block(self) -> AsyncGenerator[None, None]:
        """Run the block to its end, or until `lose`.

        Raises:
            LeaseLost: the channel is another process's now.
        """
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scope = scope
                yield
        except TimeoutError:
            # The body's own TimeoutErrors are none of our business.
            if not scope.expired():
                raise
            raise LeaseLost("Another process has taken the channel.") from None
        finally:
            self._scope = None
