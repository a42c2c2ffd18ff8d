"""How long a reply should be, and whose choice counts.

The steps themselves belong to the model's profile: LimaRP models know ten
words, or eight others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Length = NewType("Length", str)
"""The name of a step of the profile's length ladder, or `AUTO`."""

AUTO = Length("auto")
"""Leaves the length to the model: the prompt says none."""


@dataclass(frozen=True, slots=True)
class LengthStep:
    """One step of a model's length control.

    Attributes:
        name: the model's own word for it, which is also what members choose.
        max_new_tokens: where a reply of this length is cut off.
        words: from and to how many words such replies usually have.
    """

    name: Length
    max_new_tokens: int
    words: tuple[int, int]


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

    step: LengthStep
    source: LengthSource


def choose_length(
    ladder: "LengthLadder",
    *,
    next_reply: Length | None,
    me: Length | None,
    scene: Length | None,
    character: Length | None,
) -> ChosenLength:
    """Decide: next reply beats me, me beats scene, then the character's, then the default.

    A choice that the model's ladder does not have, from the days of another
    model, does not count.
    """
    choices: Iterable[tuple[Length | None, LengthSource]] = (
        (next_reply, LengthSource.NEXT_REPLY),
        (me, LengthSource.ME),
        (scene, LengthSource.SCENE),
        (character, LengthSource.CHARACTER),
    )
    for name, source in choices:
        step = None if name is None else ladder.find(name)
        if step is not None:
            return ChosenLength(step, source)
    return ChosenLength(ladder.usual, LengthSource.DEFAULT)


@dataclass(frozen=True, slots=True)
class LengthLadder:
    """The steps of one model, shortest first, and `auto` beside them."""

    steps: tuple[LengthStep, ...]
    auto: LengthStep
    usual: LengthStep

    @property
    def choices(self) -> tuple[LengthStep, ...]:
        """All that members may choose: the steps, then `auto`."""
        return (*self.steps, self.auto)

    def find(self, name: str) -> LengthStep | None:
        """The step of that name; None if the model has none."""
        return next((step for step in self.choices if step.name == name), None)
