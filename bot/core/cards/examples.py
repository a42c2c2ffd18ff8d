"""A card's example dialogue as lines that somebody says."""

import re
from collections.abc import Iterator

from bot.core.characters import ExampleLine
from bot.core.scene import Role

MOST_LINES = 200
_START = re.compile(r"<start>", re.IGNORECASE)
_DIALOG_END = "END_OF_DIALOG"
_CHAR = r"\{\{char\}\}|<bot>|<char>"
_USER = r"\{\{user\}\}|<user>"


def examples_in(text: str, name: str) -> tuple[ExampleLine, ...]:
    """Part *text* into lines; those of *name* are the character's own.

    A line that names nobody belongs to whoever spoke before, or else to whoever
    speaks next; where nobody speaks at all, it is a narrator's.
    """
    speaker = re.compile(rf"(?:(?P<char>{_CHAR}|{re.escape(name)})|(?:{_USER})):", re.IGNORECASE)
    blocks = _START.split(text.replace("\r\n", "\n"))
    return tuple(line for block in blocks for line in _lines(block, speaker))[:MOST_LINES]


def _lines(block: str, speaker: re.Pattern[str]) -> Iterator[ExampleLine]:
    role: Role | None = None
    said: list[str] = []
    for line in block.split("\n"):
        found = speaker.match(line)
        who = None if found is None else Role.CHARACTER if found["char"] else Role.PLAYER
        if found is not None and who is not role:
            if role is not None:
                yield from _line(role, said)
                said = []
            role = who
            line = line[found.end() :].strip()  # noqa: PLW2901  # the name is said by the role
        if line.strip() != _DIALOG_END:
            said.append(line)
    yield from _line(Role.NARRATOR if role is None else role, said)


def _line(role: Role, said: list[str]) -> Iterator[ExampleLine]:
    text = "\n".join(said).strip()
    if text:
        yield ExampleLine(role, text)
