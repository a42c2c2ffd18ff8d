"""The messages that show a reply, one below the other, brought to whatever text it has.

One call at a time. Each message is posted exactly once, noted before and after,
and edited only where it shows something else.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bot.core.errors import (
    MessageGone,
    NotAllowedHere,
    PlaceClosed,
    PlaceGone,
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreRefusesWrites,
    StoreUnavailable,
    TextRefused,
)
from bot.core.harmless import harmless
from bot.core.marks import part_of
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import MessageId, Place, Turn, Work, WorkKind
from bot.services.milestones import Milestone, Reached
from bot.services.posting import Poster

log = logging.getLogger(__name__)

# Another message would meet the same fate, or nobody would want it.
_FINAL = (MessageGone, NotAllowedHere, PlaceClosed, PlaceGone, TextRefused)


class Moving(Enum):
    """Whether a reply goes on in new messages where Discord will not change its old ones."""

    FREELY = "freely"
    CLEANLY = "cleanly"  # only if the old ones can be removed
    NEVER = "never"  # others stand behind it


def moving_of(work: Work, turns: Sequence[Turn]) -> Moving:
    """Tell it for *work*: what is stored stands nowhere twice, nor behind what follows it."""
    if work.kind is WorkKind.REPLY:
        return Moving.FREELY
    is_last = all(turn.id <= work.reply for turn in turns)
    return Moving.CLEANLY if is_last else Moving.NEVER


class Outbox(Protocol):
    """Where it is kept what was posted, for the case of a crash.

    That the store fails does not end the reply. Who learns here that the reply
    is another process's now says so by `is_ours`: then nothing is posted.
    """

    async def intend(self, mark: str) -> None:
        """Note that a post under *mark* is about to leave."""
        ...

    async def confirm(self) -> None:
        """Find out whether the reply is still ours, where that is not certain."""
        ...

    async def posted(self, message: MessageId) -> None:
        """Note that *message* shows a part of the reply; may be told twice."""
        ...


@dataclass(slots=True)
class _Part:
    """A message of the reply; `text` is None while nobody knows what it shows."""

    message: MessageId
    mark: str
    text: str | None = None
    buttons: tuple[Button, ...] = ()
    is_noted: bool = True


class _Lost(Exception):
    """Discord will not change a message of the reply: its webhook is gone, or it is not ours."""


class ReplyMessages:
    """The messages of one reply in one place.

    Attributes:
        speaker: under whose name and face they stand.
        in_doubt: nobody knows whether a message was posted.
        edited_ms: Discord's time of the newest change to one of them; 0 if there was none.
    """

    def __init__(
        self,
        voice: Voice,
        poster: Poster,
        place: Place,
        speaker: Speaker,
        *,
        split: Callable[[str], list[str]],
        outbox: Outbox,
        mark: Callable[[int], str],
        buttons_while_writing: Callable[[str], Sequence[Button]],
        after: MessageId,
        already: Sequence[MessageId],
        posting: str,
        settles_doubt: bool,
        on_calling: Callable[[], None],
        on_visible: Callable[[], None],
        on_removing: Callable[[MessageId], None],
        is_ours: Callable[[], bool],
        reached: Reached,
        moving: Moving,
    ) -> None:
        """Take up what `LiveReply` is given; *on_calling* is told of each post and edit."""
        self._voice = voice
        self._poster = poster
        self._place = place
        self.speaker = speaker
        self._split = split
        self._outbox = outbox
        self._mark = mark
        self._while_writing = buttons_while_writing
        self._after = max((after, *already))
        self._parts = [_Part(message, mark(number)) for number, message in enumerate(already)]
        self._doubtful = posting
        self._settles_doubt = settles_doubt
        self._next = max(len(self._parts), part_of(posting) if posting else 0)
        self._on_calling = on_calling
        self._on_visible = on_visible
        self._on_removing = on_removing
        self._is_ours = is_ours
        self._reached = reached
        self._moving = moving
        self._has_moved = False  # into new messages, which is done once
        self._intended = ""
        self._is_tame = False  # its words were refused once

        self.in_doubt = False
        self.edited_ms = 0

    @property
    def ids(self) -> tuple[MessageId, ...]:
        """The messages, in their order."""
        return tuple(part.message for part in self._parts)

    @property
    def texts(self) -> tuple[str, ...]:
        """What they show; empty where nobody knows."""
        return tuple(part.text or "" for part in self._parts)

    def shown(self, text: str) -> str:
        """What the screen shows of *text*: all of it, unless its words were refused once."""
        return harmless(text) if self._is_tame else text

    async def grow(self, text: str) -> None:
        """Make the screen show *text*, with the buttons of writing.

        What it shows already costs no request.

        Raises:
            PostError: any kind of it.
        """
        await self._put(text, None)

    async def settle(self, text: str, buttons: tuple[Button, ...]) -> None:
        """Make the screen show *text* and nothing beyond it, with *buttons* below.

        Raises:
            PostError: any kind of it.
        """
        count = await self._put(text, buttons)
        for part in reversed(self._parts[count:]):
            await self._remove(part)

    async def leave(self, text: str) -> None:
        """Let what is there show as much of *text* as fits, and no button."""
        texts = self._split(self.shown(text))[: len(self._parts)]
        if texts:
            with suppress(_Lost):
                await self._change(self._parts[len(texts) - 1], texts[-1], (), is_growth=False)

    async def take_up(self) -> None:
        """Find out what became of a post from before a crash.

        Raises:
            PostAmbiguous: nobody may look.
            PostError: it cannot be found out now.
        """
        if not self._doubtful:
            return
        self.in_doubt = True
        try:
            found = await self._poster.arrived(self._place, self._doubtful, after=self._after)
        except PostAmbiguous:
            if not self._settles_doubt:
                raise
            found = None
        except PostError:
            self.in_doubt = False
            raise
        self.in_doubt = False
        mark, self._doubtful = self._doubtful, ""
        if found is not None:
            await self._add(_Part(found, mark))

    async def remove_all(self) -> None:
        """Take them from the screen.

        Raises:
            PostError: one could not be removed; the others were tried.
        """
        failed: PostError | None = None
        try:
            await self.take_up()
        except PostError as error:
            failed = error
        for part in tuple(self._parts):
            try:
                await self._remove(part)
            except PostError as error:
                failed = error
        if failed is not None:
            raise failed

    async def _put(self, text: str, at_end: tuple[Button, ...] | None) -> int:
        """Make the screen show *text* and say in how many messages."""
        await self.take_up()
        try:
            return await self._lay_out(text, at_end)
        except _Lost as lost:
            await self._move(lost)
        except TextRefused:
            if self._is_tame or harmless(text) == text:
                raise
            self._is_tame = True
        return await self._lay_out(text, at_end)

    async def _lay_out(self, text: str, at_end: tuple[Button, ...] | None) -> int:
        texts = self._split(self.shown(text))
        if self._parts and len(texts) > len(self._parts):
            # Before the last message so far loses the button that says it is not the end.
            await self._intend(self._mark(self._next))
        for number, part_text in enumerate(texts):
            if number == len(self._parts):
                await self._post(part_text)
            part = self._parts[number]
            below: tuple[Button, ...] = ()
            if number == len(texts) - 1:
                below = tuple(self._while_writing(part.mark)) if at_end is None else at_end
            await self._change(part, part_text, below, is_growth=at_end is None)
            self._on_visible()
        return len(texts)

    async def _move(self, lost: _Lost) -> None:
        """Go on in new messages; what can be removed of the old ones is.

        Raises:
            PostRefused: that must not be.
        """
        if self._moving is Moving.NEVER:
            raise PostRefused("a message that others follow cannot be changed") from lost
        await self._confirm()
        self._has_moved = True
        for part in self._parts:
            self._on_removing(part.message)
            try:
                await self._voice.delete(self._place, part.message)
            except PostError as error:
                if self._moving is Moving.CLEANLY:
                    raise PostRefused("a message can neither be changed nor removed") from error
        self._parts = []

    async def _post(self, text: str) -> None:
        mark = self._mark(self._next)
        buttons = tuple(self._while_writing(mark))  # they bear the mark: no post goes without
        await self._intend(mark)
        self._on_calling()
        # Stays set when the answer is in doubt, and only then.
        self.in_doubt = True
        try:
            message = await self._poster.post(
                self._place,
                self.speaker,
                text,
                buttons,
                mark=mark,
                after=self._after,
                confirm=self._confirm,
            )
        except PostAmbiguous:
            raise
        except PostError:
            self.in_doubt = False
            raise
        self.in_doubt = False
        self._reached(Milestone.POST_ANSWERED)
        await self._add(_Part(message, mark, text, buttons))

    async def _confirm(self) -> None:
        """Come right before everything that changes the screen.

        Raises:
            PostError: another process writes this reply, and nothing of it may be touched.
        """
        await self._outbox.confirm()
        if not self._is_ours():
            raise PostError("another process writes this reply")

    async def _intend(self, mark: str) -> None:
        if self._intended == mark:
            return
        try:
            await self._outbox.intend(mark)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("a post is not noted before", extra={"reason": type(error).__name__})
        self._intended = mark
        self._reached(Milestone.INTENT)

    async def _add(self, part: _Part) -> None:
        self._parts.append(part)
        self._next = max(self._next, part_of(part.mark)) + 1
        self._after = max(self._after, part.message)
        await self._note(part)
        self._reached(Milestone.POSTED)

    async def _note(self, part: _Part) -> None:
        part.is_noted = False
        try:
            await self._outbox.posted(part.message)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning(
                "posted message not noted",
                extra={"message_id": part.message, "reason": type(error).__name__},
            )
        else:
            part.is_noted = True

    async def _change(
        self, part: _Part, text: str, buttons: tuple[Button, ...], *, is_growth: bool
    ) -> None:
        if part.text == text and part.buttons == buttons:
            return
        if not part.is_noted:
            await self._note(part)  # the mark by which it could be found goes now
        await self._confirm()
        self._on_calling()
        part.text = None  # in doubt until the answer is there
        try:
            at_ms = await self._voice.edit(self._place, part.message, self.speaker, text, buttons)
        except PostRefused as error:
            if self._has_moved or isinstance(error, _FINAL):
                raise
            raise _Lost from error
        part.text, part.buttons = text, buttons
        self.edited_ms = max(self.edited_ms, at_ms)
        if is_growth:
            self._reached(Milestone.EDITED)

    async def _remove(self, part: _Part) -> None:
        await self._confirm()
        self._on_removing(part.message)
        await self._voice.delete(self._place, part.message)
        self._parts.remove(part)
