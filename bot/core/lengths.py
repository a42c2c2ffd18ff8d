"""The ten steps of LimaRP's length control, and `auto`.

Order and names as the model card prints them (royallab/ZephRP-m7b); what a
step means in tokens was only ever published as a picture, so the caps are
ours: about twice the length a step stands for, so that they do not bite.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Length(StrEnum):
    """How long a reply should be, shortest first; `AUTO` leaves it to the model."""

    MICRO = "micro"
    TINY = "tiny"
    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"
    MASSIVE = "massive"
    HUGE = "huge"
    ENORMOUS = "enormous"
    HUMONGOUS = "humongous"
    UNLIMITED = "unlimited"
    AUTO = "auto"


LADDER: tuple[Length, ...] = tuple(step for step in Length if step is not Length.AUTO)

MAX_NEW_TOKENS: dict[Length, int] = {
    Length.MICRO: 48,
    Length.TINY: 64,
    Length.SHORT: 128,
    Length.MEDIUM: 256,
    Length.LONG: 384,
    Length.MASSIVE: 448,
    Length.HUGE: 512,
    Length.ENORMOUS: 640,
    Length.HUMONGOUS: 896,
    Length.UNLIMITED: 1024,
    Length.AUTO: 384,
}


class LengthSource(StrEnum):
    """Whose choice decided the length of a reply."""

    NEXT_REPLY = "next reply"
    ME = "me"
    SCENE = "scene"
    CHARACTER = "character"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ChosenLength:
    """The length in force and whose choice it was."""

    step: Length
    source: LengthSource


def choose_length(
    *,
    next_reply: Length | None,
    me: Length | None,
    scene: Length | None,
    character: Length | None,
) -> ChosenLength:
    """Decide: next reply beats me, me beats scene, then the character's, then medium."""
    choices: Iterable[tuple[Length | None, LengthSource]] = (
        (next_reply, LengthSource.NEXT_REPLY),
        (me, LengthSource.ME),
        (scene, LengthSource.SCENE),
        (character, LengthSource.CHARACTER),
    )
    for step, source in choices:
        if step is not None:
            return ChosenLength(step, source)
    return ChosenLength(Length.MEDIUM, LengthSource.DEFAULT)
