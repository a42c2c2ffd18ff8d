"""Writes one reply: claim, read, ask the model, show it as it comes, remember it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.core.characters import Character
from bot.core.errors import CharacterUnknown, NoLiveScene, PostError, StoreUnavailable, UserError
from bot.core.generation import FinishReason, GenerationRequest
from bot.core.ports import Button, CharacterSource, Metrics, SceneStore, Speaker, TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.reply_text import ReplyText
from bot.core.scene import (
    ChannelId,
    MessageId,
    Role,
    SceneHead,
    Turn,
    TurnId,
    Work,
    reply_turn_id,
)
from bot.services.dispatcher import Dispatcher
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Partial
from bot.services.live_reply import LiveReply
from bot.services.prompting import Prompting

STOP_PREFIX = "stop:"
TRIES_AT_EMPTY = 2
COMMIT_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)

log = logging.getLogger(__name__)


def stop_button(channel: ChannelId) -> Button:
    """End the reply that is being written, keeping what is there."""
    return Button("Stop", f"{STOP_PREFIX}{channel}", emoji="■", danger=True)


class NothingToSay(UserError):
    """The model ended at once, twice."""


LiveReplyFactory = Callable[..., LiveReply]


class ReplyWriter:
    """Makes the reply that a lane waits for. One call at a time per lane."""

    def __init__(
        self,
        *,
        store: SceneStore,
        generator: TextGenerator,
        characters: CharacterSource,
        dispatcher: Dispatcher,
        prompting: Prompting,
        profile: ModelProfile,
        metrics: Metrics,
        open_live_reply: LiveReplyFactory,
        merge_pause_s: float,
        new_seed: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._generator = generator
        self._characters = characters
        self._dispatcher = dispatcher
        self._prompting = prompting
        self._profile = profile
        self._metrics = metrics
        self._open_live_reply = open_live_reply
        self._merge_pause_s = merge_pause_s
        self._new_seed = new_seed
        self._now_ms = now_ms

    async def write(self, lane: Lane) -> str:
        """Write the reply to the lane's newest line; returns "replied" or "stopped".

        A newer line that comes before anything is shown is answered with it.
        What the model wrote before it was lost is kept in the lane, and the
        next call continues there.

        Raises:
            GenerationError, StoreUnavailable, StoreRefusesWrites, PostError,
            TooBusy, UserError: no reply, or only a part of one, is there.
        """
        character = self._character_of(lane.head)
        await self._make_room(lane)
        work = await self._claim(lane)
        # What is there from an earlier try is edited, and no newer line joins it.
        lane.is_showing = bool(work.messages)
        lane.shows_in(work.messages)
        async with self._live(lane, character, work.messages) as live:
            await lane.settle(self._merge_pause_s)
            while True:
                text = await self._compose(lane, live, character)
                if lane.interrupt.reason is not Reason.MERGE or lane.is_showing:
                    break
                lane.interrupt.clear()
                lane.partial = Partial(lane.partial.turn)  # it did not know the new line
                await lane.settle(self._merge_pause_s)
            return await self._conclude(lane, live, character, text)

    def _live(self, lane: Lane, character: Character, already: Sequence[MessageId]) -> LiveReply:
        return self._open_live_reply(
            place=lane.head.place,
            speaker=Speaker(character.name, character),
            buttons_while_writing=(stop_button(lane.channel),),
            already=already,
            on_posted=lambda message: self._posted(lane, message),
            on_removing=lane.taking_away,
        )

    async def _claim(self, lane: Lane) -> Work:
        lane.joined()
        trigger = lane.newest.turn
        if lane.partial.turn != trigger:
            lane.partial = Partial(trigger)
        shown = lane.newest.shown
        work = Work(reply_turn_id(trigger), trigger, messages=shown, at_ms=self._now_ms())
        return await self._store.claim(lane.channel, work)

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
                    await live.discard()
        await self._store.abandon(lane.channel, work.reply)

    async def _posted(self, lane: Lane, message: MessageId) -> None:
        lane.shown_in.add(message)
        await self._store.posted(lane.channel, reply_turn_id(lane.partial.turn), message)

    async def _compose(self, lane: Lane, live: LiveReply, character: Character) -> str:
        """Stream one reply onto the screen; returns its final text, empty if there is none."""
        if lane.interrupt.reason is Reason.STOP:
            return ""
        if lane.newest.turn != lane.partial.turn and not lane.is_showing:
            await self._claim(lane)
        for _ in range(TRIES_AT_EMPTY):
            text = await self._stream(lane, live, character)
            if text or lane.interrupt.reason is not None:
                return text
            lane.partial = Partial(lane.partial.turn)
        raise NothingToSay("The model had nothing to say to that, twice. Try again, or add a line.")

    async def _stream(self, lane: Lane, live: LiveReply, character: Character) -> str:
        request, others = await self._request(lane, character)
        reply = ReplyText(character.name, others, self._profile)
        if lane.partial.raw:
            reply.feed(lane.partial.raw)
        reason: FinishReason | None = None
        async with lane.interrupt.block():
            reason = await self._feed(lane, live, reply, request)
        # None: somebody pressed Stop, which may be in the middle of a word.
        return str(reply.finish(cut=reason in (FinishReason.LENGTH, None)))

    async def _feed(
        self, lane: Lane, live: LiveReply, reply: ReplyText, request: GenerationRequest
    ) -> FinishReason | None:
        shown = ""
        async with (
            self._dispatcher.slot(lane.head.place.guild or lane.channel),
            self._generator.stream(request) as deltas,
        ):
            async for delta in deltas:
                reply.feed(delta.text)
                lane.partial.raw += delta.text
                lane.partial.tokens += 1
                if reply.shown != shown:
                    shown = reply.shown
                    self._show(lane, live, shown)
                if delta.finish is not None:
                    self._metrics.generated(
                        prompt_tokens=delta.finish.prompt_tokens or 0,
                        new_tokens=delta.finish.generated_tokens,
                    )
                    return delta.finish.reason
                if reply.done:
                    return FinishReason.STOP
        return None

    def _show(self, lane: Lane, live: LiveReply, text: str) -> None:
        if not lane.is_showing:
            lane.is_showing = True
            self._metrics.first_text(asyncio.get_running_loop().time() - lane.taken_at)
        live.show(text)

    async def keep_partial(self, lane: Lane) -> bool:
        """Settle for what the model wrote before it was lost; False if that is nothing.

        Raises:
            StoreUnavailable, StoreRefusesWrites, PostError, UserError.
        """
        if not lane.partial.raw:
            return False
        character = self._character_of(lane.head)
        reply = ReplyText(character.name, tuple(lane.head.players.values()), self._profile)
        reply.feed(lane.partial.raw)
        text = reply.finish(cut=True)
        if not text:
            return False
        work = await self._store.work(lane.channel)
        async with self._live(lane, character, work.messages if work else ()) as live:
            await self._conclude(lane, live, character, text)
        return True

    async def _request(
        self, lane: Lane, character: Character
    ) -> tuple[GenerationRequest, Sequence[str]]:
        scene = await self._store.read(lane.channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene("The scene was stopped meanwhile.")
        lane.head = scene.head
        built = await self._prompting.build(
            scene, character, trigger=lane.partial.turn, author=lane.newest.author
        )
        request = GenerationRequest(
            prompt=built.prompt + lane.partial.raw,
            stop=built.stop,
            max_new_tokens=max(1, built.max_new_tokens - lane.partial.tokens),
            seed=self._new_seed(),
            affinity=str(lane.channel),
        )
        return request, built.others

    async def _conclude(self, lane: Lane, live: LiveReply, character: Character, text: str) -> str:
        was_stopped = lane.interrupt.reason is Reason.STOP
        reply = reply_turn_id(lane.partial.turn)
        if not text or lane.is_unwanted:
            if lane.is_unwanted or not lane.newest.shown:  # what is stored already stays as it is
                await live.discard()
            await self._store.abandon(lane.channel, reply)
            return "stopped"
        messages = await live.finish(text)
        turn = Turn(
            id=reply,
            role=Role.CHARACTER,
            name=character.name,
            swipes=(text,),
            messages=messages,
            at_ms=self._now_ms(),
        )
        await self._commit(lane, turn)
        lane.partial = Partial(TurnId(""))
        return "stopped" if was_stopped else "replied"

    async def _commit(self, lane: Lane, turn: Turn) -> None:
        """Remember the reply; it is on the screen, so a short loss of Redis is waited out."""
        for pause_s in COMMIT_PAUSES_S:
            try:
                return await self._store.commit(lane.channel, turn)
            except StoreUnavailable:
                log.warning("a reply is not stored yet", extra={"channel": lane.channel})
                await asyncio.sleep(pause_s)
        return await self._store.commit(lane.channel, turn)

    def _character_of(self, head: SceneHead) -> Character:
        character = self._characters.characters().get(head.character)
        if character is None:
            raise CharacterUnknown(
                f"The file of {head.character_name} is gone from the characters folder. "
                f"The host can bring `{head.character}` back; then try again."
            )
        return character
