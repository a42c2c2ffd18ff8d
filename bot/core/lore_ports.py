"""What lorebooks ask of the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from bot.core.errors import RoleplayError
from bot.core.scene import ChannelId, GuildId


class Pattern(NamedTuple):
    """A regular expression as JavaScript writes it between slashes, and its flags."""

    source: str
    flags: str = ""


class PatternRefused(RoleplayError):
    """The pattern is none, or of a kind that is not taken from strangers."""


class PatternTooSlow(RoleplayError):
    """All that may be spent on patterns is spent."""


class PatternSearch(Protocol):
    """Looks for the patterns of strangers; all it does together takes a bounded time."""

    def found(self, pattern: Pattern, text: str) -> bool:
        """Whether *pattern* stands anywhere in *text*.

        Raises:
            PatternRefused: it cannot be looked for at all.
            PatternTooSlow: it was not looked for to the end.
        """
        ...


@dataclass(frozen=True, slots=True)
class LoreHome:
    """Where lorebooks belong: to a channel and its threads, or to a server. One of both is None.

    Attributes:
        inside: the server that such a channel is in; None for direct messages.
    """

    channel: ChannelId | None = None
    guild: GuildId | None = None
    inside: GuildId | None = field(default=None, compare=False)

    @property
    def within(self) -> GuildId | None:
        """The server that it is, or is in."""
        return self.inside if self.guild is None else self.guild


class LoreStore(Protocol):
    """Lorebooks that belong to no character, as texts by name. Raises like SceneStore."""

    async def books(self, home: LoreHome) -> Mapping[str, str]:
        """All that belong there."""
        ...

    async def put_book(self, home: LoreHome, name: str, text: str, *, was: str) -> bool:
        """Write a book, or with an empty text remove it; False if another is there by now.

        Args:
            was: the text that is there as far as the writer knows; empty for none.
        """
        ...

    async def forget_books(self, home: LoreHome) -> None:
        """Remove all that belong there."""
        ...
