"""What the bot says in its own name, and takes back when it no longer holds."""

import asyncio
import logging

from bot.core.errors import PostError
from bot.core.ports import Button, Voice
from bot.core.scene import ChannelId, MessageId, Place
from bot.services.recent import Recent

log = logging.getLogger(__name__)

REMARK_EMOJI = "💭"
"""Put under a line that the character does not hear."""
SAID_AGAIN_AFTER_S = 60.0
CHANNELS_KEPT = 1_000
TAKE_BACK_S = 3.0
"""For removing a notice, also while the process ends."""


class Notices:
    """Borrows the voice. Nothing raises: where nothing can be said, the log has to do."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._said_at: Recent[tuple[ChannelId, str], float] = Recent(CHANNELS_KEPT)

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
