"""How a message of ours says which post it is: by the end of a button's id."""

import re

from bot.core.scene import TurnId

_MARKED = re.compile(r".+:(?P<mark>(?P<turn>\d{20}r*)\.\d{1,3})")


def mark_in(custom_id: str) -> str | None:
    """The mark that a button's id ends in, as `core.scene.mark_of` made it; None if it has none."""
    match = _MARKED.fullmatch(custom_id)
    return match["mark"] if match else None


def turn_of(mark: str) -> TurnId:
    """The turn that the post of that mark shows."""
    return TurnId(mark.rpartition(".")[0])


def part_of(mark: str) -> int:
    """Which part of the turn the post of that mark shows, from 0."""
    return int(mark.rpartition(".")[2])
