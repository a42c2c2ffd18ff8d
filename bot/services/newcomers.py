"""Who writes in a shared story for the first time is told, once, that it is stored.

Discord lets nobody be told something privately before they press something. So a short
message stands in the channel for a while, and what is pressed under it is answered to
them alone. Their line is part of the story already: nobody's play waits for a button.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from bot.core.errors import PostError, StoreRefusesWrites, StoreUnavailable
from bot.core.phrases import phrase
from bot.core.ports import Button, Voice
from bot.core.scene import GuildId, MessageId, Place, UserId

log = logging.getLogger(__name__)

STANDS_S = 600.0
MOST_WAITING = 100
MOST_STANDING = 1_000
JOIN, READ_ONLY, NEVER = "join", "read", "never"
PREFIX = "consent:"
LABELS = {
    JOIN: phrase("Join"),
    READ_ONLY: phrase("Read only"),
    NEVER: phrase("Never store me"),
}


class ConsentStore(Protocol):
    """Who was told where. Raises StoreUnavailable or StoreRefusesWrites."""

    async def told(self, guild: GuildId, user: UserId, at_ms: int) -> bool:
        """Note that *user* is told on *guild*; False if they were."""
        ...

    async def forget_guild(self, guild: GuildId) -> None:
        """Nobody was told there."""
        ...

    async def forget_user(self, user: UserId) -> None:
        """*user* was told nowhere."""
        ...


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who has written in a story of others for the first time."""

    place: Place
    user: UserId
    name: str


class Newcomers:
    """Borrows store and voice. Nothing raises.

    Args:
        clock_s: seconds that pass.
        stands_s: for how long the message stands if nobody presses anything.
    """

    def __init__(
        self,
        store: ConsentStore,
        voice: Voice,
        *,
        now_ms: Callable[[], int],
        clock_s: Callable[[], float],
        stands_s: float = STANDS_S,
    ) -> None:
        self._store = store
        self._voice = voice
        self._now_ms = now_ms
        self._clock_s = clock_s
        self._stands_s = stands_s
        self._waiting: asyncio.Queue[Newcomer] = asyncio.Queue(MOST_WAITING)
        self._standing: deque[tuple[float, Place, MessageId]] = deque()

    def joined(self, newcomer: Newcomer) -> None:
        """Have somebody told, in a moment; whoever comes among too many is told nothing."""
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(newcomer)

    async def run(self) -> None:
        """Tell whoever comes, and take the messages back, for as long as the process lives."""
        while True:
            newcomer: Newcomer | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._idle_s()):
                    newcomer = await self._waiting.get()
            if newcomer is not None:
                await self._tell(newcomer)
            await self._take_back()

    def _idle_s(self) -> float | None:
        return max(0.0, self._standing[0][0] - self._clock_s()) if self._standing else None

    async def _tell(self, newcomer: Newcomer) -> None:
        place, user = newcomer.place, newcomer.user
        if place.guild is None:
            return
        try:
            # Noted first: rather told never than twice.
            if not await self._store.told(place.guild, user, self._now_ms()):
                return
            notice = await self._voice.notice(place, _text(newcomer), buttons_for(user))
        except (StoreUnavailable, StoreRefusesWrites, PostError) as error:
            facts = {"channel": place.channel, "error": type(error).__name__}
            log.info("a newcomer is not told", extra=facts)
            return
        self._standing.append((self._clock_s() + self._stands_s, place, notice))

    async def _take_back(self) -> None:
        now_s = self._clock_s()
        while self._standing and (
            self._standing[0][0] <= now_s or len(self._standing) > MOST_STANDING
        ):
            _, place, notice = self._standing.popleft()
            with suppress(PostError):  # it is gone already, or stays: its buttons work still
                await self._voice.delete(place, notice)


def buttons_for(user: UserId) -> tuple[Button, ...]:
    """What *user* may choose."""
    return tuple(Button(label, f"{PREFIX}{choice}:{user}") for choice, label in LABELS.items())


def _text(newcomer: Newcomer) -> str:
    return phrase(
        "**{name}**, you play in a shared story now. What you write here is kept for it, and the "
        "model reads it; `/privacy` shows and erases it. Only you can press these, and only you "
        "see the answer.",
        name=newcomer.name,
    )
