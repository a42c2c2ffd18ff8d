"""What is counted and timed. Labels are bounded: never an id, nor what people wrote."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Stage(StrEnum):
    """A part of a turn, as far as it takes time."""

    DEBOUNCE = "debounce"
    """Waiting for further lines."""
    CLAIM = "claim"
    """Taking the channel, and reading its scene."""
    PROMPT = "prompt"
    QUEUE = "queue"
    """Waiting for a slot."""
    TTFT = "ttft"
    """From asking the model to its first token."""
    FIRST_VISIBLE = "first_visible"
    """From the line to the first text on the screen."""
    DECODE = "decode"
    """From the first token to the last."""
    WHOLE = "whole"


class Event(StrEnum):
    """Something that happens and is counted."""

    INGESTED = "ingested"
    """A line of a live scene came in."""
    RETRIED = "retried"
    """The model was lost, and is asked again."""
    SHED = "shed"
    """A turn was refused, because too many wait."""
    RECOVERED = "recovered"
    """A line is answered that an earlier process has left."""
    CAUGHT_UP = "caught up"
    """A line was read in the channel that nobody had told us of."""
    FENCED = "fenced"
    """Another process had the channel, and we let go."""
    RECONCILED = "reconciled"
    """A post whose answer was lost was looked for."""


OTHER = "other"
LABELS: Mapping[Event, frozenset[str]] = MappingProxyType(
    {
        Event.INGESTED: frozenset({"ok", "known", "old", "remark"}),
        Event.RETRIED: frozenset({"unreachable", "overloaded", "timed out"}),
        Event.SHED: frozenset({"queue full"}),
        Event.RECONCILED: frozenset({"found", "lost"}),
    }
)
"""What may stand beside an event; anything else becomes `OTHER`."""


def bounded(event: Event, label: str) -> str:
    """*label*, or `OTHER` where it is none of the event's."""
    return label if label in LABELS.get(event, ()) else OTHER
