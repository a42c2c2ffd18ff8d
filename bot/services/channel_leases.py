"""One process at a time writes in a channel, however many have the bot's token.

Whoever waits for a channel looks again at what is left to do once it is free:
the other process has most likely done it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.ports import SceneStore
from bot.services.hold import Hold
from bot.services.interrupt import Reason
from bot.services.lane import Lane
from bot.services.recovery import is_answered

log = logging.getLogger(__name__)

RENEWALS = 3
"""In the time of one lease: two may fail."""
ASK_EVERY_S = 0.5


class ChannelTaken(UserError):
    """Another process has had the channel for longer than we wait."""


class ChannelLeases:
    """Lends a store's channels to this process, which is *owner* among all."""

    def __init__(self, store: SceneStore, *, owner: str, for_s: float) -> None:
        self._store = store
        self._owner = owner
        self._for_s = for_s

    async def take(self, lane: Lane, *, within_s: float) -> Hold | None:
        """Take the lane's channel, or wait for it; None if there is nothing left to do.

        That is so when another process has answered, when a member wants no
        reply any more, and when this process ends.

        Raises:
            ChannelTaken: another process has it for longer than *within_s*.
            StoreUnavailable, StoreRefusesWrites: nobody knows who has it.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + within_s
        may_be_done = lane.newest.is_left_over
        while (fence := await self._lease(lane)) is None:
            may_be_done = True
            if lane.is_leaving:
                return None
            if loop.time() >= give_up_at:
                raise ChannelTaken("Another reply has been under way here for long. Try again.")
            await lane.wait_for_hurry(min(ASK_EVERY_S, self._for_s / 5))
            if lane.interrupt.reason is Reason.STOP:
                return None
            lane.interrupt.clear()  # a newer line is answered by whatever comes of this
        lane.hold = Hold(fence)
        if may_be_done and await self._is_answered(lane):
            await self._release(lane)
            return None
        return lane.hold

    @asynccontextmanager
    async def kept(
        self, lane: Lane, hold: Hold, tasks: asyncio.TaskGroup
    ) -> AsyncGenerator[None, None]:
        """Keep the channel for the length of the block, then give it back.

        Raises:
            LeaseLost: another process has it; the block was ended.
        """
        keeper = tasks.create_task(self._keep(lane, hold), name=f"lease {lane.channel}")
        try:
            async with hold.block():
                yield
        finally:
            keeper.cancel()
            await self._release(lane)

    async def _keep(self, lane: Lane, hold: Hold) -> None:
        while True:
            await asyncio.sleep(self._for_s / RENEWALS)
            try:
                fence = await self._lease(lane)
            except (StoreUnavailable, StoreRefusesWrites):
                # As long as nobody can be asked, nobody else can take it either.
                log.warning("a channel's lease was not renewed", extra={"channel": lane.channel})
                continue
            if fence != hold.fence:
                hold.lose()
                return

    async def _lease(self, lane: Lane) -> int | None:
        return await self._store.lease(lane.channel, self._owner, self._for_s)

    async def _release(self, lane: Lane) -> None:
        # If Redis does not hear of it, the lease ends by itself.
        with suppress(StoreUnavailable, StoreRefusesWrites):
            await self._store.release(lane.channel, self._owner)

    async def _is_answered(self, lane: Lane) -> bool:
        scene = await self._store.read(lane.channel)
        work = await self._store.work(lane.channel)
        return scene is not None and is_answered(scene, work, lane.newest.turn)
