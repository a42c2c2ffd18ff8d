"""What becomes of a wish to take something back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        replies: how many of a character's.
        lines: how many others.
        name: under which it can be brought back; empty if it cannot be.
        stuck: how many messages of ours Discord does not let us remove.
    """

    replies: int
    lines: int
    name: str
    stuck: int = 0
