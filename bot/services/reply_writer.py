"""Writes one reply: ask the model, show its text as it comes, remember it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from bot.core.change import Change
from bot.core.characters import Character
from bot.core.errors import (
    LeaseLost,
    MessageGone,
    NoLiveScene,
    PostError,
    PostRefused,
    StoreUnavailable,
)
from bot.core.facts import Ending, ReplyFacts
from bot.core.phrases import phrase
from bot.core.ports import Metrics, SceneMemory, Speaker
from bot.core.scene import (
    NO_TURN,
    ChannelId,
    MessageId,
    Role,
    Scene,
    Turn,
    TurnId,
    Work,
    WorkKind,
    mark_of,
    message_of,
)
from bot.core.store_answers import Taken
from bot.core.unposted import as_posted, posted_after
from bot.services.banter import Banter
from bot.services.casting import Casting, stored_of
from bot.services.channel_leases import ChannelLeases
from bot.services.drafting import Draft, Drafter
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Partial
from bot.services.live_reply import LiveReply
from bot.services.milestones import Milestone, Reached, pass_by
from bot.services.outbox import ReplyOutbox
from bot.services.reply_buttons import stop_button
from bot.services.reply_messages import moving_of
from bot.services.resumption import Resumption, reads_alike
from bot.services.rows import Rows, row_of
from bot.services.typist import Typist

COMMIT_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
log = logging.getLogger(__name__)

LiveReplyFactory = Callable[..., LiveReply]


class ReplyWriter:
    """Makes the reply that a lane waits for. One call at a time per lane."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        casting: Casting,
        banter: Banter,
        drafter: Drafter,
        leases: ChannelLeases,
        resumption: Resumption,
        rows: Rows,
        metrics: Metrics,
        open_live_reply: LiveReplyFactory,
        heard: Callable[[ChannelId], MessageId | None],
        merge_pause_s: float,
        now_ms: Callable[[], int],
        reached: Reached = pass_by,
    ) -> None:
        """Borrow everything.

        Args:
            heard: the newest message of a channel that Discord told us of.
        """
        self._store = store
        self._casting = casting
        self._banter = banter
        self._drafter = drafter
        self._leases = leases
        self._resumption = resumption
        self._rows = rows
        self._metrics = metrics
        self._open_live_reply = open_live_reply
        self._heard = heard
        self.merge_pause_s = merge_pause_s
        self._now_ms = now_ms
        self._reached = reached

    async def write(self, lane: Lane, taken: Taken, typist: Typist) -> str:
        """Write the reply to the line that the lane serves; returns "replied" or "stopped".

        A newer line that comes before anything is shown is answered with it.
        What the model wrote before it was lost is kept in the lane, and the
        next call continues there.

        Args:
            taken: the lane's channel, as it was found just now.

        Raises:
            GenerationError, StoreUnavailable, StoreRefusesWrites, PostError,
            TooBusy, UserError: no reply, or only a part of one, is there.
            LeaseLost: another process writes it.
        """
        lane.turns = taken.scene.turns if taken.scene is not None else ()
        heard_in = lane.head.started_ms
        is_live = taken.scene is not None and taken.scene.head.live
        if not taken.is_claimed and taken.work is not None and is_live:
            await self.settle_for(lane, taken.work)
            taken = await self._leases.take_again(lane)
        scene, work = _claimed(lane, taken)
        if work.kind is WorkKind.SHOW:
            await self._show_stored(lane, work)
            return "replied"
        character = self._casting.speaker_for(lane, work)
        if lane.serving.is_stale:
            await self.settle_for(lane, work)
            return "stopped"
        # What is there from an earlier try is edited, and no newer line joins it.
        lane.is_showing = work.shows
        lane.shows_in(work.messages)
        resumed = await self._resumption.resume(lane, work, character)
        async with self._live(lane, _as(character), work, typist) as live:
            if resumed.is_unwanted or _is_orphan(lane, scene, heard_in):
                lane.is_unwanted = True
                return await self._conclude(lane, live, character, work, None)
            if resumed.whole:
                draft: Draft | None = _lost(resumed.whole, lane.partial)
            else:
                draft = await self._compose(lane, live, scene, character)
            while lane.interrupt.reason is Reason.MERGE and not lane.is_showing:
                character, draft = await self._compose_with_newer(lane, live, character)
            if lane.serving.reply != work.reply:  # it answers a newer line, too
                work = replace(work, reply=lane.serving.reply, trigger=lane.serving.turn)
            return await self._conclude(lane, live, character, work, draft)

    async def _compose_with_newer(
        self, lane: Lane, live: LiveReply, character: Character
    ) -> tuple[Character, Draft | None]:
        """Begin again, with the line that has come; it may be said to another character."""
        lane.interrupt.clear()
        await lane.settle(self.merge_pause_s)
        if lane.is_stopped:
            return character, None
        scene, work = _claimed(lane, await self._leases.take_again(lane))
        lane.partial = Partial(lane.serving.turn)  # it did not know the new line
        character = self._casting.speaker_for(lane, work)
        live.speak_as(_as(character))
        return character, await self._compose(lane, live, scene, character)

    async def _compose(
        self, lane: Lane, live: LiveReply, scene: Scene, character: Character
    ) -> Draft | None:
        """Stream one reply onto the screen; None if it was stopped before it began."""
        if lane.is_stopped:
            return None
        lane.head = scene.head
        return await self._drafter.draft(
            lane, scene, character, lambda text: self._show(lane, live, text)
        )

    def _show(self, lane: Lane, live: LiveReply, text: str) -> None:
        if lane.first_text_at is None:
            lane.first_text_at = asyncio.get_running_loop().time()
            self._metrics.first_text(lane.first_text_at - lane.taken_at)
        lane.is_showing = True
        live.show(text)

    def _live(
        self, lane: Lane, speaker: Speaker, work: Work, typist: Typist | None = None
    ) -> LiveReply:
        stored = stored_of(lane, work)
        return self._open_live_reply(
            place=lane.head.place,
            speaker=speaker,
            outbox=ReplyOutbox(self._store, self._leases, lane, work.reply),
            mark=lambda part: mark_of(work.reply, part),
            buttons_while_writing=lambda mark: (stop_button(lane.channel, mark),),
            already=work.messages,
            posting=work.posting,
            settles_doubt=lane.serving.is_anew,
            after=posted_after(stored) if stored else message_of(work.trigger),
            on_removing=lane.taking_away,
            on_visible=typist.stop if typist is not None else lambda: None,
            on_refused=lambda _: lane.interrupt.request(Reason.STOP),
            is_ours=lambda: lane.hold is None or not lane.hold.is_lost,
            reached=self._reached,
            moving=moving_of(work, lane.turns),
        )

    async def keep_partial(self, lane: Lane) -> bool:
        """Settle for what the model wrote before it was lost; False if that is nothing.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError, LeaseLost.
        """
        if not lane.partial.raw or (work := await self._store.work(lane.channel)) is None:
            return False
        return await self._settle(lane, work, lane.partial)

    async def _show_stored(self, lane: Lane, work: Work) -> None:
        """Make the screen show what memory has of a turn, or memory what the screen shows.

        Raises:
            PostRefused: the screen stays as it is.
        """
        stored = stored_of(lane, work)
        if stored is None:
            await self._store.abandon(lane.channel, work.reply, fence=lane.fence)
            return
        lane.is_showing = True
        lane.shows_in(work.messages)
        speaker = self._casting.shown(lane, work)
        try:
            async with self._live(lane, Speaker(stored.name, speaker), work) as live:
                buttons = row_of(work, lane.turns)
                text = await self._resumption.fit(lane.head.place, stored.text)
                messages = await live.finish(text, buttons)
        except PostRefused:
            if await self._take_over(lane, work, stored):
                return
            raise
        shown = as_posted(stored, dict(zip(messages, live.parts, strict=True)))
        shown = replace(shown, swipes=(live.text,), current=0, edited_ms=live.edited_ms)
        lane.written = dict.fromkeys(messages, live.edited_ms)
        await self._commit(lane, work, shown, None, row=messages[-1] if buttons else None)

    async def _take_over(self, lane: Lane, work: Work, stored: Turn) -> bool:
        """The screen cannot follow: take over what it shows. Returns whether that is the same."""
        shown = await self._resumption.shown_of(lane, work, stored)
        is_same = shown is not None and reads_alike(shown, stored)
        if shown is not None:
            row = shown.messages[-1] if is_same and row_of(work, lane.turns) else None
            await self._commit(lane, work, shown, None, row=row)
        elif not stored.messages:  # it was to be posted, and nobody will see it
            gone = Change(drop=(stored.id,), ends_work=True)
            await self._store.apply(lane.channel, gone, version=lane.head.version)
        return is_same

    async def settle_for(self, lane: Lane, work: Work) -> None:
        """End a reply that nobody writes on with what is there of it, or take it back.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError, LeaseLost.
        """
        if work.kind is WorkKind.SHOW:
            await self._show_stored(lane, work)
            return
        partial = await self._resumption.left_of(
            lane, work, self._casting.character_for(lane, work)
        )
        if partial is None or not await self._settle(lane, work, partial):
            await self.take_back(lane, work)

    async def _settle(self, lane: Lane, work: Work, partial: Partial) -> bool:
        character = self._casting.character_for(lane, work)
        text = await self._resumption.last_words(lane, partial, character)
        if not text:
            return False
        async with self._live(lane, _as(character), work) as live:
            await self._remember(lane, live, character, work, _lost(text, partial))
        return True

    async def take_back(self, lane: Lane, work: Work) -> None:
        """Remove what shows of the claimed reply, and forget the claim.

        Raises:
            StoreUnavailable, StoreRefusesWrites, UserError, LeaseLost.
        """
        stored = stored_of(lane, work)
        if stored is not None and work.kind is not WorkKind.REPLY:
            await self._store.abandon(lane.channel, work.reply, fence=lane.fence)
            with suppress(PostError):  # then it cannot be helped
                await self._restore(lane, work, stored)
            return
        if work.shows:
            character = self._casting.character_for(lane, work)
            with suppress(PostError):
                async with self._live(lane, _as(character), work) as live:
                    await live.discard()
        await self._store.abandon(lane.channel, work.reply, fence=lane.fence)

    async def _restore(self, lane: Lane, work: Work, stored: Turn) -> None:
        """Let the screen show again what memory has of a reply that was being changed."""
        async with self._live(lane, _as(self._casting.character_for(lane, work)), work) as live:
            again = replace(work, kind=WorkKind.SHOW)
            await live.finish(stored.text, row_of(again, lane.turns))

    async def _conclude(
        self,
        lane: Lane,
        live: LiveReply,
        character: Character,
        work: Work,
        draft: Draft | None,
    ) -> str:
        was_stopped = lane.is_stopped
        if draft is None or not draft.text or lane.is_unwanted:
            if lane.is_unwanted or not lane.serving.shown:  # what is stored already stays as it is
                await live.discard()
            await self._abandon(lane, work.reply)
            await self._banter.ended(lane)
            return "stopped"
        try:
            await self._remember(lane, live, character, work, draft)
        except MessageGone:  # whoever removed it wants no more of it
            lane.is_unwanted = True
            return await self._conclude(lane, live, character, work, None)
        return "stopped" if was_stopped else "replied"

    async def _abandon(self, lane: Lane, reply: TurnId) -> None:
        owner = lane.hold.owner if lane.hold is not None else None
        await self._store.abandon(lane.channel, reply, fence=lane.fence, release=owner)
        if lane.hold is not None:
            lane.hold.is_released = True

    async def _remember(
        self, lane: Lane, live: LiveReply, character: Character, work: Work, draft: Draft
    ) -> None:
        buttons = row_of(work, lane.turns, may_go_on=draft.may_go_on, repeats=draft.facts.repeats)
        messages = await live.finish(draft.text, buttons)
        turn = Turn(
            id=work.reply,
            role=Role.CHARACTER,
            name=character.name,
            swipes=(live.text,),  # what Discord refused of the draft is not there
            messages=messages,
            at_ms=self._now_ms(),
            facts=draft.facts.written(),
            parts=live.parts if len(messages) > 1 else (),
            edited_ms=live.edited_ms,
        )
        turn = self._banter.linked(lane, work, turn)
        lane.written = dict.fromkeys(messages, live.edited_ms)
        await self._commit(lane, work, turn, draft, row=messages[-1] if buttons else None)
        lane.partial = Partial(NO_TURN)
        await self._banter.stored(lane, turn)

    async def _commit(
        self, lane: Lane, work: Work, turn: Turn, draft: Draft | None, *, row: MessageId | None
    ) -> None:
        """Remember the reply; it is on the screen, so a short loss of Redis is waited out."""
        is_last = work.reply == lane.serving.reply
        built = draft.built if draft is not None else None
        for pause_s in (*COMMIT_PAUSES_S, None):
            try:
                await self._store.commit(
                    lane.channel,
                    turn,
                    fence=lane.fence,
                    release=lane.hold.owner if lane.hold is not None and is_last else None,
                    counts=built.counts if built is not None else {},
                    seen=self._heard(lane.channel),
                    cut=built.cut if built is not None else None,
                    row=row,
                )
            except StoreUnavailable:
                log.warning("a reply is not stored yet", extra={"channel": lane.channel})
                if pause_s is None:
                    raise
                await asyncio.sleep(pause_s)
            else:
                break
        if lane.hold is not None and is_last:
            lane.hold.is_released = True
        lane.old_rows = (*lane.old_rows, *self._rows.old(lane.head, row))
        self._reached(Milestone.COMMITTED)


def _as(character: Character) -> Speaker:
    return Speaker(character.name, character)


def _claimed(lane: Lane, taken: Taken) -> tuple[Scene, Work]:
    if taken.scene is None or not taken.scene.head.live:
        raise NoLiveScene(phrase("The scene was stopped meanwhile."))
    if not taken.is_claimed or taken.work is None:
        raise LeaseLost("Another process has taken the channel.")
    lane.head, lane.turns = taken.scene.head, taken.scene.turns
    return taken.scene, taken.work


def _is_orphan(lane: Lane, scene: Scene, heard_in: int) -> bool:
    """Whether the line of a left-over reply, or of a story that began then, is gone since."""
    line, is_same = lane.serving, scene.head.started_ms == heard_in
    if (is_same and not line.is_left_over) or line.shown:
        return False
    return all(turn.id != line.turn for turn in scene.turns)


def _lost(text: str, partial: Partial) -> Draft:
    return Draft(text, ReplyFacts(ending=Ending.LOST, new_tokens=partial.tokens))
