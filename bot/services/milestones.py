"""The points of a turn at which a process may be killed without loss.

Whoever builds the program hands in what happens when one is reached: nothing,
or in a test the end of the process.
"""

from collections.abc import Callable
from enum import StrEnum


class Milestone(StrEnum):
    """A step of a turn that has just been made, in the order in which they come."""

    INGESTED = "ingested"
    CLAIMED = "claimed"
    PROMPT_BUILT = "prompt built"
    FIRST_TOKEN = "first token"  # noqa: S105  # of a model
    CHECKPOINT = "checkpoint"
    INTENT = "intent"
    POST_SENT = "post sent"
    POST_ANSWERED = "post answered"
    POSTED = "posted"
    EDITED = "edited"
    FINAL_EDIT = "final edit"
    COMMITTED = "committed"


Reached = Callable[[Milestone], None]


def pass_by(_: Milestone) -> None:
    """Let nothing happen."""
