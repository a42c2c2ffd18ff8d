"""What lorebooks ask of the world."""

from typing import NamedTuple, Protocol

from bot.core.errors import RoleplayError


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
