"""A `Voice` that keeps what is on the screen and fails when told to."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.core.errors import MessageGone
from bot.core.marks import mark_in
from bot.core.ports import Button, ShownPost, Speaker
from bot.core.scene import ChannelId, MessageId, Place

FIRST_ID = 1_000_001
"""Behind every message that a test invents."""
FIRST_EDIT_MS = 2_000_000_000_000


@dataclass
class Shown:
    id: MessageId
    channel: ChannelId
    author: str
    text: str
    labels: list[str]
    custom_ids: list[str]
    face: str = ""


@dataclass(frozen=True)
class Act:
    """Something the voice was asked to do; `at` is monotonic."""

    verb: str
    message: MessageId | None
    text: str
    at: float


class ScriptedVoice:
    """Each queued outcome meets the next call of its verb: an error, or None for none.

    With `stores_first` set, an erring call still has its effect.
    """

    def __init__(self, *, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self.messages: dict[MessageId, Shown] = {}
        self.acts: list[Act] = []
        self.outcomes: dict[str, deque[Exception | None]] = {
            verb: deque()
            for verb in ("say", "find", "edit", "put_buttons", "look", "delete", "typing")
        }
        self.stores_first = False
        self.on_delete: Callable[[MessageId], Awaitable[None]] | None = None
        """Told of each deletion before its answer, as the gateway may."""
        self.on_say: Callable[[Shown], Awaitable[None]] | None = None
        """Told of each message before its answer, as the gateway may."""
        self._ids = itertools.count(FIRST_ID)
        self._edits_ms = itertools.count(FIRST_EDIT_MS)

    def on_screen(self, channel: ChannelId) -> list[Shown]:
        return [each for each in self.messages.values() if each.channel == channel]

    def did(self, *verbs: str) -> list[Act]:
        return [act for act in self.acts if act.verb in verbs]

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        _ = mark
        message = MessageId(next(self._ids))
        error = await self._act("say", None, text)
        if error is None or self.stores_first:
            shown = self.messages[message] = Shown(
                message, place.channel, speaker.name, text, [], [], _face_of(speaker)
            )
            _put_under(shown, buttons)
            if self.on_say is not None:
                await self.on_say(shown)
        if error is not None:
            raise error
        return message

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        error = await self._act("find", None, mark)
        if error is not None:
            raise error
        return next(
            (
                shown.id
                for shown in reversed(self.on_screen(place.channel))
                if shown.id > after and any(each.endswith(f":{mark}") for each in shown.custom_ids)
            ),
            None,
        )

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        _ = place, speaker
        error = await self._act("edit", message, text)
        shown = self.messages.get(message)
        if shown is None:
            raise MessageGone("unknown message")
        if error is None or self.stores_first:
            shown.text = text
            _put_under(shown, buttons)
        if error is not None:
            raise error
        return next(self._edits_ms)

    async def put_buttons(
        self, place: Place, message: MessageId, buttons: Sequence[Button] = ()
    ) -> None:
        _ = place
        error = await self._act("put_buttons", message, "")
        shown = self.messages.get(message)
        if shown is None:
            raise MessageGone("unknown message")
        if error is None or self.stores_first:
            _put_under(shown, buttons)
        if error is not None:
            raise error

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        _ = place
        error = await self._act("look", message, "")
        if error is not None:
            raise error
        shown = self.messages.get(message)
        if shown is None:
            return None
        mark = next(filter(None, map(mark_in, shown.custom_ids)), None)
        return ShownPost(shown.text, mark or "")

    async def delete(self, place: Place, message: MessageId) -> None:
        _ = place
        error = await self._act("delete", message, "")
        if error is not None:
            raise error
        self.messages.pop(message, None)
        if self.on_delete is not None:
            await self.on_delete(message)

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        return await self.say(place, Speaker(""), text, buttons)

    async def typing(self, place: Place) -> None:
        _ = place
        error = await self._act("typing", None, "")
        if error is not None:
            raise error

    async def react(self, place: Place, message: MessageId, emoji: str) -> None:
        _ = place
        await self._act("react", message, emoji)

    async def unreact(self, place: Place, message: MessageId, emoji: str) -> None:
        _ = place
        await self._act("unreact", message, emoji)

    async def _act(self, verb: str, message: MessageId | None, text: str) -> Exception | None:
        self.acts.append(Act(verb, message, text, time.monotonic()))
        outcomes = self.outcomes.get(verb)
        error = outcomes.popleft() if outcomes else None
        # A request takes at least a tick, so that everything can come between.
        await asyncio.sleep(self.latency_s)
        return error


def _face_of(speaker: Speaker) -> str:
    return speaker.face if speaker.character is None else speaker.character.key


def _put_under(shown: Shown, buttons: Sequence[Button]) -> None:
    shown.labels = [each.label for each in buttons]
    shown.custom_ids = [each.custom_id for each in buttons]
