"""All that goes into one prompt, before it is text."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.lengths import AUTO, Length
from bot.core.scene import NOTE_DEPTH, Role

__all__ = ["NOTE_DEPTH", "Line", "Lore", "Note", "Part", "Persona", "Piece", "Position", "Script"]


class Position(StrEnum):
    """Where a piece of lore stands."""

    BEFORE = "before"  # the first persona
    AFTER = "after"  # the scenario
    DEPTH = "depth"  # so many lines before the end


@dataclass(frozen=True, slots=True)
class Persona:
    """Who somebody is; an empty text is left out of the prompt."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something said. A narrator needs no name, a character's defaults to the script's.

    Attributes:
        length: what the header over a character's line says. Prompts leave it out:
            only text to train on has it.
    """

    role: Role
    name: str
    text: str
    length: Length = AUTO


@dataclass(frozen=True, slots=True)
class Note:
    """The author's note: a narrator's line, *depth* lines before the end."""

    text: str
    depth: int = NOTE_DEPTH


@dataclass(frozen=True, slots=True)
class Lore:
    """A piece of background; `depth` counts for `Position.DEPTH` only."""

    text: str
    position: Position = Position.BEFORE
    depth: int = NOTE_DEPTH


@dataclass(frozen=True, slots=True)
class Script:
    """All that goes into one prompt.

    Attributes:
        character: who is to speak next.
        players: in the order they are introduced; who speaks without being
            listed is added.
        examples: stand before the first line as if they had been said; a
            speaker there who plays no part stands for the first player.
        length: a step of the profile's ladder; any other name tells the model none.
    """

    character: Persona
    players: tuple[Persona, ...] = ()
    scenario: str = ""
    lore: tuple[Lore, ...] = ()
    examples: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()
    note: Note | None = None
    length: Length = AUTO


class Part(StrEnum):
    """What a piece of a prompt is, as `/context` counts them."""

    INSTRUCTION = "instruction"  # headers and the instruction line
    PERSONAS = "personas"
    SCENARIO = "scenario"
    LORE = "lore"
    EXAMPLES = "examples"
    STORY = "story"
    NOTE = "note"
    REPLY = "reply"  # the header that is left open, and what is written behind it


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt. The pieces of a prompt, joined, are the prompt.

    Attributes:
        line: of `Part.STORY`, the index of its line in the script.
    """

    part: Part
    text: str
    line: int | None = None
