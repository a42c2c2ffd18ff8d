"""Messages of ours of which nobody knows whether the story has them.

A process that was frozen for longer than it had a channel may find that it has
posted there. If that was before the freeze, whoever has the channel now looks for
the post by its mark and goes on in it: then it stays.
"""

import asyncio
import logging
from contextlib import suppress

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, MessageId, Place
from bot.services.notices import Notices

log = logging.getLogger(__name__)

ASK_EVERY_S = 0.5
ASKS = 20
"""In that time a post that is looked for is found, or made again."""


class Strays:
    """Borrows all it is given."""

    def __init__(
        self, store: SceneStore, notices: Notices, *, ask_every_s: float = ASK_EVERY_S
    ) -> None:
        self._store = store
        self._notices = notices
        self._ask_every_s = ask_every_s

    async def take_back(self, place: Place, message: MessageId) -> None:
        """Remove *message*, unless it shows a turn, or a part of the reply in the making.

        Where nobody can tell, it stays: what may be the reply is not taken away.
        """
        with suppress(StoreUnavailable, StoreRefusesWrites):
            for _ in range(ASKS):
                if not await self._is_looked_for(place.channel):
                    if not await is_held_in(self._store, place.channel, message):
                        await self._notices.take_back(place, message)
                    return
                await asyncio.sleep(self._ask_every_s)
        log.info("nobody knows whose a message is", extra={"channel": place.channel})

    async def _is_looked_for(self, channel: ChannelId) -> bool:
        """Whether a post is under way there: it may turn out to be this message."""
        work = await self._store.work(channel)
        return work is not None and bool(work.posting)


async def is_held_in(store: SceneStore, channel: ChannelId, message: MessageId) -> bool:
    """Whether the story has *message*: in a turn, or in the reply in the making.

    Raises:
        StoreUnavailable, StoreRefusesWrites: nobody knows.
    """
    # In this order: a reply that is stored meanwhile is found among the turns.
    work = await store.work(channel)
    if work is not None and message in work.messages:
        return True
    scene = await store.read(channel)
    return scene is not None and any(message in turn.messages for turn in scene.turns)
