"""Writes one reply: ask the model, show its text as it comes, remember it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.core.characters import Character
from bot.core.errors import (
    CharacterUnknown,
    LeaseLost,
    MessageGone,
    NoLiveScene,
    PostError,
    StoreUnavailable,
)
from bot.core.facts import Ending, ReplyFacts
from bot.core.ports import CharacterSource, Metrics, SceneStore, Speaker
from bot.core.profiles import ModelProfile
from bot.core.scene import (
    ChannelId,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    Work,
    mark_of,
    message_of,
    reply_turn_id,
    trigger_of,
)
from bot.core.store_answers import Taken
from bot.services.channel_leases import ChannelLeases
from bot.services.drafting import Draft, Drafter
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Partial
from bot.services.live_reply import LiveReply
from bot.services.milestones import Milestone, Reached, pass_by
from bot.services.reply_buttons import offers, stop_button
from bot.services.resumption import Resumption, taken_up
from bot.services.typist import Typist

COMMIT_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)

log = logging.getLogger(__name__)

LiveReplyFactory = Callable[..., LiveReply]


class ReplyWriter:
    """Makes the reply that a lane waits for. One call at a time per lane."""

    def __init__(
        self,
        *,
        store: SceneStore,
        characters: CharacterSource,
        drafter: Drafter,
        leases: ChannelLeases,
        resumption: Resumption,
        profile: ModelProfile,
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
        self._characters = characters
        self._drafter = drafter
        self._leases = leases
        self._resumption = resumption
        self._profile = profile
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
        character = self._character_of(lane.head)
        if not taken.is_claimed and taken.work is not None and _is_live(taken.scene):
            await self.settle_for(lane, taken.work)
            taken = await self._leases.take_again(lane)
        scene, work = _claimed(lane, taken)
        if lane.serving.is_stale:
            await self.settle_for(lane, work)
            return "stopped"
        # What is there from an earlier try is edited, and no newer line joins it.
        lane.is_showing = work.shows
        lane.shows_in(work.messages)
        resumed = await self._resumption.resume(lane, work, character)
        async with self._live(lane, character, work, typist) as live:
            if resumed.is_unwanted or _is_orphan(lane, scene):
                lane.is_unwanted = True
                return await self._conclude(lane, live, character, None)
            if resumed.whole:
                draft: Draft | None = _lost(resumed.whole, lane.partial)
            else:
                draft = await self._compose(lane, live, scene, character)
            while lane.interrupt.reason is Reason.MERGE and not lane.is_showing:
                draft = await self._compose_with_newer(lane, live, character)
            return await self._conclude(lane, live, character, draft)

    async def _compose_with_newer(
        self, lane: Lane, live: LiveReply, character: Character
    ) -> Draft | None:
        """Begin again, with the line that has come."""
        lane.interrupt.clear()
        await lane.settle(self.merge_pause_s)
        if lane.is_stopped:
            return None
        scene, _ = _claimed(lane, await self._leases.take_again(lane))
        lane.partial = Partial(lane.serving.turn)  # it did not know the new line
        return await self._compose(lane, live, scene, character)

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
        self, lane: Lane, character: Character, work: Work, typist: Typist | None = None
    ) -> LiveReply:
        return self._open_live_reply(
            place=lane.head.place,
            speaker=Speaker(character.name, character),
            outbox=_Outbox(self._store, lane, work.reply),
            mark=lambda part: mark_of(work.reply, part),
            buttons_while_writing=lambda mark: (stop_button(lane.channel, mark),),
            already=work.messages,
            posting=work.posting,
            settles_doubt=lane.serving.is_anew,
            after=message_of(work.trigger),
            on_removing=lane.taking_away,
            on_visible=typist.stop if typist is not None else lambda: None,
            on_refused=lambda _: lane.interrupt.request(Reason.STOP),
            is_ours=lambda: lane.hold is None or not lane.hold.is_lost,
            reached=self._reached,
        )

    async def keep_partial(self, lane: Lane) -> bool:
        """Settle for what the model wrote before it was lost; False if that is nothing.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError, LeaseLost.
        """
        work = await self._store.work(lane.channel)
        if work is None or not lane.partial.raw:
            return False
        return await self._settle(lane, work, lane.partial)

    async def settle_for(self, lane: Lane, work: Work) -> None:
        """End a reply that nobody writes on with what is there of it, or take it back.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError, LeaseLost.
        """
        partial = await self._resumption.left_of(lane, work, self._character_of(lane.head))
        if partial is None or not await self._settle(lane, work, partial):
            await self.take_back(lane, work)

    async def _settle(self, lane: Lane, work: Work, partial: Partial) -> bool:
        character = self._character_of(lane.head)
        text = taken_up(lane, partial, character, self._profile).finish(cut=True)
        if not text:
            return False
        async with self._live(lane, character, work) as live:
            await self._remember(lane, live, character, work.reply, _lost(text, partial))
        return True

    async def take_back(self, lane: Lane, work: Work) -> None:
        """Remove what shows of the claimed reply, and forget the claim.

        Raises:
            StoreUnavailable, StoreRefusesWrites, UserError, LeaseLost.
        """
        if work.shows:
            character = self._character_of(lane.head)
            with suppress(PostError):  # then it cannot be helped
                async with self._live(lane, character, work) as live:
                    if work.continues:  # what is stored stays
                        await live.finish(lane.serving.continues)
                    else:
                        await live.discard()
        await self._store.abandon(lane.channel, work.reply, fence=lane.fence)

    async def _conclude(
        self, lane: Lane, live: LiveReply, character: Character, draft: Draft | None
    ) -> str:
        was_stopped = lane.is_stopped
        reply = reply_turn_id(lane.serving.turn)
        if draft is None or not draft.text or lane.is_unwanted:
            if lane.is_unwanted or not lane.serving.shown:  # what is stored already stays as it is
                await live.discard()
            await self._abandon(lane, reply)
            return "stopped"
        try:
            await self._remember(lane, live, character, reply, draft)
        except MessageGone:  # whoever removed it wants no more of it
            lane.is_unwanted = True
            return await self._conclude(lane, live, character, None)
        return "stopped" if was_stopped else "replied"

    async def _abandon(self, lane: Lane, reply: TurnId) -> None:
        owner = lane.hold.owner if lane.hold is not None else None
        await self._store.abandon(lane.channel, reply, fence=lane.fence, release=owner)
        if lane.hold is not None:
            lane.hold.is_released = True

    async def _remember(
        self, lane: Lane, live: LiveReply, character: Character, reply: TurnId, draft: Draft
    ) -> None:
        messages = await live.finish(draft.text, offers(trigger_of(reply) or reply, draft))
        turn = Turn(
            id=reply,
            role=Role.CHARACTER,
            name=character.name,
            swipes=(live.text,),  # what Discord refused of the draft is not there
            messages=messages,
            at_ms=self._now_ms(),
            facts=draft.facts.written(),
            parts=live.parts if len(messages) > 1 else (),
            edited_ms=live.edited_ms,
        )
        lane.written = dict.fromkeys(messages, live.edited_ms)
        await self._commit(lane, turn, draft)
        self._reached(Milestone.COMMITTED)
        lane.partial = Partial(TurnId(""))

    async def _commit(self, lane: Lane, turn: Turn, draft: Draft) -> None:
        """Remember the reply; it is on the screen, so a short loss of Redis is waited out."""
        is_last = turn.id == reply_turn_id(lane.serving.turn)
        for pause_s in (*COMMIT_PAUSES_S, None):
            try:
                await self._store.commit(
                    lane.channel,
                    turn,
                    fence=lane.fence,
                    release=lane.hold.owner if lane.hold is not None and is_last else None,
                    counts=draft.built.counts if draft.built is not None else {},
                    seen=self._heard(lane.channel),
                    cut=draft.built.cut if draft.built is not None else None,
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

    def _character_of(self, head: SceneHead) -> Character:
        character = self._characters.characters().get(head.character)
        if character is None:
            raise CharacterUnknown(
                f"The file of {head.character_name} is gone from the characters folder. "
                f"The host can bring `{head.character}` back; then try again."
            )
        return character


class _Outbox:
    """Notes of a reply's posts, before and after each."""

    def __init__(self, store: SceneStore, lane: Lane, reply: TurnId) -> None:
        self._store = store
        self._lane = lane
        self._reply = reply

    async def intend(self, mark: str) -> None:
        """A post is about to be sent.

        Raises:
            StoreUnavailable, StoreRefusesWrites: nobody will know of it.
        """
        lane = self._lane
        try:
            await self._store.intent(lane.channel, self._reply, mark, fence=lane.fence)
        except LeaseLost:
            # Here we are in the editor's task; the lane's own is told by its hold.
            if lane.hold is not None:
                lane.hold.lose()

    async def posted(self, message: MessageId) -> None:
        """It is there.

        Raises:
            StoreUnavailable, StoreRefusesWrites: nobody will know which it is.
        """
        lane = self._lane
        lane.shown_in.add(message)
        try:
            await self._store.posted(lane.channel, self._reply, message, fence=lane.fence)
        except LeaseLost:
            if lane.hold is not None:
                lane.hold.strays.append(message)
                lane.hold.lose()


def _is_live(scene: Scene | None) -> bool:
    return scene is not None and scene.head.live


def _claimed(lane: Lane, taken: Taken) -> tuple[Scene, Work]:
    if taken.scene is None or not taken.scene.head.live:
        raise NoLiveScene("The scene was stopped meanwhile.")
    if not taken.is_claimed or taken.work is None:
        raise LeaseLost("Another process has taken the channel.")
    lane.head = taken.scene.head
    return taken.scene, taken.work


def _is_orphan(lane: Lane, scene: Scene) -> bool:
    """Whether the line that a left-over reply was to answer has been deleted since."""
    line = lane.serving
    if not line.is_left_over or line.shown:
        return False
    return all(turn.id != line.turn for turn in scene.turns)


def _lost(text: str, partial: Partial) -> Draft:
    return Draft(text, ReplyFacts(ending=Ending.LOST, new_tokens=partial.tokens))
