"""What comes into the turn pipeline, and how patient it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.core.guild_rules import RoleId
from bot.core.scene import MessageId, Place, UserId
from bot.services.insistence import insist

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sent:
    """How a line came that we post for a member.

    Attributes:
        draft: the message that it was drafted in.
        face: address of the picture to post it under; empty for none.
    """

    draft: MessageId
    face: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A member's message. Times are Unix time in milliseconds.

    Attributes:
        message: of a line that we post for them, what names it in its place.
        edited_ms: Discord's time of the edit that gave it this text; 0 if it
            has the text it was written with.
        sent: None for a message that stands in the channel already.
        replies_to: the message that it answers as Discord's reply.
        persona: what the model is told of whom *name* is; empty for the member.
        is_proxied: whether another bot has posted it for them, under a name of its own.
        roles: of the member; None where Discord does not say.
        is_admin: has Manage Server.
    """

    place: Place
    message: MessageId
    author: UserId
    name: str
    text: str
    mentions_bot: bool
    replies_to_character: bool
    at_ms: int
    edited_ms: int = 0
    sent: Sent | None = None
    replies_to: MessageId | None = None
    persona: str = ""
    is_proxied: bool = False
    roles: frozenset[RoleId] | None = None
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Proxied:
    """A message that somebody else's webhook has posted, maybe for a player.

    Attributes:
        name: under which it stands.
    """

    place: Place
    message: MessageId
    name: str
    text: str
    mentions_bot: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A message has a new text.

    Attributes:
        at_ms: Discord's time of it, as Unix time in milliseconds.
        is_ours: whether it shows what a character said.
    """

    message: MessageId
    text: str
    at_ms: int
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the pipeline waits for what. All in seconds.

    Attributes:
        store_pauses_s: before each further try at what the store did not answer.
    """

    resume_age_s: float
    retry_first_s: float = 1.0
    retry_at_most_s: float = 15.0
    store_pauses_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)

    async def insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do *step*, which may be done twice, and again while the store is briefly away."""
        return await insist(step, self.store_pauses_s)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a member asked for by a command or a button, as far as all of them are alike.

    Attributes:
        event: the interaction's id: names what comes of it, so that a second
            delivery of the same one adds nothing.
        name: the member's in this server, or that of the persona they play.
        face: address of the member's picture there, or of the persona's.
        persona: what the model is told of whom they play; empty for themselves.
    """

    event: MessageId
    place: Place
    user: UserId
    name: str
    at_ms: int
    face: str = ""
    persona: str = ""
