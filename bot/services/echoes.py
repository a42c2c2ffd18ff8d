"""What the gateway says of our own messages: that they have arrived, or that they are not ours.

Discord tells the bot of every message, those of its webhooks included. So a post
whose answer was lost is heard of a moment later, by the mark in its buttons; and
one that turns up only after it was posted again is taken away. A mark that
nobody here has posted under means that another process writes with our token, on
a memory that is not ours.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.core.errors import PostError, StoreRefusesWrites, StoreUnavailable
from bot.core.marks import mark_in, turn_of
from bot.core.metrics import Event
from bot.core.ports import Metrics, SceneStore, Voice
from bot.core.scene import ChannelId, MessageId, Place, TurnId, trigger_of
from bot.services.strays import is_held_in

log = logging.getLogger(__name__)

MARKS_KEPT = 4_096
MESSAGES_PER_MARK = 4
NONE = MessageId(0)
"""Older than every message."""


@dataclass(slots=True)
class _Mark:
    """What is known of the posts under one mark.

    Attributes:
        heard: messages that bear it, as the gateway told.
        ours: messages that we know to be our own.
        under_way: how many posts under it are being made.
        is_doubtful: one of ours may still turn up.
        place: where they are made, if they are made here.
        after: older than all of them.
    """

    heard: tuple[MessageId, ...] = ()
    ours: tuple[MessageId, ...] = ()
    under_way: int = 0
    is_doubtful: bool = False
    place: Place | None = None
    after: MessageId = NONE
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: MessageId) -> None:
        self.heard = (*self.heard, message)[-MESSAGES_PER_MARK:]
        self.changed.set()

    def own(self, message: MessageId) -> None:
        self.ours = (*self.ours, message)[-MESSAGES_PER_MARK:]

    @property
    def strangers(self) -> set[MessageId]:
        return set(self.heard) - set(self.ours)

    @property
    def is_open(self) -> bool:
        """Whether one that is not known to be ours may yet prove to be."""
        return self.is_doubtful or self.under_way > 0


class Echoes:
    """Remembers for a while which messages bear which marks."""

    def __init__(
        self, *, store: SceneStore, voice: Voice, metrics: Metrics, keep: int = MARKS_KEPT
    ) -> None:
        self._store = store
        self._voice = voice
        self._metrics = metrics
        self._keep = keep
        self._marks: OrderedDict[str, _Mark] = OrderedDict()
        self._has_warned = False

    async def heard(
        self, channel: ChannelId, message: MessageId, custom_ids: Sequence[str]
    ) -> None:
        """Take notice of a message of our bot or webhook that has buttons of these ids."""
        mark = next(filter(None, map(mark_in, custom_ids)), None)
        if mark is None:
            return
        known = self._of(mark)
        if message in known.heard:
            return
        known.hear(message)
        if message in known.ours:
            return
        if known.is_open:
            await self.tidy(mark)
            return
        with suppress(StoreUnavailable, StoreRefusesWrites):  # then nobody can tell
            shown_in = await self._shown_in(channel, turn_of(mark))
            if shown_in is not None and message in shown_in:
                known.own(message)
            elif shown_in is None or known.ours:
                self._is_foreign(channel, message)

    def begin(self, place: Place, mark: str, *, after: MessageId) -> None:
        """A post under *mark*, newer than *after*, is being made; pair it with `end`."""
        known = self._of(mark)
        known.under_way += 1
        known.place, known.after = place, after

    def doubt(self, mark: str) -> None:
        """A post of ours under *mark* may have arrived; if so, it may turn up at any time."""
        self._of(mark).is_doubtful = True

    def end(self, place: Place, mark: str, message: MessageId | None) -> None:
        """The post that was begun is *message*; None if there is none that we know of."""
        known = self._of(mark)
        known.under_way -= 1
        if message is None:
            return
        known.own(message)
        if not known.is_open:
            for stranger in known.strangers:
                self._is_foreign(place.channel, stranger)

    def note_search(self, *, has_found: bool) -> None:
        """A post of ours whose answer was lost was looked for."""
        self._metrics.count(Event.RECONCILED, "found" if has_found else "lost")

    async def tidy(self, mark: str) -> None:
        """Take away a post of ours that turned up after it had been made again.

        One that the story has by now is another process's, which made it for us
        while we were frozen.
        """
        known = self._of(mark)
        if known.under_way or not known.ours or known.place is None:
            return
        for late in (each for each in known.strangers if each > known.after):
            known.own(late)
            with suppress(PostError, StoreUnavailable, StoreRefusesWrites):
                if await is_held_in(self._store, known.place.channel, late):
                    continue
                log.warning("a post turned up late and is removed", extra={"message_id": late})
                await self._voice.delete(known.place, late)

    def newest(self, mark: str) -> MessageId:
        """The newest message known to bear *mark*; 0 if none is."""
        known = self._marks.get(mark)
        return max((*known.heard, *known.ours), default=NONE) if known else NONE

    async def wait(self, mark: str, *, after: MessageId, within_s: float) -> MessageId | None:
        """Wait for a message newer than *after* that bears *mark*; None if none comes in time."""
        known = self._of(mark)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.newest(mark) <= after:
                    known.changed.clear()
                    await known.changed.wait()
        newest = self.newest(mark)
        return newest if newest > after else None

    def _of(self, mark: str) -> _Mark:
        known = self._marks.setdefault(mark, _Mark())
        self._marks.move_to_end(mark)
        if len(self._marks) > self._keep:
            self._marks.popitem(last=False)
        return known

    async def _shown_in(self, channel: ChannelId, turn: TurnId) -> set[MessageId] | None:
        """The messages that show a turn, as far as the store knows; None if it is a stranger's."""
        work = await self._store.work(channel)
        scene = await self._store.read(channel)
        is_known = False
        messages: set[MessageId] = set()
        if work is not None and work.reply == turn:
            is_known = True
            messages.update(work.messages)
        for each in scene.turns if scene is not None else ():
            # A reply that was taken back since has left its line.
            is_known = is_known or each.id in {turn, trigger_of(turn)}
            if each.id == turn:
                messages.update(each.messages)
        return messages if is_known else None

    def _is_foreign(self, channel: ChannelId, message: MessageId) -> None:
        self._metrics.foreign_post()
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "another process posts with this bot's token, on another memory: stop one of the "
                "two, or give both the same Redis",
                extra={"channel": channel, "message_id": message},
            )
