"""What a host's own filter is asked of each text, and what it may answer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.core.scene import Place, UserId


class Direction(StrEnum):
    """Where a text goes."""

    INCOMING = "incoming"  # from a member into a story
    OUTGOING = "outgoing"  # onto the screen, in a character's or a player's name


class Verdict(StrEnum):
    """What becomes of it."""

    ALLOW = "allow"
    REDACT = "redact"  # another text takes its place
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer; `text` counts where it is to be redacted."""

    verdict: Verdict
    text: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a text stands, and who wrote it; nobody where a model did."""

    place: Place
    is_age_restricted: bool
    user: UserId | None = None


class ContentFilter(Protocol):
    """Judges texts."""

    async def check(self, direction: Direction, text: str, context: Context) -> Ruling:
        """Judge *text*.

        Raises:
            FilterFailed: it gives no answer that can be used.
        """
        ...
