"""Scenes to act on, and what becomes of them as in a store."""

from dataclasses import replace

from bot.core.change import Change, Undo
from bot.core.scene import (
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
)
from bot.core.story_acts import (
    undo,
)
from tests.scenes import line, reply, scene

GREETING = replace(line(1, "Welcome."), role=Role.CHARACTER, author=None, messages=(MessageId(2),))


def story(*turns: Turn, **fields: object) -> Scene:
    head: SceneHead = replace(scene(), **fields)  # type: ignore[arg-type]  # checked by dataclasses
    return Scene(head, turns)


def told(*numbers: int) -> Scene:
    """A greeting, then a line and its reply for each of *numbers*."""
    turns = [GREETING]
    for number in numbers:
        turns += [line(number), reply(number, f"answer {number}", 100 + number)]
    return story(*turns)


def applied(before: Scene, change: Change) -> Scene:
    """As a store does it."""
    turns = {turn.id: turn for turn in before.turns if turn.id not in change.drop}
    turns |= {turn.id: turn for turn in change.put}
    return Scene(change.head or before.head, tuple(turns[each] for each in sorted(turns)))


def undone(before: Scene, count: int = 1) -> Change:
    return undo(before, count, name="one", now_ms=5, until_ms=90)


def kept(change: Change) -> Undo:
    assert change.undo is not None
    return change.undo


def texts(found: Scene) -> list[str]:
    return [turn.text for turn in found.turns]
