"""Who is not to be stored, known in every process a second after they have said so.

The few who have are kept in memory, so that no line of anybody costs a step for it.
"""

import asyncio
import logging

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.phrases import phrase
from bot.core.privacy import Refusal, RefusalStore
from bot.core.scene import GuildId, UserId
from bot.services.incoming import Incoming

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
NEVER_STORED = phrase(
    "You have asked me never to store what you write, so I take nothing from you. "
    "/privacy optin takes that back."
)
READS_ONLY = phrase(
    "You only read along on this server, as you have chosen. /privacy optin takes that back."
)


class Refusals:
    """Borrows the store. Contains the users who are stored nowhere."""

    def __init__(self, store: RefusalStore) -> None:
        self._store = store
        self._version: str | None = None
        self._users: frozenset[object] = frozenset()
        self._known: frozenset[Refusal] = frozenset()

    def __contains__(self, user: object) -> bool:
        return user in self._users

    def refuses(self, user: UserId, guild: GuildId | None) -> str:
        """Why nothing of *user* is taken there, for themselves; empty if it is."""
        if user in self:
            return NEVER_STORED
        is_read = guild is not None and Refusal(user, guild) in self._known
        return READS_ONLY if is_read else ""

    def of(self, user: UserId) -> frozenset[Refusal]:
        """What *user* has asked for."""
        return frozenset(each for each in self._known if each.user == user)

    async def is_heard(self, incoming: Incoming) -> bool:
        """Whether a line may be stored, as far as its author goes."""
        return not self.refuses(incoming.author, incoming.place.guild)

    async def look(self) -> None:
        """Take over what any process has noted.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        if self._version is not None and await self._store.version() == self._version:
            return
        self._version, self._known = await self._store.refusals()
        self._users = frozenset(each.user for each in self._known if each.guild is None)

    async def put(self, refusal: Refusal, at_ms: int) -> None:
        """Store nothing of somebody from now on.

        Raises:
            StoreUnavailable, StoreRefusesWrites: it may hold all the same.
        """
        # Before it is known to be noted: who asks for it does not wait for Redis.
        self._known |= {refusal}
        self._users |= {refusal.user} if refusal.guild is None else set()
        self._version = None
        await self._store.put(refusal, at_ms)
        await self.look()

    async def drop(self, user: UserId) -> bool:
        """Store somebody again; returns whether anything was refused.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        _, known = await self._store.refusals()
        theirs = [each for each in known if each.user == user]
        for each in theirs:
            await self._store.drop(each)
        self._version = None
        await self.look()
        return bool(theirs)

    async def forget_guild(self, guild: GuildId) -> None:
        """Nobody reads only there any more.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        for each in [each for each in self._known if each.guild == guild]:
            await self._store.drop(each)
        await self.look()

    async def run(self) -> None:
        """Look every second, for as long as the process lives."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except (StoreUnavailable, StoreRefusesWrites) as error:
                # Nothing can be stored either; what is known holds until then.
                log.debug("refusals were not looked at", extra={"error": type(error).__name__})
