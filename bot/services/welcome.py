"""One short message to a server that the bot has come to, and never a second."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from bot.core.errors import PostError, StoreRefusesWrites, StoreUnavailable
from bot.core.phrases import Words, phrase, translated
from bot.core.ports import Button, Voice
from bot.core.scene import GuildId, Place

log = logging.getLogger(__name__)

PLACES_TRIED = 3
WITHIN_S = 5.0
"""For each: other events of the server wait meanwhile."""
CHECK, START = "welcome:check", "welcome:start"
HELLO = phrase(
    "Hello! I play characters: somebody starts a scene, and the character answers what is written "
    "in it. Until somebody who may manage this server starts a scene in a channel, or allows it "
    "with `/settings channels allow`, members start none. `/help` tells the rest, also what I "
    "store: only channels with a scene."
)
LABELS = {CHECK: phrase("Check"), START: phrase("Start a first scene")}


class WelcomeStore(Protocol):
    """Remembers who was welcomed. Raises StoreUnavailable or StoreRefusesWrites."""

    async def welcome(self, guild: GuildId) -> bool:
        """Note that *guild* is welcomed; False if it was."""
        ...

    async def forget_welcome(self, guild: GuildId) -> None:
        """It was not."""
        ...


class Welcome:
    """Borrows store and voice. Nothing raises."""

    def __init__(self, store: WelcomeStore, voice: Voice) -> None:
        self._store = store
        self._voice = voice

    async def joined(self, guild: GuildId, places: Iterable[Place], words: Words) -> None:
        """Say hello in the first of *places* that takes it, unless that was done.

        Args:
            words: of the server's language.
        """
        tried = list(places)[:PLACES_TRIED]
        if not tried:
            log.info("there is no channel to say hello in", extra={"guild": guild})
            return
        try:
            # Noted first: rather no hello than two of them.
            if not await self._store.welcome(guild):
                return
        except (StoreUnavailable, StoreRefusesWrites) as error:
            facts = {"guild": guild, "error": type(error).__name__}
            log.info("a server is not welcomed", extra=facts)
            return
        buttons = [Button(translated(label, words), key) for key, label in LABELS.items()]
        for place in tried:
            try:
                async with asyncio.timeout(WITHIN_S):
                    await self._voice.notice(place, translated(HELLO, words), buttons)
            except (PostError, TimeoutError) as error:
                facts = {"channel": place.channel, "error": type(error).__name__}
                log.info("no hello in a channel", extra=facts)
            else:
                return
