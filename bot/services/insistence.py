"""What may be done twice is done again while the store is briefly away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.core.errors import StoreUnavailable

T = TypeVar("T")

STORE_PAUSES_S = (0.2, 0.5, 1.0, 2.0)
"""Before each further try."""


async def insist(step: Callable[[], Awaitable[T]], pauses_s: Sequence[float] = STORE_PAUSES_S) -> T:
    """Do *step*, and again as often as there are pauses.

    Raises:
        StoreUnavailable: it did not answer the last time either.
    """
    for pause_s in pauses_s:
        try:
            return await step()
        except StoreUnavailable:
            await asyncio.sleep(pause_s)
    return await step()
