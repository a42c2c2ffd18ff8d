"""What is going on in one channel: who waits for a reply, and how it can be interrupted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.characters import Character
from bot.core.scene import (
    NO_CHARACTER,
    NO_TURN,
    ChannelId,
    CharacterKey,
    MessageId,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    WorkKind,
    reply_turn_id,
)
from bot.services.hold import Hold
from bot.services.interrupt import Interrupt, Reason

MOST_PAUSES = 5
"""Who writes line after line without a pause is answered after so many of them."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """The line that a reply answers, and what is to be made of the reply.

    Attributes:
        turn: the line; of talk without a line, the reply that it goes on from.
        author: None for a line nobody owns.
        kind: what is made.
        target: the turn that is made, where that is no reply to the line.
        shown: messages that show that turn already.
        stored: the text that memory has of it.
        speaker: who speaks; empty for the scene's own character.
        is_anew: a member asked for another try; what an earlier one wrote is dropped.
        is_left_over: found at a start; another process may be at it, or done.
        is_stale: it is too old to be gone on with: what is there has to do.
    """

    turn: TurnId
    author: UserId | None
    kind: WorkKind = WorkKind.REPLY
    target: TurnId = NO_TURN
    shown: tuple[MessageId, ...] = ()
    stored: str = ""
    speaker: CharacterKey = NO_CHARACTER
    is_anew: bool = False
    is_left_over: bool = False
    is_stale: bool = False

    @property
    def reply(self) -> TurnId:
        """The turn that is made."""
        return self.target or reply_turn_id(self.turn)

    @property
    def continues(self) -> str:
        """The text that goes on; empty where none does."""
        return self.stored if self.kind is WorkKind.CONTINUE else ""

    def gone_stale(self) -> "Trigger":
        """The same, and too old."""
        return replace(self, is_stale=True)


@dataclass(slots=True)
class Partial:
    """What the model has written so far of the reply to `turn`, as it came.

    Kept over a loss of the model, and by checkpoints over a crash: the reply is
    continued, not begun again.

    Attributes:
        spoken: the text it had before, if a member asked it to go on, or if
            the screen was ahead of the last checkpoint.
        may_end: whether that text may be all: the model need not add anything.
    """

    turn: TurnId
    raw: str = ""
    tokens: int = 0
    spoken: str = ""
    may_end: bool = False


class Lane:
    """The state of one channel's replies; made when a line comes, gone when all is answered.

    Attributes:
        serving: the line whose reply is being made.
        newest: the line that is to be answered last; while nothing is shown, the same.
    """

    def __init__(self, head: SceneHead, trigger: Trigger, *, is_begun: bool = False) -> None:
        """Make the lane of *trigger*.

        Args:
            is_begun: its reply shows already, in part: no newer line joins it.
        """
        self.channel: ChannelId = head.place.channel
        self.head = head
        self.turns: tuple[Turn, ...] = ()
        """The scene's, as it was found when the channel was taken."""
        self.cast: tuple[Character, ...] = ()
        """Who plays there beside the one that speaks."""
        self.old_rows: tuple[MessageId, ...] = ()
        """Messages that have buttons which belong under the newest reply only."""
        self.serving = trigger
        self.newest = trigger
        self.interrupt = Interrupt()
        self.is_showing = is_begun
        """Whether a part of the reply is on the screen: then it is not restarted any more."""
        self.shown_in: set[MessageId] = set()
        """Messages that show the reply in the making."""
        self.written: dict[MessageId, int] = {}
        """Messages of the last reply, with Discord's time of our last change to any of them."""
        self.taken_away: set[MessageId] = set()
        """Messages that we removed ourselves: that they are gone says nothing about the story."""
        self.is_unwanted = False
        """Whether somebody has removed one of them."""
        self.keeps_links = True
        """Whether links in the reply are left as the model writes them."""
        self.partial = Partial(NO_TURN)
        self.follower: Trigger | None = None
        """What another character says to the reply that was just made, unless a line comes."""
        self.hold: Hold | None = None
        """What makes the channel ours; None before the first line is taken up."""
        self.is_leaving = False
        """Whether the process ends: what would have to be waited for is left to the next."""
        self.finished = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._is_begun = is_begun
        self._pending = not is_begun
        self._hurry = asyncio.Event()
        self._poked_at = asyncio.get_running_loop().time()
        self.taken_at = self._poked_at
        self.first_text_at: float | None = None

    def poke(self, head: SceneHead, trigger: Trigger) -> None:
        """A line wants an answer, with the one that is being made if that is not shown.

        Only a newer line gets a reply of its own: one that arrives late, or is
        asked for twice, is answered by the reply in the making.
        """
        self.head = head
        self._hurry.set()
        if trigger.turn == self.newest.turn:
            return
        if trigger.turn > self.newest.turn:
            self.newest = trigger
            self._pending = True
        self._poked_at = asyncio.get_running_loop().time()
        if not self.is_showing:
            self.interrupt.request(Reason.MERGE)

    def drop(self) -> None:
        """Nobody wants a reply any more, neither the one in the making nor a later."""
        self._pending = False
        self.follower = None
        # What is written beside a text that stays may stay, too.
        self.is_unwanted = self.is_unwanted or self.serving.kind is WorkKind.REPLY
        self.interrupt.request(Reason.STOP)
        self.hurry()

    def hurry(self) -> None:
        """Somebody asks again: do not wait out a pause."""
        self._hurry.set()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody wants no more of the reply in the making."""
        return self.interrupt.reason is Reason.STOP

    @property
    def fence(self) -> int | None:
        """Goes with every change that only the channel's holder may make."""
        return None if self.hold is None else self.hold.fence

    def leave(self) -> None:
        """The process is about to end."""
        self.is_leaving = True
        self.hurry()

    def take(self) -> bool:
        """Whether a line waits; it is then the one that is served."""
        begun, self._is_begun = self._is_begun, False
        self.shows_in(())
        self.taken_at = asyncio.get_running_loop().time()
        self.first_text_at = None
        self.is_showing = begun
        if begun:
            return True
        was_pending, self._pending = self._pending, False
        follower, self.follower = self.follower, None
        if not was_pending and follower is not None and not self.is_leaving:
            was_pending, self.newest = True, follower
            self._poked_at = self.taken_at  # who plays may say something first
        self.serving = self.newest
        return was_pending

    def changed(self, line: TurnId) -> None:
        """A line has a new text: what is not shown yet is begun again."""
        if line == self.serving.turn and not self.is_showing:
            self.interrupt.request(Reason.MERGE)

    def shows_in(self, messages: Sequence[MessageId]) -> None:
        """A reply begins, which *messages* show from before."""
        self.shown_in.clear()
        self.shown_in.update(messages)
        self.taken_away.clear()
        self.is_unwanted = False

    def taking_away(self, message: MessageId) -> None:
        """We are about to remove a message of the reply."""
        self.shown_in.discard(message)
        self.taken_away.add(message)

    def removed(
        self, turns: Sequence[TurnId], messages: Sequence[MessageId], left: Trigger | None = None
    ) -> None:
        """Lines and messages are gone: nobody wants a reply to such a line, or shown in such.

        Args:
            left: what still waits for a reply, if the newest line is gone.
        """
        if not self.shown_in.isdisjoint(messages):
            self.is_unwanted = True
        is_gone = self.newest.turn in turns
        if self.is_unwanted or (is_gone and left is None):
            self.interrupt.request(Reason.STOP)
        elif is_gone and left is not None:
            self._falls_back(left)

    def _falls_back(self, line: Trigger) -> None:
        """Go on with *line*. A reply to it that shows already just goes on."""
        if not self.is_showing:
            self.newest = line
            self.interrupt.request(Reason.MERGE)
        elif self.newest.turn != self.serving.turn:  # the line that is gone was to be next
            self.newest = line
            self._pending = line.turn != self.serving.turn

    def join(self) -> None:
        """The reply in the making answers everything up to the newest line."""
        self.serving = self.newest
        self._pending = False

    async def settle(self, pause_s: float) -> None:
        """Wait until no line has come for *pause_s*, but not for ever, or a stop."""
        loop = asyncio.get_running_loop()
        at_latest = loop.time() + MOST_PAUSES * pause_s
        while (left := min(self._poked_at + pause_s, at_latest) - loop.time()) > 0:
            async with self.interrupt.block():
                await asyncio.sleep(left)
            if self.interrupt.reason is Reason.STOP:
                return
            self.interrupt.clear()
        if self.interrupt.reason is Reason.MERGE:
            self.interrupt.clear()  # what came is joined now

    async def wait_for_hurry(self, pause_s: float) -> None:
        """Wait for *pause_s*, a newer line, or a stop, whichever is first."""
        async with self.interrupt.block():
            try:
                async with asyncio.timeout(pause_s):
                    await self._hurry.wait()
            except TimeoutError:
                pass
        self._hurry.clear()

    def cancel(self) -> None:
        """The process ends."""
        if self.task is not None:
            self.task.cancel()
