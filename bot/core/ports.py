"""What the rules and use cases ask of the world, written by their need."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.core.characters import Character
from bot.core.generation import Delta, GenerationRequest, ModelLimits, Tokens
from bot.core.metrics import Event, Stage
from bot.core.scene import ChannelId, CharacterKey, GuildId, MessageId, Place, UserId
from bot.core.store_ports import (
    GuildStore,
    Keyring,
    NoteStore,
    PersonaStore,
    SceneMemory,
    SceneStore,
    StoryStore,
)

__all__ = [
    "Button",
    "CharacterSource",
    "GuildStore",
    "Keyring",
    "Metrics",
    "NoteStore",
    "PersonaStore",
    "SceneMemory",
    "SceneStore",
    "ShownPost",
    "Speaker",
    "StoryStore",
    "TextGenerator",
    "ThreadHome",
    "ThreadKind",
    "Threads",
    "Voice",
]


class TextGenerator(Protocol):
    """A model server."""

    def stream(
        self, request: GenerationRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Open a stream of deltas; leaving the block stops the far side.

        The last delta, and only it, carries a `Finish`.

        Raises:
            GenerationError: any kind of it, on entering the block or while iterating.
        """
        ...

    async def limits(self) -> ModelLimits:
        """What the server accepts; remembered until the server was lost.

        Raises:
            GenerationError: it cannot be asked.
        """
        ...

    async def tokenize(self, text: str) -> Tokens:
        """Part *text* exactly as the server would, its begin token included.

        Raises:
            GenerationError: it cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. `custom_id` is at most 100 characters."""

    label: str
    custom_id: str
    emoji: str | None = None
    danger: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Speaker:
    """Under whose name and face a message appears.

    Attributes:
        face: address of a picture, of who is no character.
    """

    name: str
    character: Character | None = None
    face: str = ""


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A message of ours as it stands in the channel; `mark` is empty if no button bears one."""

    text: str
    mark: str = ""


class Voice(Protocol):
    """Posts in Discord's channels.

    Nothing it sends can ping anybody. All methods raise PostError.
    """

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        """Post as the character: by webhook, or plainly with a bold name.

        By webhook it is never sent twice on a doubtful answer: that raises
        PostAmbiguous. Plainly it may be, for Discord then stores a *mark* once.
        """
        ...

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        """The message of ours, newer than *after*, with a button whose id ends in `:` and *mark*.

        Raises:
            PostRefused: what stands in the channel may not be read.
            PostError: it cannot be read now.
        """
        ...

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        """Replace text and buttons of a message that `say` has posted.

        Returns Discord's time of the change, in Unix milliseconds; 0 if it did not say.

        Raises:
            MessageGone: somebody has removed it.
        """
        ...

    async def put_buttons(
        self, place: Place, message: MessageId, buttons: Sequence[Button] = ()
    ) -> None:
        """Replace the buttons of a message that `say` has posted, and leave its text.

        Raises:
            MessageGone: somebody has removed it.
        """
        ...

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        """What a message that `say` has posted shows now; None if it is gone."""
        ...

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove a message that `say` has posted; one that is gone is fine."""
        ...

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        """Post as the bot itself."""
        ...

    async def typing(self, place: Place) -> None:
        """Show for 10 s, or until the next post, that the bot is writing."""
        ...

    async def react(self, place: Place, message: MessageId, emoji: str) -> None:
        """Put a reaction under a member's message."""
        ...

    async def unreact(self, place: Place, message: MessageId, emoji: str) -> None:
        """Take that back; where there is none, nothing happens."""
        ...


class ThreadKind(StrEnum):
    """Of which kind a channel is, as far as threads differ there."""

    TEXT = "text"
    NEWS = "news"
    FORUM = "forum"


@dataclass(frozen=True, slots=True)
class ThreadHome:
    """A channel in which threads can be started."""

    channel: ChannelId
    guild: GuildId
    kind: ThreadKind = ThreadKind.TEXT


class Threads(Protocol):
    """Starts threads. All methods raise PostError."""

    async def open(
        self, home: ThreadHome, name: str, opening: str, *, after: MessageId
    ) -> ChannelId:
        """Start a public thread, in a forum a post, that begins with the bot saying *opening*.

        Discord cannot be asked to start one only once. So a start of which the
        answer was lost is looked for among the threads that are newer than
        *after*, and is never made again: PostAmbiguous says that it was not found.
        """
        ...

    async def invite(self, thread: ChannelId, user: UserId) -> None:
        """Put the thread on *user*'s list, without pinging them."""
        ...


class CharacterSource(Protocol):
    """The characters that are loaded."""

    def characters(self) -> Mapping[CharacterKey, Character]:
        """All of them, by key."""
        ...


class Metrics(Protocol):
    """What is counted. Labels are bounded: never an id of Discord's."""

    def turn_ended(self, outcome: str, seconds: float) -> None:
        """A trigger came to its end: replied, stopped, failed, superseded or shed."""
        ...

    def first_text(self, seconds: float) -> None:
        """Time from the trigger to the first post of its reply."""
        ...

    def took(self, stage: Stage, seconds: float) -> None:
        """A part of a turn took so long."""
        ...

    def count(self, event: Event, label: str = "", times: int = 1) -> None:
        """Something happened; *label* is one of the event's `LABELS`."""
        ...

    def prefix_reused(self, *, reused: int, total: int) -> None:
        """Of *total* prompt tokens, *reused* begin as the channel's last prompt did."""
        ...

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None:
        """The model has read and written this much."""
        ...

    def foreign_post(self) -> None:
        """A message bears our mark, but nobody we know of has posted it."""
        ...
