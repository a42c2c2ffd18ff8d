"""Channels that are deleted and guilds that are left: their stories end.

A deleted channel is forgotten at once. A guild that we are no longer in is
forgotten after a week: whoever removed us by mistake can have us back with all
that was played there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Protocol

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.ports import GuildStore, SceneStore
from bot.core.scene import ChannelId, GuildId, MessageId
from bot.services.doubts import Doubts

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=7)
LOOK_EVERY_S = 3_600.0

StoreAway = (StoreUnavailable, StoreRefusesWrites)


class Book(SceneStore, GuildStore, Protocol):
    """Scenes, and the guilds in which they play."""


class Departures:
    """Ends stories whose place is gone. Events never raise for want of a store.

    Args:
        forget: drops all that is stored of a channel.
        forget_guild: drops what else is stored of a guild.
        present: the guilds that we are in.
        ended: ends what is being written in a channel, without a word.
    """

    def __init__(
        self,
        *,
        store: Book,
        doubts: Doubts,
        present: Callable[[], Collection[GuildId]],
        forget: Callable[[ChannelId], Awaitable[None]],
        forget_guild: Callable[[GuildId], Awaitable[None]],
        ended: Callable[[ChannelId], None],
        now_ms: Callable[[], int],
        kept_for: timedelta = KEPT_FOR,
    ) -> None:
        self._store = store
        self._doubts = doubts
        self._present = present
        self._forget_channel = forget
        self._forget_guild = forget_guild
        self._ended = ended
        self._now_ms = now_ms
        self._kept_ms = int(kept_for.total_seconds() * 1000)
        self._has_compared = asyncio.Event()

    async def thread_deleted(self, thread: ChannelId) -> None:
        """A thread or post is gone."""
        await self._forget(thread)

    async def channel_deleted(self, channel: ChannelId, guild: GuildId) -> None:
        """A channel of *guild* is gone, and all its threads with it, archived ones too."""
        await self._forget(channel)
        try:
            surveys = await self._store.survey(await self._store.channels_in(guild))
        except StoreAway as error:
            # Who looks into such a thread at the next start is told that it is gone.
            self._tell("threads of a deleted channel are not forgotten", channel, error)
            return
        for survey in surveys:
            place = survey.head.place
            if place.is_thread and place.parent == channel:
                await self._forget(place.channel)

    async def left(self, guild: GuildId) -> None:
        """We were removed from *guild*, or it is gone."""
        try:
            for channel in await self._store.channels_in(guild):
                self._ended(channel)
            await self._store.leave(guild, self._now_ms() + self._kept_ms)
        except StoreAway as error:
            self._tell("that a guild was left is not noted", guild, error)

    async def joined(self, guild: GuildId) -> None:
        """We are in *guild* (again)."""
        try:
            await self._store.rejoin(guild)
        except StoreAway as error:
            self._tell("that a guild was joined is not noted", guild, error)

    async def compare(self) -> None:
        """Connected: note what was left and joined while nobody told us.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        noted, present = set(await self._store.left()), set(self._present())
        for guild in noted & present:
            await self._store.rejoin(guild)
        missed = set(await self._store.guilds()) - noted - present
        for guild in missed:
            await self._store.leave(guild, self._now_ms() + self._kept_ms)
        if missed:
            log.info("guilds were left meanwhile", extra={"guilds": len(missed)})
        self._has_compared.set()

    async def run(self) -> None:
        """Forget every hour what is due, once it is known where we are."""
        await self._has_compared.wait()
        while True:
            try:
                await self.purge_due()
            except StoreAway as error:
                log.warning("nothing was purged", extra={"error": type(error).__name__})
            except Exception:  # the task's boundary: a bug here ends no replies
                log.exception("nothing was purged")
            await asyncio.sleep(LOOK_EVERY_S)

    async def purge_due(self) -> int:
        """Forget the guilds whose week is over; returns how many.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        due = set(await self._store.due(self._now_ms()))
        back = due & set(self._present())  # that was to be noted, and could not be
        for guild in back:
            await self._store.rejoin(guild)
        for guild in due - back:
            channels = await self._store.channels_in(guild)
            for channel in channels:
                await self._forget_channel(channel)
            await self._forget_guild(guild)
            await self._store.rejoin(guild)
            log.info("a guild was forgotten", extra={"guild": guild, "channels": len(channels)})
        return len(due - back)

    async def _forget(self, channel: ChannelId) -> None:
        self._ended(channel)
        try:
            await self._forget_channel(channel)
        except StoreAway as error:
            self._tell("a deleted channel is not forgotten", channel, error)
            self._doubts.changed(channel, MessageId(channel))

    def _tell(self, what: str, where: int, error: Exception) -> None:
        log.warning(what, extra={"where": where, "error": type(error).__name__})
