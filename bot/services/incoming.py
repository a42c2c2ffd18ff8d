"""What comes into the turn pipeline, and how patient it is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.core.errors import StoreUnavailable
from bot.core.scene import MessageId, Place, UserId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A member's message. Times are Unix time in milliseconds.

    Attributes:
        edited_ms: Discord's time of the edit that gave it this text; 0 if it
            has the text it was written with.
    """

    place: Place
    message: MessageId
    author: UserId
    name: str
    text: str
    mentions_bot: bool
    replies_to_character: bool
    at_ms: int
    edited_ms: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """A message has a new text.

    Attributes:
        at_ms: Discord's time of it, as Unix time in milliseconds.
        is_ours: whether it shows what a character said.
    """

    message: MessageId
    text: str
    at_ms: int
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the pipeline waits for what. All in seconds.

    Attributes:
        store_pauses_s: before each further try at what the store did not answer.
    """

    resume_age_s: float
    retry_first_s: float = 1.0
    retry_at_most_s: float = 15.0
    store_pauses_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)

    async def insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do *step*, which may be done twice, and again while the store is briefly away."""
        for pause_s in self.store_pauses_s:
            try:
                return await step()
            except StoreUnavailable:
                await asyncio.sleep(pause_s)
        return await step()
