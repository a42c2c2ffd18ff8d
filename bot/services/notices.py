"""What the bot says in its own name, and takes back when it no longer holds."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from bot.core.errors import PostError
from bot.core.ports import Button, Voice
from bot.core.scene import ChannelId, MessageId, Place, TurnId
from bot.services.newcomers import Newcomer
from bot.services.recent import Recent

log = logging.getLogger(__name__)

REMARK_EMOJI = "💭"
"""Put under a line that the character does not hear."""
SAID_AGAIN_AFTER_S = 60.0
CHANNELS_KEPT = 1_000
NOTICES_KEPT = 8
"""Of one channel. There are several only where processes were killed."""
TAKE_BACK_S = 3.0
"""For removing a notice, also while the process ends."""


def _nobody(_newcomer: Newcomer) -> None:
    """Newcomers are told nothing."""


class Notices:
    """Borrows the voice. Nothing raises: where nothing can be said, the log has to do.

    Args:
        joined: told of everybody who plays in a shared story for the first time.
    """

    def __init__(self, voice: Voice, joined: Callable[[Newcomer], None] = _nobody) -> None:
        self._voice = voice
        self.joined = joined
        self._said_at: Recent[tuple[ChannelId, str], float] = Recent(CHANNELS_KEPT)
        self._standing: Recent[ChannelId, dict[MessageId, TurnId]] = Recent(CHANNELS_KEPT)
        self._settled: Recent[ChannelId, TurnId] = Recent(CHANNELS_KEPT)

    async def say(
        self, place: Place, sentence: str, button: Button | None = None
    ) -> MessageId | None:
        """Post *sentence*; returns its message, None if that was not possible."""
        try:
            return await self._voice.notice(place, sentence, (button,) if button else ())
        except PostError:
            log.warning("not even a notice could be posted", extra={"channel": place.channel})
            return None

    async def say_once(self, place: Place, sentence: str) -> None:
        """Post *sentence*, unless it was said in this channel a moment ago."""
        now = asyncio.get_running_loop().time()
        said_at = self._said_at.get((place.channel, sentence))
        if said_at is None or now - said_at > SAID_AGAIN_AFTER_S:
            self._said_at.set((place.channel, sentence), now)
            await self.say(place, sentence)

    async def explain(
        self, place: Place, line: TurnId, sentence: str, button: Button | None = None
    ) -> None:
        """Say why *line* has no reply, instead of what was said so before."""
        notice = await self.say(place, sentence, button)
        if notice is not None:
            await self._take_back_until(place, line)
            self._stands(place, line, notice)

    async def found(self, place: Place, line: TurnId, notice: MessageId) -> None:
        """*notice*, maybe of an earlier process, says there why *line* has no reply."""
        if notice in (self._standing.get(place.channel) or {}):
            return
        settled = self._settled.get(place.channel)
        if settled is not None and line <= settled:
            await self.take_back(place, notice)
        else:
            self._stands(place, line, notice)

    def removed(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """Somebody has removed *messages*."""
        standing = self._standing.get(channel) or {}
        for message in messages:
            standing.pop(message, None)

    async def withdraw(self, place: Place, line: TurnId) -> None:
        """*line* has its outcome: take back what says that it, or a line before it, has none."""
        self._settled.set(place.channel, line)
        await self._take_back_until(place, line)

    def _stands(self, place: Place, line: TurnId, notice: MessageId) -> None:
        known = list((self._standing.get(place.channel) or {}).items())
        self._standing.set(place.channel, {**dict(known[1 - NOTICES_KEPT :]), notice: line})

    async def _take_back_until(self, place: Place, line: TurnId) -> None:
        standing = self._standing.get(place.channel) or {}
        for notice in [notice for notice, about in standing.items() if about <= line]:
            standing.pop(notice, None)
            await self.take_back(place, notice)

    async def take_back(self, place: Place, notice: MessageId) -> None:
        """Remove a notice."""
        try:
            async with asyncio.timeout(TAKE_BACK_S):
                await self._voice.delete(place, notice)
        except (PostError, TimeoutError):
            log.info("a notice could not be removed", extra={"channel": place.channel})

    async def mark_as_remark(self, place: Place, message: MessageId) -> None:
        """Show under a member's message that the character does not hear it."""
        try:
            await self._voice.react(place, message, REMARK_EMOJI)
        except PostError:
            log.info("no reaction possible", extra={"channel": place.channel})
