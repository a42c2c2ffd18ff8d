"""Channels that become age-restricted, or are so no longer, while scenes play there."""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.core.age_gate import is_gated
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.ports import GuildStore, SceneStore
from bot.core.scene import NO_TURN, ChannelId, GuildId, SceneHead, TurnId
from bot.services.casting import Casting
from bot.services.notices import Notices

log = logging.getLogger(__name__)


class Book(SceneStore, GuildStore, Protocol):
    """Scenes, and the guilds in which they play."""


async def _nothing_waits(_head: SceneHead) -> None:
    """Where nothing is stored before it is posted."""


class AgeWatch:
    """Pauses scenes that may not go on, with one notice, and has them go on again.

    A scene is not marked as paused: whoever is about to write asks how the channel
    is then. So nothing has to be right after a crash but the next answer.

    Args:
        stop: ends the reply that is written in a channel, keeping what is shown,
            and waits for its end.
        present: posts what is stored and not posted.
        take_up: answers what is left unanswered there.
    """

    def __init__(
        self,
        *,
        store: Book,
        casting: Casting,
        notices: Notices,
        stop: Callable[[ChannelId], Awaitable[None]],
        take_up: Callable[[ChannelId], Awaitable[bool]],
        present: Callable[[SceneHead], Awaitable[None]] = _nothing_waits,
    ) -> None:
        self._store = store
        self._casting = casting
        self._notices = notices
        self._stop = stop
        self._take_up = take_up
        self._present = present

    async def changed(self, guild: GuildId, channel: ChannelId) -> None:
        """*channel* has another flag than before, and its threads have, too."""
        try:
            for within in await self._store.channels_in(guild):
                head = await self._store.head(within)
                if head is not None and head.live and channel in (within, head.place.parent):
                    await self._look(head)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            # The next line there is answered or refused by how the channel is then.
            facts = {"channel": channel, "error": type(error).__name__}
            log.warning("a change of age restriction is noticed later", extra=facts)

    async def _look(self, head: SceneHead) -> None:
        if not is_gated(self._casting.people(head)):
            return
        place = head.place
        if reason := self._casting.why_paused(head):
            # A reply that ends takes back what was said of the lines before it.
            await self._stop(place.channel)
            await self._notices.explain(place, await self._newest(place.channel), reason)
            log.info("a scene waits for another age restriction", extra={"channel": place.channel})
        else:
            await self._notices.withdraw(place, await self._newest(place.channel))
            await self._present(head)
            await self._take_up(place.channel)

    async def _newest(self, channel: ChannelId) -> TurnId:
        for survey in await self._store.survey([channel]):
            return survey.last.id if survey.last is not None else NO_TURN
        return NO_TURN
