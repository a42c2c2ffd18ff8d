"""One process at a time writes in a channel, however many have the bot's token.

Taking a channel, claiming the reply and reading the scene are one step in the
store. Whoever waits for a channel looks again at what is left to do once it is
free: the other process has most likely done it.

While a reply is written, what the model has said is kept with the lease, so
that after a crash the next process goes on in the middle of the sentence.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from bot.core.errors import LeaseLost, StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.ports import SceneStore
from bot.core.scene import Role, Scene, TurnId, Work, reply_turn_id
from bot.core.store_answers import Taken
from bot.services.hold import Hold
from bot.services.lane import Lane
from bot.services.milestones import Milestone, Reached, pass_by

log = logging.getLogger(__name__)

RENEWALS = 3
"""In the time of one lease: two may fail."""
CHECKPOINT_EVERY_S = 2.0
ASK_EVERY_S = 0.5


class ChannelTaken(UserError):
    """Another process has had the channel for longer than we wait."""


class ChannelLeases:
    """Lends a store's channels to this process, which is *owner* among all."""

    def __init__(
        self,
        store: SceneStore,
        *,
        owner: str,
        for_s: float,
        now_ms: Callable[[], int],
        reached: Reached = pass_by,
    ) -> None:
        self._store = store
        self._owner = owner
        self._for_s = for_s
        self._now_ms = now_ms
        self._reached = reached

    async def take(self, lane: Lane, *, within_s: float) -> Taken | None:
        """Take the lane's channel for the reply to its line, or wait for it.

        None if there is nothing left to do: another process has answered, a
        member wants no reply any more, or this process ends.

        Raises:
            ChannelTaken: another process has it for longer than *within_s*.
            StoreUnavailable, StoreRefusesWrites: nobody knows who has it.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + within_s
        has_waited = False
        while (taken := await self._claim(lane)) is None:
            has_waited = True
            if lane.is_leaving:
                return None
            if loop.time() >= give_up_at:
                raise ChannelTaken("Another reply has been under way here for long. Try again.")
            await lane.wait_for_hurry(min(ASK_EVERY_S, self._for_s / 5))
            if lane.is_stopped:
                return None
            lane.interrupt.clear()  # a newer line is answered by whatever comes of this
        lane.hold = Hold(taken.fence, self._owner)
        if taken.is_claimed and _is_done(lane, taken.scene, has_waited=has_waited):
            reply = lane.serving.reply
            await self._store.abandon(lane.channel, reply, fence=taken.fence, release=self._owner)
            return None
        if taken.is_claimed:
            self._reached(Milestone.CLAIMED)
        return taken

    async def take_again(self, lane: Lane) -> Taken:
        """Claim anew what is to be written in a channel that is ours, and read its scene.

        Raises:
            LeaseLost: it is not ours any more.
            StoreUnavailable, StoreRefusesWrites.
        """
        taken = await self._claim(lane)
        if taken is None or lane.hold is None or taken.fence != lane.hold.fence:
            raise LeaseLost("Another process has taken the channel.")
        return taken

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
            if not hold.is_released and not hold.is_lost:
                await self._hand_on(lane, hold)

    async def _claim(self, lane: Lane) -> Taken | None:
        if not lane.is_showing:
            lane.join()
        line = lane.serving
        work = Work(
            line.reply,
            line.turn,
            messages=line.shown,
            at_ms=self._now_ms(),
            kind=line.kind,
            speaker=line.speaker,
        )
        return await self._store.take(
            lane.channel,
            self._owner,
            self._for_s,
            work,
            anew=line.is_anew and not lane.partial.raw,
        )

    async def _keep(self, lane: Lane, hold: Hold) -> None:
        loop = asyncio.get_running_loop()
        renew_after_s = self._for_s / RENEWALS
        renewed_at = loop.time()
        while True:
            await asyncio.sleep(min(CHECKPOINT_EVERY_S, renew_after_s))
            is_due = loop.time() - renewed_at >= renew_after_s * 0.9
            if hold.is_released:
                return
            if not is_due and lane.partial.raw == hold.noted:
                continue
            try:
                fence = await self._renew(lane, hold)
            except (StoreUnavailable, StoreRefusesWrites):
                # As long as nobody can be asked, nobody else can take it either.
                log.warning("a channel's lease was not renewed", extra={"channel": lane.channel})
                continue
            renewed_at = loop.time()
            if fence != hold.fence:
                hold.lose()
                return

    async def _renew(self, lane: Lane, hold: Hold) -> int | None:
        """Keep the lease, and what the model has written since the last time."""
        partial = lane.partial
        written = partial.raw
        has_news = written != hold.noted
        try:
            fence = await self._store.lease(
                lane.channel,
                self._owner,
                self._for_s,
                reply=reply_turn_id(partial.turn) if has_news else TurnId(""),
                written=written,
                tokens=partial.tokens,
            )
        finally:
            if hold.is_released:  # meanwhile: then this has taken it once more
                await self._release(lane)
        if has_news:
            hold.noted = written
            self._reached(Milestone.CHECKPOINT)
        return fence

    async def _hand_on(self, lane: Lane, hold: Hold) -> None:
        """Leave the channel to whoever comes next, with all that is written so far."""
        # If Redis does not hear of it, the lease ends by itself.
        with suppress(StoreUnavailable, StoreRefusesWrites):
            if lane.partial.raw != hold.noted:
                await self._renew(lane, hold)
            await self._release(lane)

    async def _release(self, lane: Lane) -> None:
        with suppress(StoreUnavailable, StoreRefusesWrites):
            await self._store.release(lane.channel, self._owner)


def _is_done(lane: Lane, scene: Scene | None, *, has_waited: bool) -> bool:
    """Whether the line has its answer: by another process, or, told of late, with a later line.

    A reply that was being written anew stands already: only whoever waited for
    the one that wrote it can tell that it is done.
    """
    line = lane.serving
    if scene is None:
        return False
    if line.shown and not has_waited:
        return False
    return any(turn.role is Role.CHARACTER and turn.id > line.turn for turn in scene.turns)
