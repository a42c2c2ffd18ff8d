"""The turn pipeline: a member's line goes in, the character's reply comes out.

One *lane* per channel keeps the order there: it waits a moment for more lines,
reads the scene, writes one reply and, if lines came meanwhile, goes round
again. Every trigger ends in a reply, in one notice that says why not and
offers to try again, or in a newer trigger that took its place.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Self, TypeVar

from bot.core.error_sentences import is_bug, sentence_for
from bot.core.errors import (
    GenerationError,
    GenerationRejected,
    LeaseLost,
    NoLiveScene,
    PostRefused,
    StoreRefusesWrites,
    StoreUnavailable,
    UserError,
)
from bot.core.ports import Metrics, SceneStore, Voice
from bot.core.scene import (
    ChannelId,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    player_turn_id,
)
from bot.core.store_answers import IngestStatus
from bot.core.triggers import Decision, decide
from bot.services.again import anew, going_on
from bot.services.channel_leases import ChannelLeases
from bot.services.incoming import Incoming, Patience
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Trigger
from bot.services.notices import Notices
from bot.services.prompting import Prompting
from bot.services.recovery import left_unanswered, line_left
from bot.services.reply_writer import ReplyWriter, another_try

log = logging.getLogger(__name__)

T = TypeVar("T")

LIVE_KEPT = 20_000
"""Channels remembered as live, for the time when the store cannot be asked."""

ROUND = 2
ROUND_BEGINS = (
    "Several of you play now, so {name} answers when you say the name, mention me, or reply to "
    "one of {name}'s messages. Everything else is heard and remembered."
)


class TurnPipeline:
    """Answers lines in live scenes. Enter it to give its tasks an owner."""

    def __init__(
        self,
        *,
        store: SceneStore,
        voice: Voice,
        writer: ReplyWriter,
        prompting: Prompting,
        leases: ChannelLeases,
        metrics: Metrics,
        patience: Patience,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._notices = Notices(voice)
        self._writer = writer
        self._prompting = prompting
        self._leases = leases
        self._metrics = metrics
        self._patience = patience
        self._now_ms = now_ms
        self._lanes: dict[ChannelId, Lane] = {}
        self._live: OrderedDict[ChannelId, None] = OrderedDict()
        self._tasks = asyncio.TaskGroup()
        self._closing = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        # Whoever leaves has drained; what is still running has had its time.
        for lane in self._lanes.values():
            lane.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def drain(self, within_s: float) -> bool:
        """Take no new work and let replies end; returns whether all did in time."""
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
        """Take a member's message in; returns what was decided, None without a live scene."""
        place = incoming.place
        try:
            return await self._insist(lambda: self._take(incoming))
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning(
                "a line was not stored",
                extra={"channel": place.channel, "error": type(error).__name__},
            )
            if place.channel in self._live or incoming.mentions_bot:
                await self._notices.say(place, sentence_for(error))
            return None

    async def _insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do *step*, which may be done twice, and again while the store is briefly away."""
        for pause_s in self._patience.store_pauses_s:
            try:
                return await step()
            except StoreUnavailable:
                await asyncio.sleep(pause_s)
        return await step()

    def _note_live(self, channel: ChannelId, *, live: bool) -> None:
        self._live.pop(channel, None)
        if live:
            self._live[channel] = None
            if len(self._live) > LIVE_KEPT:
                self._live.popitem(last=False)

    async def _take(self, incoming: Incoming) -> Decision | None:
        place = incoming.place
        head = await self._store.head(place.channel)
        self._note_live(place.channel, live=head is not None and head.live)
        if head is None or not head.live:
            return None
        players = {*head.players, incoming.author}
        decision = decide(
            players=len(players),
            mentioned=incoming.mentions_bot,
            replied_to_character=incoming.replies_to_character,
            text=incoming.text,
            names=(head.character_name,),
        )
        if decision in (Decision.IGNORE_OOC, Decision.IGNORE_EMPTY):
            await self._notices.mark_as_remark(place, incoming.message)
            return decision
        turn = Turn(
            id=player_turn_id(incoming.message),
            role=Role.PLAYER,
            name=incoming.name,
            swipes=(incoming.text,),
            author=incoming.author,
            messages=(incoming.message,),
            at_ms=incoming.at_ms,
            facts={"decision": decision},
        )
        ingested = await self._store.ingest(place.channel, turn)
        if ingested.status is not IngestStatus.STORED or ingested.head is None:
            return None
        if decision is Decision.ANSWER:
            self._poke(ingested.head, Trigger(turn.id, incoming.author))
        elif len(players) == ROUND and incoming.author not in head.players:
            # From here on the first player is not answered every time either.
            name = head.character_name
            await self._notices.say(place, ROUND_BEGINS.format(name=name))
        return decision

    def _poke(self, head: SceneHead, trigger: Trigger) -> None:
        if self._closing:
            return  # the line is stored: the next process answers it
        lane = self._lanes.get(head.place.channel)
        if lane is None:
            lane = self._lanes[head.place.channel] = Lane(head, trigger)
            lane.task = self._tasks.create_task(
                self._serve(lane), name=f"lane {head.place.channel}"
            )
        else:
            lane.poke(head, trigger)

    def stop(self, channel: ChannelId) -> bool:
        """End the reply that is being written, keeping what is shown; False if there is none."""
        lane = self._lanes.get(channel)
        if lane is None:
            return False
        lane.interrupt.request(Reason.STOP)
        return True

    def is_writing(self, channel: ChannelId) -> bool:
        """Whether a reply is being made there."""
        return channel in self._lanes

    async def retry(self, channel: ChannelId, trigger: TurnId) -> bool:
        """Ask again for the reply to *trigger*, if the story has not gone on.

        Returns whether that began a new try; False if one is under way.

        Raises:
            UserError: there is nothing to answer again; says why.
        """
        if (under_way := self._under_way(channel, trigger)) is not None:
            return under_way
        scene = await self._live_scene(channel)
        self._poke(scene.head, anew(scene, trigger))
        return True

    async def continue_reply(self, channel: ChannelId, reply: TurnId) -> bool:
        """Let the newest reply go on where it was cut off; returns as `retry` does.

        Raises:
            UserError: there is no such reply, or the story has gone on.
        """
        scene = await self._live_scene(channel)
        rest = going_on(scene, reply)
        if (under_way := self._under_way(channel, rest.turn)) is not None:
            return under_way
        self._poke(scene.head, rest)
        return True

    def _under_way(self, channel: ChannelId, trigger: TurnId) -> bool | None:
        """False if the reply to *trigger* is being written, None if none is."""
        if self._closing:
            raise UserError("I am about to restart. Please try again in a minute.")
        lane = self._lanes.get(channel)
        if lane is None:
            return None
        if lane.newest.turn != trigger:
            raise UserError("A reply is being written already.")
        lane.hurry()
        return False

    async def _live_scene(self, channel: ChannelId) -> Scene:
        scene = await self._store.read(channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene("No scene is live here. Start one with /roleplay start.")
        return scene

    async def recover(self, predecessor: str | None = None) -> int:
        """After a start: answer what a crash or a restart left unanswered; returns how many.

        Lines older than `resume_age_s` are left alone: an answer out of the
        blue would surprise more than help. What *predecessor* held is free at
        once: that process is known to have ended.
        """
        count = 0
        for channel in await self._insist(self._store.live_channels):
            if predecessor is not None:
                await self._insist(partial(self._store.release, channel, predecessor))
            self._note_live(channel, live=True)
            scene = await self._insist(partial(self._store.read, channel))
            work = await self._insist(partial(self._store.work, channel))
            trigger = left_unanswered(scene, work) if scene else None
            if scene is None or trigger is None:
                continue
            if self._now_ms() - scene.turns[-1].at_ms <= self._patience.resume_age_s * 1000:
                self._poke(scene.head, trigger)
                count += 1
        return count

    async def edited(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> None:
        """A member has edited their message: what is on the screen is what we remember."""
        is_ours = await self._insist(lambda: self._store.edit(channel, message, text, at_ms))
        lane = self._lanes.get(channel)
        if is_ours and lane is not None:
            lane.changed(player_turn_id(message))

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        """Messages are gone from the screen, so they are from memory."""
        if (lane := self._lanes.get(channel)) is not None:
            messages = [each for each in messages if each not in lane.taken_away]
        deleted = await self._insist(lambda: self._store.delete(channel, messages))
        if deleted.gone or deleted.shortened:
            self._prompting.forget(channel)  # it holds what was deleted
        if (lane := self._lanes.get(channel)) is not None:
            is_gone = lane.newest.turn in deleted.gone
            scene = await self._insist(partial(self._store.read, channel)) if is_gone else None
            lane.removed(deleted.gone, messages, line_left(scene) if scene else None)

    async def _serve(self, lane: Lane) -> None:
        try:
            while lane.take():
                await self._answer(lane)
        finally:
            del self._lanes[lane.channel]
            lane.finished.set()

    async def _answer(self, lane: Lane) -> None:
        started = asyncio.get_running_loop().time()
        outcome: str | None = None
        try:
            hold = await self._leases.take(lane, within_s=self._patience.resume_age_s)
            if hold is not None:
                async with self._leases.kept(lane, hold, self._tasks):
                    outcome = await self._answer_alone(lane)
            elif lane.interrupt.reason is Reason.STOP:
                outcome = "stopped"
        except LeaseLost:
            await self._yield_to_another(lane)
        except Exception as error:  # the task's boundary: a lane must never die silently
            outcome = "failed"
            facts = {"channel": lane.channel, "error": type(error).__name__}
            log.warning("a reply failed", extra=facts, exc_info=is_bug(error))
            await self._notices.say(lane.head.place, sentence_for(error), another_try(lane))
        finally:
            lane.interrupt.clear()
        if outcome is not None:
            self._metrics.turn_ended(outcome, asyncio.get_running_loop().time() - started)

    async def _answer_alone(self, lane: Lane) -> str | None:
        """Answer while no other process does; what failed is let go while that is so."""
        try:
            return await self._answer_or_wait(lane)
        except LeaseLost:
            raise
        except NoLiveScene as error:
            await self._let_go(lane, error)
            return "stopped"  # whoever stopped the scene knows
        except Exception as error:
            await self._let_go(lane, error)
            raise

    async def _yield_to_another(self, lane: Lane) -> None:
        """Another process has the reply: nothing is said, and nothing of its is touched."""
        log.info("another process has taken a channel over", extra={"channel": lane.channel})
        for stray in lane.hold.strays if lane.hold is not None else ():
            await self._notices.take_back(lane.head.place, stray)

    async def _answer_or_wait(self, lane: Lane) -> str | None:
        """Answer; while the model is away, say so once and come back until it answers.

        Returns None where that is left to the next process.
        """
        give_up_at = asyncio.get_running_loop().time() + self._patience.resume_age_s
        pause_s = self._patience.retry_first_s
        apology: MessageId | None = None
        try:
            while True:
                try:
                    return await self._writer.write(lane)
                except GenerationRejected:
                    raise
                except GenerationError as error:
                    facts = {"channel": lane.channel, "error": type(error).__name__}
                    log.warning("the model is away", extra=facts)
                    if self._closing:
                        return None
                    if asyncio.get_running_loop().time() >= give_up_at:
                        await self._writer.keep_partial(lane)
                        raise
                if apology is None:
                    apology = await self._apologise(lane)
                await lane.wait_for_hurry(pause_s)
                pause_s = min(pause_s * 2, self._patience.retry_at_most_s)
                if lane.interrupt.reason is Reason.STOP:
                    return await self._stop_waiting(lane)
        finally:
            if apology is not None:
                await self._notices.take_back(lane.head.place, apology)

    async def _stop_waiting(self, lane: Lane) -> str:
        if not (lane.is_showing and await self._writer.keep_partial(lane)):
            await self._writer.take_back(lane)
        return "stopped"

    async def _apologise(self, lane: Lane) -> MessageId | None:
        sentence = (
            "The model is not answering right now. Your line is kept, and the reply will come "
            "by itself as soon as the model is back."
        )
        return await self._notices.say(lane.head.place, sentence, another_try(lane))

    async def _let_go(self, lane: Lane, error: Exception) -> None:
        """Give the reply up; what shows of it stays claimed, so that another try edits it."""
        try:
            work = await self._store.work(lane.channel)
            if work is None:
                return
            if isinstance(error, PostRefused) and not work.continues:
                await self._writer.take_back(lane)
            elif not work.messages or work.continues:  # what is stored already stays as it is
                await self._store.abandon(lane.channel, work.reply, fence=lane.fence)
        except (StoreUnavailable, StoreRefusesWrites, UserError):
            log.warning("work is left behind", extra={"channel": lane.channel})
