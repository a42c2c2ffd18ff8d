"""Messages that have to leave the screen, because the story they showed was taken back.

They are noted in the store with the change itself, so nothing of them is lost in a
crash. That Discord then tells of their deletion changes nothing: no turn is shown
by them any more.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

from bot.core.change import Undo
from bot.core.errors import (
    PostError,
    PostRefused,
    StoreRefusesWrites,
    StoreUnavailable,
    UserError,
)
from bot.core.phrases import phrase
from bot.core.ports import Voice
from bot.core.scene import ChannelId, MessageId, Place, Turn
from bot.core.store_answers import Survey
from bot.core.story_acts import is_shown_by_us

log = logging.getLogger(__name__)

TAKEN_BACK = "🙈"
"""Under members' lines that are on the screen and no part of the story any more."""
MOST_MARKED = 20
PAY_WITHIN_S = 10.0
"""Whoever asked waits so long; what is left then leaves in the background."""
RESTS_WITHIN_S = 5.0
"""So long somebody waits who needs that nothing is taken away meanwhile."""
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
"""Before each further try. What does not leave then, or is refused, is tried at the next start."""
MOST_CHANNELS = 1_000
SURVEYED_AT_ONCE = 100


class DebtStore(Protocol):
    """What of the store knows of debts."""

    async def live_channels(self) -> Sequence[ChannelId]: ...

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]: ...

    async def owed(self, channel: ChannelId) -> Sequence[MessageId]: ...

    async def paid(self, channel: ChannelId, messages: Sequence[MessageId]) -> None: ...

    async def undo(self, channel: ChannelId) -> Undo | None: ...


class Debts:
    """Takes them away. Borrows all it is given."""

    def __init__(
        self, store: DebtStore, voice: Voice, *, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        self._store = store
        self._voice = voice
        self._pauses_s = pauses_s
        self._unpaid: dict[ChannelId, Place] = {}
        self._paying: WeakValueDictionary[ChannelId, asyncio.Lock] = WeakValueDictionary()
        self._marking: WeakValueDictionary[ChannelId, asyncio.Lock] = WeakValueDictionary()
        self._any = asyncio.Event()

    async def pay(self, place: Place) -> int:
        """Take away what is owed in a channel; returns how many messages Discord does not let go.

        What does not leave for another reason is tried again in the background.
        """
        try:
            async with asyncio.timeout(PAY_WITHIN_S):
                left = await self._pay(place)
        except (TimeoutError, StoreUnavailable, StoreRefusesWrites):
            left = _Left(has_more=True)
        if left.has_more:
            self._add(place)
        return left.refused

    @asynccontextmanager
    async def resting(self, channel: ChannelId) -> AsyncGenerator[None, None]:
        """Take nothing away in *channel* while the block lasts.

        Raises:
            UserError: that is under way there, and takes long.
        """
        lock = self._lock(channel)
        try:
            async with asyncio.timeout(RESTS_WITHIN_S):
                await lock.acquire()
        except TimeoutError:
            raise UserError(
                phrase("Messages are still being removed here. Try again soon.")
            ) from None
        try:
            yield
        finally:
            lock.release()

    async def look(self, place: Place, turns: Iterable[Turn]) -> None:
        """Note what of *turns* was owed and has left, though nobody told us.

        What may not be looked at counts as there.
        """
        owed = set(await self._store.owed(place.channel))
        gone = list[MessageId]()
        for message in (each for turn in turns for each in turn.messages if each in owed):
            with suppress(PostError):
                if await self._voice.look(place, message) is None:
                    gone.append(message)
        if gone:
            await self._store.paid(place.channel, gone)

    async def mark(self, place: Place, turns: Iterable[Turn]) -> None:
        """Show under members' lines, of many the newest, that they are taken back."""
        for message in _lines_in(turns):
            with suppress(PostError):
                await self._voice.react(place, message, TAKEN_BACK)

    async def unmark(self, place: Place, turns: Iterable[Turn]) -> None:
        """Take that back."""
        async with self._marking.setdefault(place.channel, asyncio.Lock()):
            for message in _lines_in(turns):
                with suppress(PostError):
                    await self._voice.unreact(place, message, TAKEN_BACK)

    async def recover(self) -> None:
        """After a start: note what an earlier process has left.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        channels = await self._store.live_channels()
        for at in range(0, len(channels), SURVEYED_AT_ONCE):
            for survey in await self._store.survey(channels[at : at + SURVEYED_AT_ONCE]):
                if survey.owed:
                    self._add(survey.head.place)

    async def run(self) -> None:
        """Take away in the background what is left, for as long as the process lives."""
        while True:
            await self._any.wait()
            left, self._unpaid = self._unpaid, {}
            self._any.clear()
            for place in left.values():
                try:
                    await self._insist(place)
                except Exception:  # the task's boundary: one channel does not stop the others
                    log.exception("messages were not taken away")

    async def _insist(self, place: Place) -> None:
        for pause_s in (0.0, *self._pauses_s):
            await asyncio.sleep(pause_s)
            with suppress(StoreUnavailable, StoreRefusesWrites):
                if not (await self._pay(place)).has_more:
                    await self._mark_again(place)
                    return
        log.warning("messages stay on the screen", extra={"channel": place.channel})

    async def _mark_again(self, place: Place) -> None:
        """Show what is taken back: an earlier process may have ended before it could."""
        # Whoever brings lines back takes the marks away then, and not in between.
        async with self._marking.setdefault(place.channel, asyncio.Lock()):
            kept = await self._store.undo(place.channel)
            await self.mark(place, kept.put if kept is not None else ())

    async def _pay(self, place: Place) -> "_Left":
        """Take away what can be."""
        async with self._lock(place.channel):
            return await self._pay_alone(place)

    async def _pay_alone(self, place: Place) -> "_Left":
        left, gone = _Left(), list[MessageId]()
        try:
            for message in sorted(await self._store.owed(place.channel), reverse=True):
                try:
                    await self._voice.delete(place, message)
                except PostRefused:
                    left = replace(left, refused=left.refused + 1)
                except PostError as error:
                    facts = {"channel": place.channel, "error": type(error).__name__}
                    log.info("a message did not leave the screen", extra=facts)
                    left = replace(left, has_more=True)
                else:
                    gone.append(message)
        finally:
            if gone:
                await self._store.paid(place.channel, gone)
        return left

    def _lock(self, channel: ChannelId) -> asyncio.Lock:
        return self._paying.setdefault(channel, asyncio.Lock())

    def _add(self, place: Place) -> None:
        if len(self._unpaid) < MOST_CHANNELS:
            self._unpaid[place.channel] = place
            self._any.set()


@dataclass(frozen=True, slots=True)
class _Left:
    """What is owed still.

    Attributes:
        has_more: whether another try may help.
        refused: messages that are not ours to remove, for their webhook is gone.
    """

    has_more: bool = False
    refused: int = 0


def _lines_in(turns: Iterable[Turn]) -> list[MessageId]:
    theirs = (turn for turn in turns if not is_shown_by_us(turn))
    lines = [message for turn in theirs for message in turn.messages]
    return lines[-MOST_MARKED:]
