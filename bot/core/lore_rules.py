"""The rules by which lore is told, and the entries that could be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.chance import Chance
from bot.core.lore_ports import PatternSearch
from bot.core.lore_terms import Terms, terms_of
from bot.core.lorebook import Book, LoreEntry

SCAN_DEPTH = 2
NAME_CHARACTERS = 40


class Why(StrEnum):
    """Why an entry is told, or is not."""

    ALWAYS = "always told"
    KEY = "key"
    CALLED = "called by another entry"
    STAYS = "told shortly before"
    SECONDARY = "its secondary keys say no"
    TERMS = "a decorator says no"
    CHANCE = "chance said no"
    FULL = "no room left"


@dataclass(frozen=True, slots=True)
class Moment:
    """What has been said when a reply is asked for.

    Attributes:
        lines: `Name: text`, oldest first.
        replies: how many of the character's are among all lines.
        greeting: which of the character's the story began with, from 1.
        chance: of this reply, however often it is written anew.
    """

    lines: Sequence[str]
    chance: Chance
    replies: int = 0
    greeting: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How lore is told.

    Attributes:
        cost: how many tokens a text takes.
        fill: puts in what macros stand for.
        scan_depth and below: where a book does not say.
    """

    patterns: PatternSearch
    cost: Callable[[str], int]
    budget: int
    fill: Callable[[str], str] = str
    scan_depth: int = SCAN_DEPTH
    recursive: bool = True
    whole_words: bool = True
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An entry that is told, or was about to be.

    Attributes:
        book, index: where it stands.
        key: that was found.
        text: as it goes into the prompt.
    """

    book: int
    index: int
    name: str
    why: Why
    key: str
    text: str
    terms: Terms
    order: int


def name_of(entry: LoreEntry, index: int) -> str:
    """What an entry is called where people read of it; *index* is from 0."""
    named = entry.name or entry.comment or next(iter(entry.keys), "") or f"entry {index + 1}"
    return " ".join(named.split())[:NAME_CHARACTERS]


@dataclass(slots=True)
class Candidate:
    """An entry as it could be told; macros are filled in, once for all moments."""

    book: int
    index: int
    entry: LoreEntry
    terms: Terms
    keys: tuple[str, ...]
    secondary: tuple[str, ...]
    text: str
    cost: int

    def told(self, why: Why, key: str = "") -> Told:
        name = name_of(self.entry, self.index)
        return Told(
            self.book,
            self.index,
            name,
            why,
            key,
            self.text,
            self.terms,
            self.entry.insertion_order,
        )


def candidates_of(books: Sequence[Book], rules: Rules) -> list[Candidate]:
    """All entries in the order in which they have the budget."""
    found: list[Candidate] = []
    for number, book in enumerate(books):
        of_book = [
            _candidate(number, index, entry, rules)
            for index, entry in enumerate(book.entries)
            if entry.enabled
        ]
        has_priorities = any(one.entry.priority is not None for one in of_book)
        found += sorted(of_book, key=_by_priority if has_priorities else _by_order)
    return found


def _by_order(one: Candidate) -> tuple[bool, int]:
    return one.terms.gives_way, -one.entry.insertion_order


def _by_priority(one: Candidate) -> tuple[bool, int]:
    priority = one.entry.priority
    return one.terms.gives_way, -(one.entry.insertion_order if priority is None else priority)


def _candidate(number: int, index: int, entry: LoreEntry, rules: Rules) -> Candidate:
    text = rules.fill(entry.content)
    return Candidate(
        book=number,
        index=index,
        entry=entry,
        terms=terms_of(entry),
        keys=_filled(entry.keys, rules),
        secondary=_filled(entry.secondary_keys, rules) if entry.selective else (),
        text=text,
        cost=rules.cost(f"{text}\n") if text else 0,
    )


def _filled(keys: Iterable[str], rules: Rules) -> tuple[str, ...]:
    return tuple(key for each in keys if (key := rules.fill(each).strip()))
