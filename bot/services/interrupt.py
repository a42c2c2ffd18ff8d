"""Leaving a block of work early because somebody asked, not because we end.

A member's Stop and a newer message are data; shutdown is cancellation. Both
must reach code that waits on the model, and must never be confused: an
`Interrupt` ends its block quietly, a cancellation goes on to the caller.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum


class Reason(StrEnum):
    """Why work was left early; `STOP` outranks `MERGE`."""

    STOP = "stop"
    MERGE = "merge"


class Interrupt:
    """Lets others end one block of the task that owns it."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self._scope: asyncio.Timeout | None = None

    def request(self, reason: Reason) -> None:
        """End the block as soon as it waits; outside of one, end the next at its first wait."""
        if self.reason is not Reason.STOP:
            self.reason = reason
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    def clear(self) -> None:
        """Forget a request that has been heeded."""
        self.reason = None

    @asynccontextmanager
    async def block(self) -> AsyncGenerator[None, None]:
        """Run the block until its end or until `request`; look at `reason` afterwards."""
        is_due = self.reason is not None
        scope = asyncio.timeout_at(asyncio.get_running_loop().time() if is_due else None)
        try:
            async with scope:
                self._scope = scope
                yield
        except TimeoutError:
            # The body's own TimeoutErrors are none of our business.
            if not scope.expired():
                raise
        finally:
            self._scope = None
