"""The turn pipeline: a member's line goes in, the character's reply comes out.

One *lane* per channel keeps the order there: it waits a moment for more lines,
reads the scene, writes one reply and, if lines came meanwhile, goes round
again. Every trigger ends in a reply, in one notice that says why not and
offers to try again, or in a newer trigger that took its place.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol, Self

from bot.core.error_sentences import sentence_for
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.ports import SceneMemory
from bot.core.scene import (
    ChannelId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    TurnId,
    WorkKind,
    player_turn_id,
    trigger_of,
)
from bot.core.triggers import Decision
from bot.services.answering import Answering
from bot.services.casting import Casting
from bot.services.heard import Heard
from bot.services.incoming import Incoming, Patience, Proxied
from bot.services.intake import ALL_EARS, Ears, Intake
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Trigger
from bot.services.milestones import Milestone, Reached, pass_by
from bot.services.notices import Notices
from bot.services.prompting import Prompting
from bot.services.recent import Recent
from bot.services.recovery import is_followed, left_over, line_left
from bot.services.rows import Rows
from bot.services.wishes import HALT_WITHIN_S, Wishes

log = logging.getLogger(__name__)

SURVEYED_AT_ONCE = 100
WRITTEN_KEPT = 4_096
"""Messages whose last change by us is remembered: Discord tells us of it a moment later."""


class Show(Protocol):
    """Posts a stored turn."""

    async def __call__(self, head: SceneHead, turn: Turn, /) -> None: ...


class TurnPipeline(Wishes):
    """Answers lines in live scenes. Enter it to give its tasks an owner."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        notices: Notices,
        casting: Casting,
        answering: Answering,
        prompting: Prompting,
        heard: Heard,
        rows: Rows,
        patience: Patience,
        now_ms: Callable[[], int],
        reached: Reached = pass_by,
        ears: Ears = ALL_EARS,
    ) -> None:
        self._lanes: dict[ChannelId, Lane] = {}
        super().__init__(
            store=store,
            casting=casting,
            lanes=self._lanes,
            poke=self._begin,
            is_closing=lambda: self._closing,
            now_ms=now_ms,
        )
        self._notices = notices
        self._answering = answering
        self._prompting = prompting
        self._heard = heard
        self._rows = rows
        self._chores: set[asyncio.Task[None]] = set()
        self._patience = patience
        self._insist = patience.insist
        self._reached = reached
        self._written: Recent[MessageId, int] = Recent(WRITTEN_KEPT)
        self._intake = Intake(store, notices, casting, heard, metrics=answering.metrics, ears=ears)
        self._tasks = asyncio.TaskGroup()
        self._closing = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        # Whoever leaves has drained; what is still running has had its time.
        for lane in self._lanes.values():
            lane.cancel()
        for chore in self._chores:
            chore.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def drain(self, within_s: float) -> bool:
        """Take no new work and let replies end; returns whether all did in time.

        What did not is left to the next process as far as it goes when the
        pipeline is left.
        """
        self._closing = True
        for lane in self._lanes.values():
            lane.leave()  # who waits for the model leaves the line to the next process
        try:
            async with asyncio.timeout(within_s):
                while running := [lane.finished.wait() for lane in self._lanes.values()]:
                    await asyncio.gather(*running)
        except TimeoutError:
            return False
        return True

    async def receive(self, incoming: Incoming) -> Decision | None:
        """Take a member's message in; returns what was decided, None without a live scene.

        Raises:
            StoreUnavailable, StoreRefusesWrites: it could not be stored; where
                somebody waits for an answer, that was said.
        """
        with self._heard.coming(incoming.place.channel, incoming.message):
            return await self._receive(incoming)

    async def _receive(self, incoming: Incoming) -> Decision | None:
        place = incoming.place
        try:
            decision, trigger = await self._insist(lambda: self._intake.take(incoming))
        except (StoreUnavailable, StoreRefusesWrites) as error:
            facts = {"channel": place.channel, "error": type(error).__name__}
            log.warning("a line was not stored", extra=facts)
            if self._intake.live_head(place.channel) is not None or incoming.mentions_bot:
                await self._notices.say_once(place, sentence_for(error))
            raise
        self.hear(place.channel, incoming.message)
        head = self._intake.live_head(place.channel)
        if trigger is not None and head is not None:
            self._reached(Milestone.INGESTED)
            self._begin(head, trigger)
        return decision

    async def send(self, incoming: Incoming, show: Show) -> Decision | None:
        """Take a line in that we post for its author; returns as `receive` does.

        It is stored, then shown, then answered, like any line of theirs.

        Raises:
            UserError: it cannot be shown, and is not remembered.
            StoreUnavailable, StoreRefusesWrites.
        """
        channel = incoming.place.channel
        decision, trigger = await self._insist(lambda: self._intake.take(incoming))
        scene = await self._insist(partial(self._store.read, channel)) if decision else None
        named = player_turn_id(incoming.message)
        line = next((turn for turn in scene.turns if turn.id == named), None) if scene else None
        if scene is None or line is None:
            return decision
        await show(scene.head, line)
        if trigger is not None:
            self._begin(scene.head, trigger)
        return decision

    async def replaced(self, line: Incoming, posted: Proxied) -> None:
        """Another bot has posted *posted* in place of a member's *line*, which is deleted.

        Raises:
            StoreUnavailable, StoreRefusesWrites: it is not stored.
        """
        channel, turn = line.place.channel, player_turn_id(line.message)
        trigger = await self._insist(lambda: self._intake.replace(line, posted))
        self._prompting.forget(channel)  # it holds what was deleted
        lane = self._lanes.get(channel)
        if lane is not None and lane.is_stopped and lane.newest.turn == turn:
            # The deletion came first, and the reply is being given up for it.
            with suppress(TimeoutError):
                async with asyncio.timeout(HALT_WITHIN_S):
                    await lane.finished.wait()
        head = self._intake.live_head(channel)
        if trigger is not None and head is not None and line.at_ms >= self._oldest_ms():
            # Its reply may be there already, or is made by whoever has begun it.
            self._begin(head, replace(trigger, is_left_over=True))
        if (lane := self._lanes.get(channel)) is not None:
            lane.changed(turn)

    def plays(self, channel: ChannelId) -> bool:
        """Whether a scene is live there, as far as we know."""
        return self._intake.live_head(channel) is not None

    def hear(self, channel: ChannelId, message: MessageId) -> None:
        """Discord has told us of *message*, whoever wrote it, and of all before it."""
        if self._intake.live_head(channel) is not None:
            self._heard.note(channel, message)

    async def receive_missed(self, lines: Sequence[Incoming]) -> int:
        """Take lines in that came while nobody listened; returns how many are new.

        The channel gets one reply at most, and none to a line that is too old.

        Args:
            lines: of one channel, oldest first.

        Raises:
            StoreUnavailable, StoreRefusesWrites: not all of them are stored.
        """
        due: Trigger | None = None
        count = 0
        oldest_ms = self._oldest_ms()
        for line in lines:
            decision, trigger = await self._insist(partial(self._intake.take, line, is_late=True))
            count += decision in (Decision.ANSWER, Decision.REMEMBER)
            if trigger is not None and line.at_ms >= oldest_ms:
                due = trigger
        head = self._intake.live_head(lines[-1].place.channel) if lines else None
        if due is not None and head is not None:
            self._begin(head, due)
        return count

    def _begin(self, head: SceneHead, trigger: Trigger, *, is_begun: bool = False) -> None:
        if self._closing:
            return  # the line is stored: the next process answers it
        channel = head.place.channel
        # Nobody waits for more lines before what is stored changes, and none joins it.
        is_begun = is_begun or trigger.kind is not WorkKind.REPLY
        lane = self._lanes.get(channel)
        if lane is None:
            lane = self._lanes[channel] = Lane(head, trigger, is_begun=is_begun)
            lane.task = self._tasks.create_task(self._serve(lane), name=f"lane {channel}")
        else:
            lane.poke(head, trigger)

    def is_writing(self, channel: ChannelId) -> bool:
        """Whether a reply is being made there."""
        return channel in self._lanes

    async def written(self, channel: ChannelId) -> None:
        """Wait until no reply is being made there; the caller sets a limit."""
        if (lane := self._lanes.get(channel)) is not None:
            await lane.finished.wait()

    async def recover(
        self,
        predecessor: str | None = None,
        *,
        later: Collection[ChannelId] = (),
    ) -> int:
        """After a start: answer what a crash or a restart left unanswered; returns how many.

        Args:
            predecessor: what it held is free at once: it is known to have ended.
            later: channels of which not all lines are known yet: whoever learns them
                calls `take_up`. A reply that shows in part goes on at once.
        """
        count = 0
        channels = await self._insist(self._store.live_channels)
        for at in range(0, len(channels), SURVEYED_AT_ONCE):
            surveys = await self._insist(
                partial(self._store.survey, channels[at : at + SURVEYED_AT_ONCE])
            )
            for survey in surveys:
                channel = survey.head.place.channel
                self._intake.note_live(survey.head, channel)
                last = survey.last
                ends = last is None or (last.role is Role.CHARACTER and not is_followed(last))
                if survey.work is None and ends:
                    continue
                if predecessor is not None:
                    await self._insist(partial(self._store.release, channel, predecessor))
                is_begun = survey.work is not None and survey.work.shows
                if is_begun or channel not in later:
                    count += await self.take_up(channel)
        return count

    async def take_up(self, channel: ChannelId) -> bool:
        """Go on in a channel where something was left; returns whether there was.

        Lines older than `resume_age_s` are left alone: an answer out of the
        blue would surprise more than help. A reply that shows in part is ended
        then with what is there.
        """
        scene = await self._insist(partial(self._store.read, channel))
        work = await self._insist(partial(self._store.work, channel))
        if scene is None:
            return False
        left = left_over(scene, work)
        oldest_ms = self._oldest_ms()
        if left.begun is not None and work is not None:
            begun = left.begun.gone_stale() if work.at_ms < oldest_ms else left.begun
            self._begin(scene.head, begun, is_begun=True)
        is_fresh = bool(scene.turns) and scene.turns[-1].at_ms >= oldest_ms
        if left.waiting is not None and is_fresh:
            self._begin(scene.head, left.waiting)
        return left.begun is not None or (left.waiting is not None and is_fresh)

    def _oldest_ms(self) -> float:
        """What is older is not answered out of the blue."""
        return self._now_ms() - self._patience.resume_age_s * 1000

    async def edited(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        """A message has been edited, so its turn is; returns whether it shows one.

        Raises:
            StoreUnavailable, StoreRefusesWrites: memory is not as the screen.
        """
        is_ours = await self._insist(lambda: self._store.edit(channel, message, text, at_ms))
        if is_ours and channel in self._lanes:
            line = await self._line_of(channel, message)
            if (lane := self._lanes.get(channel)) is not None:
                lane.changed(line)
        return is_ours

    async def _line_of(self, channel: ChannelId, message: MessageId) -> TurnId:
        """The line that *message* shows; what another bot has posted shows one of a player's."""
        named = player_turn_id(message)
        if self._lanes[channel].serving.turn == named:
            return named
        scene = await self._insist(partial(self._store.read, channel))
        turns = scene.turns if scene is not None else ()
        return next((turn.id for turn in turns if message in turn.messages), named)

    def is_echo(self, channel: ChannelId, message: MessageId, at_ms: int) -> bool:
        """Whether an edit of *message* tells nothing that memory does not know, or will."""
        lane = self._lanes.get(channel)
        if lane is not None and message in lane.shown_in:
            return True
        written = lane.written if lane is not None else {}
        return at_ms <= max(written.get(message, 0), self._written.get(message) or 0)

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        """Messages are gone from the screen, so they are from memory.

        Raises:
            StoreUnavailable, StoreRefusesWrites: they are not.
        """
        if (lane := self._lanes.get(channel)) is not None:
            messages = [each for each in messages if each not in lane.taken_away]
        if not messages:
            return
        self._notices.removed(channel, messages)
        deleted = await self._insist(lambda: self._store.delete(channel, messages))
        if deleted.gone or deleted.shortened:
            self._prompting.forget(channel)  # it holds what was deleted
        if (lane := self._lanes.get(channel)) is not None:
            is_gone = lane.newest.turn in deleted.gone
            scene = await self._insist(partial(self._store.read, channel)) if is_gone else None
            # Who takes a reply away does not ask for another one instead.
            is_line = trigger_of(lane.newest.turn) is None
            left = line_left(scene) if scene is not None and is_line else None
            lane.removed(deleted.gone, messages, left)

    async def offered(self, place: Place, line: TurnId, notice: MessageId) -> None:
        """*notice* stands there, maybe of an earlier process, until *line* has its reply."""
        await self._notices.found(place, line, notice)

    def noted(self, head: SceneHead) -> None:
        """A scene has begun, was stopped or goes on: also while the store is away it is known."""
        self._intake.note_live(head, head.place.channel)

    def ended(self, channel: ChannelId) -> None:
        """The channel is gone, or its scene: nothing is written there any more."""
        self._intake.note_live(None, channel)
        if (lane := self._lanes.get(channel)) is not None:
            lane.interrupt.request(Reason.STOP)

    async def _serve(self, lane: Lane) -> None:
        try:
            while lane.take():
                await self._answering.answer(lane, self._tasks)
                self._clear_rows(lane)
        finally:
            for message, at_ms in lane.written.items():
                self._written.set(message, at_ms)
            del self._lanes[lane.channel]
            lane.finished.set()

    def _clear_rows(self, lane: Lane) -> None:
        """Take the buttons of older replies away, while others are served already."""
        if not lane.old_rows or self._closing:
            return
        clearing = self._rows.clear(lane.head.place, lane.old_rows)
        lane.old_rows = ()
        chore = self._tasks.create_task(clearing, name=f"old buttons {lane.channel}")
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)
