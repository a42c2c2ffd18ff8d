"""One process at a time writes in a channel, however many have the bot's token.

Taking a channel, claiming the reply and reading the scene are one step in the
store. Whoever waits for a channel looks again at what is left to do once it is
free: the other process has most likely done it.

While a reply is written, what the model has said is kept with the lease, so
that after a crash the next process goes on in the middle of the sentence.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from bot.core.errors import LeaseLost, StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneStore
from bot.core.scene import TurnId, Work, WorkKind, reply_turn_id
from bot.core.store_answers import Taken
from bot.services.hold import Hold
from bot.services.incoming import Patience
from bot.services.lane import Lane
from bot.services.milestones import Milestone, Reached, pass_by

log = logging.getLogger(__name__)

T = TypeVar("T")

RENEWALS = 3
"""In the time of one lease: two may fail."""
CHECKPOINT_EVERY_S = 2.0
ASK_EVERY_S = 0.5


class ChannelTaken(UserError):
    """Another process has had the channel for longer than we wait."""


class ChannelLeases:
    """Lends a store's channels to this process, which is *owner* among all.

    Args:
        clock_s: goes on while the process is frozen, whatever becomes of the date.
    """

    def __init__(
        self,
        store: SceneStore,
        *,
        owner: str,
        for_s: float,
        patience: Patience,
        now_ms: Callable[[], int],
        clock_s: Callable[[], float],
        reached: Reached = pass_by,
    ) -> None:
        self._store = store
        self._owner = owner
        self._for_s = for_s
        self._patience = patience
        self._now_ms = now_ms
        self._clock_s = clock_s
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
        has_waited, asked_at = False, self._clock_s()
        while (taken := await self._claim(lane, has_waited=has_waited)) is None:
            has_waited = True
            if lane.is_leaving:
                return None
            if loop.time() >= give_up_at:
                raise ChannelTaken(
                    phrase("Another reply has been under way here for long. Try again.")
                )
            await lane.wait_for_hurry(min(ASK_EVERY_S, self._for_s / 5))
            if lane.is_stopped:
                return None
            lane.interrupt.clear()  # a newer line is answered by whatever comes of this
            asked_at = self._clock_s()
        if taken.is_answered:
            return None
        lane.hold = Hold(taken.fence, self._owner, sure_until=asked_at + self._for_s)
        if taken.is_claimed:
            self._reached(Milestone.CLAIMED)
        return taken

    async def take_again(self, lane: Lane) -> Taken:
        """Claim anew what is to be written in a channel that is ours, and read its scene.

        Raises:
            LeaseLost: it is not ours any more.
            StoreUnavailable, StoreRefusesWrites.
        """
        if lane.hold is None:
            raise LeaseLost("The channel was not ours.")
        taken = await self._prolonged(lane.hold, self._claim(lane, fence=lane.hold.fence))
        if taken is None:
            raise LeaseLost("Another process has taken the channel.")
        return taken

    async def confirm(self, lane: Lane) -> None:
        """Make sure that the lane's channel is ours still; asks only where that is not certain.

        Between two steps the process may have been frozen, for longer than it had the
        channel, and a step at Discord cannot be fenced: so this comes before each.

        Raises:
            LeaseLost: another process has it.
        """
        hold = lane.hold
        if hold is None or hold.is_released:
            return
        if hold.is_lost:
            raise LeaseLost("Another process has taken the channel.")
        if self._clock_s() < hold.sure_until:
            return
        try:
            await self._renew(lane, hold)
        except (StoreUnavailable, StoreRefusesWrites):
            # As long as nobody can be asked, nobody else can take it either.
            hold.sure_until = self._clock_s() + self._for_s / RENEWALS

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

    async def _claim(
        self, lane: Lane, *, has_waited: bool = False, fence: int | None = None
    ) -> Taken | None:
        if not lane.is_showing:
            lane.join()
        line = lane.serving
        is_first = line.kind is WorkKind.REPLY and not line.shown
        work = Work(
            line.reply,
            line.turn,
            messages=line.shown,
            at_ms=self._now_ms(),
            kind=line.kind,
            speaker=line.speaker,
        )
        return await self._patience.insist(
            lambda: self._store.take(
                lane.channel,
                self._owner,
                self._for_s,
                work,
                anew=line.is_anew and not lane.partial.raw,
                # What is to be made of a reply that stands can have been done only by
                # another process that was waited for.
                unless_answered=fence is None and (has_waited or is_first),
                fence=fence,
            )
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
                await self._renew(lane, hold)
            except (StoreUnavailable, StoreRefusesWrites):
                # As long as nobody can be asked, nobody else can take it either.
                log.warning("a channel's lease was not renewed", extra={"channel": lane.channel})
                continue
            except LeaseLost:
                if not hold.is_released:  # meanwhile
                    hold.lose()
                return
            renewed_at = loop.time()

    async def _renew(self, lane: Lane, hold: Hold) -> None:
        """Keep the lease, and what the model has written since the last time."""
        partial = lane.partial
        written = partial.raw
        has_news = written != hold.noted
        await self._prolonged(
            hold,
            self._store.lease(
                lane.channel,
                self._owner,
                self._for_s,
                reply=reply_turn_id(partial.turn) if has_news else TurnId(""),
                written=written,
                tokens=partial.tokens,
                fence=hold.fence,
            ),
        )
        if has_news:
            hold.noted = written
            self._reached(Milestone.CHECKPOINT)

    async def _prolonged(self, hold: Hold, step: Awaitable[T]) -> T:
        """Do *step*, with which the store lends the channel anew, or says that it is lost."""
        asked_at = self._clock_s()
        try:
            answer = await step
        except LeaseLost:
            hold.is_lost = not hold.is_released
            raise
        hold.sure_until = asked_at + self._for_s
        return answer

    async def _hand_on(self, lane: Lane, hold: Hold) -> None:
        """Leave the channel to whoever comes next, with all that is written so far."""
        # If Redis does not hear of it, the lease ends by itself.
        with suppress(StoreUnavailable, StoreRefusesWrites, LeaseLost):
            if lane.partial.raw != hold.noted:
                await self._renew(lane, hold)
            await self._store.release(lane.channel, self._owner)
