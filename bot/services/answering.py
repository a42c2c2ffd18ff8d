"""From a line that waits in a lane to its reply, or to one sentence why there is none."""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress

from bot.core.change import Change
from bot.core.error_sentences import is_bug, sentence_for
from bot.core.errors import (
    GenerationError,
    GenerationOverloaded,
    GenerationRejected,
    GenerationTimedOut,
    LeaseLost,
    NoLiveScene,
    PlaceGone,
    PostAmbiguous,
    PostError,
    PostRefused,
    ScenePaused,
    StoreRefusesWrites,
    StoreUnavailable,
    TooBusy,
    UserError,
)
from bot.core.metrics import Event, Stage
from bot.core.phrases import phrase
from bot.core.ports import Metrics, SceneMemory, Voice
from bot.core.references import reference_to
from bot.core.scene import MessageId, Work, WorkKind
from bot.core.store_answers import Taken
from bot.core.unposted import to_be_posted
from bot.services.about import about, current_reference
from bot.services.backlog import Backlog
from bot.services.channel_leases import ChannelLeases
from bot.services.incoming import Patience
from bot.services.lane import Lane
from bot.services.notices import Notices
from bot.services.outgoing import Outgoing
from bot.services.reply_buttons import another_try
from bot.services.reply_writer import ReplyWriter
from bot.services.strays import Strays
from bot.services.typist import Typist

log = logging.getLogger(__name__)

MODEL_AWAY = phrase(
    "The model is not answering right now. Your line is kept, and the reply will come "
    "by itself as soon as the model is back."
)


class Answering:
    """Serves lanes. Borrows all it is given.

    Attributes:
        metrics: what becomes of turns is counted there.
    """

    def __init__(
        self,
        *,
        store: SceneMemory,
        voice: Voice,
        notices: Notices,
        writer: ReplyWriter,
        leases: ChannelLeases,
        metrics: Metrics,
        patience: Patience,
        outgoing: Outgoing,
        backlog: Backlog,
    ) -> None:
        self._store = store
        self._voice = voice
        self._notices = notices
        self._strays = Strays(store, notices)
        self._writer = writer
        self._leases = leases
        self.metrics = metrics
        self._patience = patience
        self._outgoing = outgoing
        self._backlog = backlog

    async def answer(self, lane: Lane, tasks: asyncio.TaskGroup) -> None:
        """Answer the line that *lane* serves. Never raises: what goes wrong is said there."""
        with about(reference_to(lane.serving.turn)):
            await self._answer_aloud(lane, tasks)

    async def _answer_aloud(self, lane: Lane, tasks: asyncio.TaskGroup) -> None:
        started = asyncio.get_running_loop().time()
        outcome: str | None = None
        try:
            outcome = await self._answer(lane, tasks)
        except LeaseLost:
            await self._yield_to_another(lane)
        except PlaceGone:
            outcome = "failed"
            log.info("a channel is gone, and its scene with it", extra={"channel": lane.channel})
            await self._forget(lane)
        except Exception as error:  # the task's boundary: a lane must never die silently
            outcome = "failed"
            if isinstance(error, TooBusy):
                outcome = "shed"
                self.metrics.count(Event.SHED, "queue full")
            facts = {"channel": lane.channel, "error": type(error).__name__}
            log.warning("a reply failed", extra=facts, exc_info=is_bug(error))
            await self._notices.explain(
                lane.head.place,
                lane.serving.turn,
                sentence_for(error, current_reference()),
                another_try(lane),
            )
        finally:
            lane.interrupt.clear()
        if outcome is not None:
            self.metrics.turn_ended(outcome, asyncio.get_running_loop().time() - started)
        if outcome in ("replied", "stopped"):
            await self._notices.withdraw(lane.head.place, lane.serving.turn)

    async def _forget(self, lane: Lane) -> None:
        # If the store does not hear of it, the channel's event or its expiry will tell it.
        with suppress(StoreUnavailable, StoreRefusesWrites):
            await self._store.purge(lane.channel)

    async def _answer(self, lane: Lane, tasks: asyncio.TaskGroup) -> str | None:
        async with Typist(self._voice, lane.head.place) as typist:
            if lane.serving.kind is WorkKind.SHOW:
                typist.stop()  # an edit would not end what Discord shows for ten seconds
            if not lane.is_showing:
                with self._timed(Stage.DEBOUNCE):
                    await self._wait_for_more(lane)
            if lane.is_stopped:
                return "stopped"
            lane.keeps_links = await self._outgoing.keeps_links(lane.head.place)
            with self._timed(Stage.CLAIM):
                taken = await self._leases.take(lane, within_s=self._patience.resume_age_s)
            if taken is None or lane.hold is None:
                return "stopped" if lane.is_stopped else None
            async with self._leases.kept(lane, lane.hold, tasks):
                return await self._answer_alone(lane, taken, typist)

    async def _wait_for_more(self, lane: Lane) -> None:
        while self._backlog.is_told and not lane.is_stopped:
            lane.interrupt.clear()  # what came is joined in the end
            async with lane.interrupt.block():
                await self._backlog.wait()
        await lane.settle(self._writer.merge_pause_s)

    @contextmanager
    def _timed(self, stage: Stage) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        yield
        self.metrics.took(stage, loop.time() - began)

    async def _answer_alone(self, lane: Lane, taken: Taken, typist: Typist) -> str | None:
        """Answer while no other process does; what failed is let go while that is so."""
        try:
            return await self._answer_or_wait(lane, taken, typist)
        except LeaseLost:
            raise
        except NoLiveScene as error:
            await self._let_go(lane, error)
            return "stopped"  # whoever stopped the scene knows
        except Exception as error:
            await self._leases.confirm(lane)  # else it is the other one's to say what is wrong
            await self._let_go(lane, error)
            raise

    async def _yield_to_another(self, lane: Lane) -> None:
        """Another process has the reply: nothing is said, and nothing of its is touched."""
        self.metrics.count(Event.FENCED)
        log.info("another process has taken a channel over", extra={"channel": lane.channel})
        for stray in lane.hold.strays if lane.hold is not None else ():
            await self._strays.take_back(lane.head.place, stray)

    async def _answer_or_wait(self, lane: Lane, taken: Taken, typist: Typist) -> str | None:
        """Answer; while the model is away, say so once and come back until it answers.

        Returns None where that is left to the next process.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience.resume_age_s
        pause_s = self._patience.retry_first_s
        apology: MessageId | None = None
        try:
            while True:
                try:
                    return await self._writer.write(lane, taken, typist)
                except GenerationRejected:
                    raise
                except GenerationError as error:
                    facts = {"channel": lane.channel, "error": type(error).__name__}
                    log.warning("the model is away", extra=facts)
                    self.metrics.count(Event.RETRIED, _reason(error))
                    if lane.is_leaving:
                        return None
                    if loop.time() >= give_up_at:
                        await self._writer.keep_partial(lane)
                        raise
                typist.stop()
                await self._leases.confirm(lane)
                if apology is None:
                    apology = await self._notices.say(
                        lane.head.place, MODEL_AWAY, another_try(lane)
                    )
                await lane.wait_for_hurry(pause_s)
                pause_s = min(pause_s * 2, self._patience.retry_at_most_s)
                if lane.is_stopped:
                    return await self._stop_waiting(lane)
                if not lane.is_showing:
                    await lane.settle(self._writer.merge_pause_s)
                taken = await self._leases.take_again(lane)
        finally:
            if apology is not None:
                await self._notices.take_back(lane.head.place, apology)

    async def _stop_waiting(self, lane: Lane) -> str:
        if not (lane.is_showing and await self._writer.keep_partial(lane)):
            work = await self._store.work(lane.channel)
            if work is not None:
                await self._writer.take_back(lane, work)
        return "stopped"

    async def _let_go(self, lane: Lane, error: Exception) -> None:
        """Give the reply up; what shows of it stays claimed, so that another try edits it."""
        try:
            work = await self._store.work(lane.channel)
            if work is None:
                return
            if work.kind is WorkKind.SHOW and isinstance(error, ScenePaused):
                await self._put_off(lane, work)
                return
            is_refused = isinstance(error, PostRefused)
            if work.kind is not WorkKind.REPLY:
                is_over = is_refused  # what is stored stays, and the screen cannot follow
                goes_back = not isinstance(error, PostError)
            else:
                is_over, goes_back = _is_nowhere(work, error), is_refused
            if goes_back:
                await self._writer.take_back(lane, work)
            elif is_over:
                await self._store.abandon(lane.channel, work.reply, fence=lane.fence)
        except (StoreUnavailable, StoreRefusesWrites, UserError):
            log.warning("work is left behind", extra={"channel": lane.channel})

    async def _put_off(self, lane: Lane, work: Work) -> None:
        """Have what a scene that waits is to show posted once it goes on.

        Work that shows nowhere makes room for that of the next line.
        """
        scene = await self._store.read(lane.channel)
        turns = scene.turns if scene is not None else ()
        stored = next((turn for turn in turns if turn.id == work.reply), None)
        if scene is not None and stored is not None:
            change = Change(put=(to_be_posted(stored),), ends_work=True)
            await self._store.apply(lane.channel, change, version=scene.head.version)


def _reason(error: GenerationError) -> str:
    match error:
        case GenerationOverloaded():
            return "overloaded"
        case GenerationTimedOut():
            return "timed out"
    return "unreachable"


def _is_nowhere(work: Work, error: Exception) -> bool:
    """Whether nothing of the reply is on the screen, for certain."""
    was_not_taken = isinstance(error, PostError) and not isinstance(error, PostAmbiguous)
    return not work.messages and (not work.posting or was_not_taken)
