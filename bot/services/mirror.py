"""Whatever happens on the screen happens to memory: events go in here, in any order.

Discord may tell of things twice, late, and in another order than they happened.
Two rules make the end the same: the newest text of a message wins by Discord's
own time, and what was deleted stays away. What cannot be stored is not lost
either: its channel is doubtful until `CatchUp` has looked at it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, MessageId
from bot.core.triggers import Decision, is_out_of_character
from bot.services.doubts import Doubts
from bot.services.early_edits import EarlyEdits
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.intake import Reads, as_written, everybody
from bot.services.proxies import Proxies

log = logging.getLogger(__name__)


class Memory(Protocol):
    """What of the turn pipeline takes events in."""

    def hear(self, channel: ChannelId, message: MessageId) -> None:
        """Discord has told us of *message*, whoever wrote it, and of all before it."""
        ...

    async def receive(self, incoming: Incoming) -> Decision | None: ...

    async def receive_missed(self, lines: Sequence[Incoming]) -> int:
        """Store lines that came late; returns how many belong to a story and were not known."""
        ...

    async def replaced(self, line: Incoming, posted: Proxied) -> None:
        """Another bot has posted a message in place of a member's, which is deleted."""
        ...

    def plays(self, channel: ChannelId) -> bool:
        """Whether a scene is live there, as far as is known."""
        ...

    async def edited(
        self, channel: ChannelId, message: MessageId, text: str, at_ms: int
    ) -> bool: ...

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None: ...

    def is_echo(self, channel: ChannelId, message: MessageId, at_ms: int) -> bool:
        """Whether an edit of a message of ours tells nothing that memory does not know, or will.

        Most edits of our messages are our own.
        """
        ...


class Mirror:
    """Takes in what members and others do to messages. Never raises for want of a store."""

    def __init__(
        self,
        *,
        memory: Memory,
        doubts: Doubts,
        clock_s: Callable[[], float],
        may_keep: Callable[[Incoming], Awaitable[bool]] = everybody,
        reads: Reads = as_written,
    ) -> None:
        """Set up.

        Args:
            reads: what of a member's words goes into a story.
            may_keep: whether anything of a line's author may be kept, for a moment even.
        """
        self._memory = memory
        self._doubts = doubts
        self._may_keep = may_keep
        self._reads = reads
        self._early = EarlyEdits(clock_s)
        self._proxies = Proxies(clock_s)

    def passed(self, channel: ChannelId, message: MessageId) -> None:
        """Somebody has written a message that is no member's."""
        self._memory.hear(channel, message)

    async def posted(self, posted: Proxied) -> None:
        """A webhook that is not ours has posted a message, maybe in place of a member's."""
        self._memory.hear(posted.place.channel, posted.message)
        if not self._memory.plays(posted.place.channel):
            return
        line = self._proxies.posted(posted)
        if line is not None:
            await self._replaced(line, posted)

    async def heard(self, incoming: Incoming) -> None:
        """A member has written a message."""
        channel, message = incoming.place.channel, incoming.message
        if not await self._may_keep(incoming):
            self.passed(channel, message)
            return
        posted = self._proxies.heard(incoming)
        early = self._early.find(channel, message)
        if early is not None:
            incoming = replace(incoming, text=early.text, edited_ms=early.at_ms)
        try:
            await self._memory.receive(incoming)
        except (StoreUnavailable, StoreRefusesWrites):
            self._doubts.changed(channel, message)  # the pipeline has told the members
            return
        if not self._memory.plays(channel):
            self._proxies.forget(incoming)
        # An edit that was stored for nobody while the message was on its way in
        # is found now; one that comes from here on finds the message.
        early = self._early.find(channel, message)
        if early is not None:
            await self.edited(channel, early)
        if posted is not None and self._memory.plays(channel):
            await self._replaced(incoming, posted)

    async def edited(self, channel: ChannelId, edit: Edit, line: Incoming | None = None) -> None:
        """A message has a new text: a member's, or one of ours, which others may change too.

        Args:
            line: the whole message, if a member wrote it. With its new text it
                may have come into the story.
        """
        if edit.is_ours and self._memory.is_echo(channel, edit.message, edit.at_ms):
            return
        if line is not None and not await self._may_keep(line):
            return
        if not edit.is_ours:
            self._early.keep(channel, edit)
        if line is not None and self._memory.plays(channel):
            self._proxies.edited(line)
        if line is not None:
            # A line with words that must not be read is as good as one that is deleted.
            text = await self._reads(line.place, line.author, edit.text)
            if text is None:
                await self.deleted(channel, [edit.message])
                return
            edit, line = replace(edit, text=text), replace(line, text=text)
        try:
            is_stored = await self._memory.edited(channel, edit.message, edit.text, edit.at_ms)
            if not is_stored and line is not None and not is_out_of_character(edit.text):
                is_stored = await self._memory.receive_missed((line,)) > 0
        except (StoreUnavailable, StoreRefusesWrites) as error:
            self._not_stored("an edit", channel, error)
            self._doubts.changed(channel, edit.message)
            return
        if is_stored:
            self._early.done(channel, edit)

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        """Messages are gone from the screen, so they are from memory."""
        self._early.forget(channel, messages)
        replaced = [pair for each in messages if (pair := self._proxies.deleted(channel, each))]
        for line, posted in replaced:
            await self._replaced(line, posted)
        spared = {line.message for line, _ in replaced}
        messages = [each for each in messages if each not in spared]
        if not messages:
            return
        try:
            await self._memory.deleted(channel, messages)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            self._not_stored("a deletion", channel, error)
            self._doubts.deleted(channel, messages)

    async def _replaced(self, line: Incoming, posted: Proxied) -> None:
        if is_out_of_character(posted.text):
            await self.deleted(line.place.channel, [line.message])
            return
        channel = line.place.channel
        try:
            await self._memory.replaced(line, posted)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            self._not_stored("a line that another bot posted", channel, error)
            self._doubts.deleted(channel, [line.message])
            return
        # Before it was known to be a line, an edit of it was nobody's.
        if (early := self._early.find(channel, posted.message)) is not None:
            await self.edited(channel, early)

    def _not_stored(self, what: str, channel: ChannelId, error: Exception) -> None:
        facts = {"channel": channel, "error": type(error).__name__}
        log.warning("%s was not stored", what, extra=facts)
