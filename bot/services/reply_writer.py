"""Writes one reply: claim, read, ask the model, show it as it comes, remember it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.core.characters import Character
from bot.core.errors import (
    CharacterUnknown,
    LeaseLost,
    NoLiveScene,
    PostError,
    StoreUnavailable,
)
from bot.core.facts import Ending, ReplyFacts
from bot.core.ports import Button, CharacterSource, Metrics, SceneStore, Speaker
from bot.core.profiles import ModelProfile
from bot.core.reply_text import ReplyText
from bot.core.scene import (
    ChannelId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    TurnId,
    Work,
    mark_of,
    message_of,
    reply_turn_id,
)
from bot.services.drafting import Draft, Drafter
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Partial
from bot.services.live_reply import LiveReply
from bot.services.typist import Typist

STOP_PREFIX = "stop:"
RETRY_PREFIX = "retry:"
CONTINUE_PREFIX = "continue:"
AGAIN_PREFIX = "again:"
COMMIT_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)

log = logging.getLogger(__name__)


def stop_button(channel: ChannelId, mark: str) -> Button:
    """End the reply that is being written, keeping what is there; stands under the post *mark*."""
    return Button("Stop", f"{STOP_PREFIX}{channel}:{mark}", emoji="■", danger=True)


def retry_button(trigger: TurnId) -> Button:
    """Ask again for the reply to *trigger*; stands under a notice, which then goes."""
    return Button("Try again", f"{RETRY_PREFIX}{trigger}", emoji="🔁")


def continue_button(reply: TurnId) -> Button:
    """Let a reply that was cut off go on."""
    return Button("Continue", f"{CONTINUE_PREFIX}{reply}", emoji="▶️")


LiveReplyFactory = Callable[..., LiveReply]
TypistFactory = Callable[[Place], Typist]


def again_button(trigger: TurnId) -> Button:
    """Have a reply that is there written anew; stands under the reply itself."""
    return Button("Write it anew", f"{AGAIN_PREFIX}{trigger}", emoji="🔁")


def another_try(lane: Lane) -> Button | None:
    """Ask again for what the lane could not do.

    A reply that was to go on needs none: it still has its own button.
    """
    return None if lane.newest.continues else retry_button(lane.newest.turn)


class ReplyWriter:
    """Makes the reply that a lane waits for. One call at a time per lane."""

    def __init__(
        self,
        *,
        store: SceneStore,
        characters: CharacterSource,
        drafter: Drafter,
        profile: ModelProfile,
        metrics: Metrics,
        open_live_reply: LiveReplyFactory,
        open_typist: TypistFactory,
        merge_pause_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._characters = characters
        self._drafter = drafter
        self._profile = profile
        self._metrics = metrics
        self._open_live_reply = open_live_reply
        self._open_typist = open_typist
        self._merge_pause_s = merge_pause_s
        self._now_ms = now_ms

    async def write(self, lane: Lane) -> str:
        """Write the reply to the lane's newest line; returns "replied" or "stopped".

        A newer line that comes before anything is shown is answered with it.
        What the model wrote before it was lost is kept in the lane, and the
        next call continues there.

        Raises:
            GenerationError, StoreUnavailable, StoreRefusesWrites, PostError,
            TooBusy, UserError: no reply, or only a part of one, is there.
            LeaseLost: another process writes it.
        """
        character = self._character_of(lane.head)
        await self._make_room(lane)
        work = await self._claim(lane)
        # What is there from an earlier try is edited, and no newer line joins it.
        lane.is_showing = bool(work.messages)
        lane.shows_in(work.messages)
        async with (
            self._open_typist(lane.head.place) as typist,
            self._live(lane, character, work.messages, on_visible=typist.stop) as live,
        ):
            await lane.settle(self._merge_pause_s)
            while True:
                draft = await self._compose(lane, live, character)
                if lane.interrupt.reason is not Reason.MERGE or lane.is_showing:
                    break
                lane.interrupt.clear()
                lane.partial = Partial(lane.partial.turn)  # it did not know the new line
                await lane.settle(self._merge_pause_s)
            return await self._conclude(lane, live, character, draft)

    def _live(
        self,
        lane: Lane,
        character: Character,
        already: Sequence[MessageId],
        *,
        on_visible: Callable[[], None] = lambda: None,
    ) -> LiveReply:
        return self._open_live_reply(
            place=lane.head.place,
            speaker=Speaker(character.name, character),
            buttons_while_writing=lambda mark: (stop_button(lane.channel, mark),),
            already=already,
            outbox=_Outbox(self._store, lane),
            mark=lambda part: mark_of(reply_turn_id(lane.partial.turn), part),
            after=message_of(lane.partial.turn),
            on_visible=on_visible,
            on_removing=lane.taking_away,
            is_ours=lambda: lane.hold is None or not lane.hold.is_lost,
        )

    async def _claim(self, lane: Lane) -> Work:
        lane.joined()
        trigger = lane.newest.turn
        continues = lane.newest.continues
        if lane.partial.turn != trigger or lane.partial.spoken != continues:
            lane.partial = Partial(trigger, spoken=continues)
        work = Work(
            reply_turn_id(trigger),
            trigger,
            messages=lane.newest.shown,
            at_ms=self._now_ms(),
            continues=bool(continues),
        )
        return await self._store.claim(lane.channel, work, fence=lane.fence)

    async def _make_room(self, lane: Lane) -> None:
        """End an unfinished reply to an earlier line: the new one belongs below its own line."""
        if lane.is_showing and lane.partial.turn != lane.newest.turn:
            await self.keep_partial(lane)
        left = await self._store.work(lane.channel)
        if left is not None and left.messages and left.trigger != lane.newest.turn:
            await self.take_back(lane)

    async def take_back(self, lane: Lane) -> None:
        """Remove what shows of the claimed reply, and forget the claim.

        Raises:
            StoreUnavailable, StoreRefusesWrites, UserError.
        """
        work = await self._store.work(lane.channel)
        if work is None:
            return
        if work.messages:
            character = self._character_of(lane.head)
            with suppress(PostError):  # then it cannot be helped
                async with self._live(lane, character, work.messages) as live:
                    if work.continues:  # what is stored stays
                        await live.finish(lane.partial.spoken)
                    else:
                        await live.discard()
        await self._store.abandon(lane.channel, work.reply, fence=lane.fence)

    async def _compose(self, lane: Lane, live: LiveReply, character: Character) -> Draft | None:
        """Stream one reply onto the screen; None if it was stopped before it began."""
        if lane.interrupt.reason is Reason.STOP:
            return None
        if lane.newest.turn != lane.partial.turn and not lane.is_showing:
            await self._claim(lane)
        scene = await self._store.read(lane.channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene("The scene was stopped meanwhile.")
        lane.head = scene.head
        return await self._drafter.draft(
            lane, scene, character, lambda text: self._show(lane, live, text)
        )

    def _show(self, lane: Lane, live: LiveReply, text: str) -> None:
        if not lane.is_showing:
            lane.is_showing = True
            lane.first_text_at = asyncio.get_running_loop().time()
            self._metrics.first_text(lane.first_text_at - lane.taken_at)
        live.show(text)

    async def keep_partial(self, lane: Lane) -> bool:
        """Settle for what the model wrote before it was lost; False if that is nothing.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError.
        """
        if not lane.partial.raw:
            return False
        character = self._character_of(lane.head)
        reply = ReplyText(
            character.name,
            tuple(lane.head.players.values()),
            self._profile,
            guard=lane.head.guard,
            spoken=lane.partial.spoken,
        )
        reply.feed(lane.partial.raw)
        text = reply.finish(cut=True)
        if not text:
            return False
        draft = Draft(text, ReplyFacts(ending=Ending.LOST, new_tokens=lane.partial.tokens))
        work = await self._store.work(lane.channel)
        async with self._live(lane, character, work.messages if work else ()) as live:
            await self._conclude(lane, live, character, draft)
        return True

    async def _conclude(
        self, lane: Lane, live: LiveReply, character: Character, draft: Draft | None
    ) -> str:
        was_stopped = lane.interrupt.reason is Reason.STOP
        reply = reply_turn_id(lane.partial.turn)
        if draft is None or not draft.text or lane.is_unwanted:
            if lane.is_unwanted or not lane.newest.shown:  # what is stored already stays as it is
                await live.discard()
            await self._store.abandon(lane.channel, reply, fence=lane.fence)
            return "stopped"
        messages = await live.finish(draft.text, _offers(lane, draft))
        turn = Turn(
            id=reply,
            role=Role.CHARACTER,
            name=character.name,
            swipes=(draft.text,),
            messages=messages,
            at_ms=self._now_ms(),
            facts=draft.facts.written(),
        )
        await self._commit(lane, turn)
        lane.partial = Partial(TurnId(""))
        return "stopped" if was_stopped else "replied"

    async def _commit(self, lane: Lane, turn: Turn) -> None:
        """Remember the reply; it is on the screen, so a short loss of Redis is waited out."""
        for pause_s in COMMIT_PAUSES_S:
            try:
                return await self._store.commit(lane.channel, turn, fence=lane.fence)
            except StoreUnavailable:
                log.warning("a reply is not stored yet", extra={"channel": lane.channel})
                await asyncio.sleep(pause_s)
        return await self._store.commit(lane.channel, turn, fence=lane.fence)

    def _character_of(self, head: SceneHead) -> Character:
        character = self._characters.characters().get(head.character)
        if character is None:
            raise CharacterUnknown(
                f"The file of {head.character_name} is gone from the characters folder. "
                f"The host can bring `{head.character}` back; then try again."
            )
        return character


class _Outbox:
    """Notes in the store what a lane's reply is shown in."""

    def __init__(self, store: SceneStore, lane: Lane) -> None:
        self._store = store
        self._lane = lane

    async def intend(self, mark: str) -> None:
        _ = mark

    async def posted(self, message: MessageId) -> None:
        lane = self._lane
        lane.shown_in.add(message)
        reply = reply_turn_id(lane.partial.turn)
        try:
            await self._store.posted(lane.channel, reply, message, fence=lane.fence)
        except LeaseLost:
            # Here we are in the editor's task; the lane's own is told by its hold.
            if lane.hold is not None:
                lane.hold.strays.append(message)
                lane.hold.lose()


def _offers(lane: Lane, draft: Draft) -> tuple[Button, ...]:
    """What a member may do about a reply that is not as it should be."""
    offers = []
    if draft.may_go_on:
        offers.append(continue_button(reply_turn_id(lane.partial.turn)))
    if draft.facts.repeats:
        offers.append(again_button(lane.partial.turn))
    return tuple(offers)
