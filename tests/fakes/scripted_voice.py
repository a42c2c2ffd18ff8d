"""A `Voice` that keeps what is on the screen and fails when told to."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.core.errors import PostRefused
from bot.core.ports import Button, Speaker
from bot.core.scene import ChannelId, MessageId, Place


@dataclass
class Shown:
    id: MessageId
    channel: ChannelId
    author: str
    text: str
    labels: list[str]


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
            verb: deque() for verb in ("say", "edit", "delete", "typing")
        }
        self.stores_first = False
        self.on_delete: Callable[[MessageId], Awaitable[None]] | None = None
        """Told of each deletion before its answer, as the gateway may."""
        self._ids = itertools.count(1)

    def on_screen(self, channel: ChannelId) -> list[Shown]:
        return [each for each in self.messages.values() if each.channel == channel]

    def did(self, *verbs: str) -> list[Act]:
        return [act for act in self.acts if act.verb in verbs]

    async def say(
        self, place: Place, speaker: Speaker, text: str, buttons: Sequence[Button] = ()
    ) -> MessageId:
        message = MessageId(next(self._ids))
        error = await self._act("say", None, text)
        if error is None or self.stores_first:
            self.messages[message] = Shown(
                message, place.channel, speaker.name, text, [each.label for each in buttons]
            )
        if error is not None:
            raise error
        return message

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> None:
        _ = place, speaker
        error = await self._act("edit", message, text)
        shown = self.messages.get(message)
        if shown is None:
            raise PostRefused("unknown message")
        if error is None or self.stores_first:
            shown.text = text
            shown.labels = [each.label for each in buttons]
        if error is not None:
            raise error

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

    async def _act(self, verb: str, message: MessageId | None, text: str) -> Exception | None:
        self.acts.append(Act(verb, message, text, time.monotonic()))
        outcomes = self.outcomes.get(verb)
        error = outcomes.popleft() if outcomes else None
        # A request takes at least a tick, so that everything can come between.
        await asyncio.sleep(self.latency_s)
        return error
