"""Lines and veils of a scene: what is no part of it, and what is only hinted at.

A boundary is stored as one line of text, its kind before a blank.
"""

from dataclasses import replace
from enum import StrEnum

from bot.core.change import Change
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.plain_text import shortened
from bot.core.scene import SceneHead

MOST_BOUNDARIES = 20
BOUNDARY_CHARACTERS = 100


class Kind(StrEnum):
    """How much of something a story bears."""

    LINE = "line"
    VEIL = "veil"


def bounded(head: SceneHead, kind: Kind, text: str) -> Change:
    """Keep something out of the story, or behind a veil.

    Raises:
        UserError: it has no words, or there are too many of them.
    """
    words = shortened(text, BOUNDARY_CHARACTERS).strip("[] ")
    if not words:
        raise UserError(phrase("Say in a few words what it is."))
    others = tuple(each for each in head.boundaries if _words(each) != words)
    if len(others) >= MOST_BOUNDARIES:
        raise UserError(phrase("A scene has {most} lines and veils at most.", most=MOST_BOUNDARIES))
    return Change(head=replace(head, boundaries=(*others, f"{kind} {words}")))


def unbounded(head: SceneHead, number: int) -> Change:
    """Take the boundary with that number away, from 1.

    Raises:
        UserError: there is none.
    """
    if not 1 <= number <= len(head.boundaries):
        raise UserError(phrase("There is none of that number. `/safety list` shows them."))
    kept = [each for at, each in enumerate(head.boundaries, start=1) if at != number]
    return Change(head=replace(head, boundaries=tuple(kept)))


def for_the_model(head: SceneHead) -> str:
    """What the model is told of them; empty where there are none."""
    said = (
        ("These must never be part of the story", Kind.LINE),
        ("These may only be hinted at, never described", Kind.VEIL),
    )
    found = [(what, "; ".join(_of(head, kind))) for what, kind in said]
    return " ".join(f"{what}: {words}." for what, words in found if words)


def _of(head: SceneHead, kind: Kind) -> list[str]:
    return [_words(each) for each in head.boundaries if each.startswith(f"{kind} ")]


def _words(boundary: str) -> str:
    return boundary.partition(" ")[2]
