"""The values of a lorebook, as a character card has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Json = Mapping[str, object]

DEPTH = 4
"""Messages from the end, where a card gives none: SillyTavern's own default."""


class Logic(StrEnum):
    """How an entry's secondary keys decide, once one of its keys has been found."""

    AND_ANY = "AND_ANY"
    NOT_ALL = "NOT_ALL"
    NOT_ANY = "NOT_ANY"
    AND_ALL = "AND_ALL"


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry's text goes: `before_char`, `after_char` or `at_depth:N[:role]`.

    Attributes:
        depth: how many messages before the end; None for the other two.
        role: who says it there: system, user or assistant.
    """

    before: bool = False
    depth: int | None = None
    role: str = "system"

    def __str__(self) -> str:
        if self.depth is None:
            return "before_char" if self.before else "after_char"
        return f"at_depth:{self.depth}" + ("" if self.role == "system" else f":{self.role}")


@dataclass(frozen=True, slots=True)
class Decorator:
    """A line of V3 before an entry's text: `@@name value`.

    Attributes:
        instead: what the lines `@@@name value` below it offer where *name* is not known.
    """

    name: str
    value: str = ""
    instead: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """A text for the prompt, and when it goes there.

    Attributes:
        content: without its decorators.
        insertion_order: higher ones stand nearer to the end.
        priority: lower ones are left out first; None if the book does not say.
        case_sensitive: None if the book leaves it to the host; so with the next two.
        extensions: whatever else the book says.
        fields: the entry as a V2 card has it, as it was read.
    """

    keys: tuple[str, ...]
    content: str
    name: str = ""
    comment: str = ""
    enabled: bool = True
    constant: bool = False
    insertion_order: int = 100
    priority: int | None = None
    selective: bool = False
    secondary_keys: tuple[str, ...] = ()
    logic: Logic = Logic.AND_ANY
    position: Position = Position()
    use_regex: bool = False
    case_sensitive: bool | None = None
    match_whole_words: bool | None = None
    scan_depth: int | None = None
    probability: int = 100
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: bool = False
    decorators: tuple[Decorator, ...] = ()
    extensions: Json = field(default_factory=dict, hash=False)
    fields: Json = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Book:
    """A lorebook, also called world info.

    Attributes:
        scan_depth: in how many messages keys are looked for; None if the book does not say.
        token_budget: for the texts of one prompt; None if the book does not say.
        fields: the book as a V2 card has it, as it was read.
    """

    entries: tuple[LoreEntry, ...]
    name: str = ""
    description: str = ""
    scan_depth: int | None = None
    token_budget: int | None = None
    recursive_scanning: bool | None = None
    extensions: Json = field(default_factory=dict, hash=False)
    fields: Json = field(default_factory=dict, hash=False, compare=False)
