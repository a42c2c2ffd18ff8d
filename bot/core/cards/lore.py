"""A card's lorebook, whatever stands in it: read as what it ought to be."""

from collections.abc import Mapping
from typing import NamedTuple

from bot.core.cards.books import entries_in, is_foreign, v2_entry
from bot.core.cards.decorators import parted
from bot.core.cards.fields import clean, fact, keys_of, natural, whole
from bot.core.cards.fields import line as read_line
from bot.core.cards.fields import mapping as read_mapping
from bot.core.cards.fields import text as read_text
from bot.core.cards.notes import Notes
from bot.core.lorebook import DEPTH, Book, Json, Logic, LoreEntry, Position
from bot.core.phrases import phrase

MOST_ENTRIES = 500
MOST_TEXT = 16 * 1024
ORDER = 100
ALWAYS = 100
_LOGIC = (Logic.AND_ANY, Logic.NOT_ALL, Logic.NOT_ANY, Logic.AND_ALL)
ROLES = ("system", "user", "assistant")
_BEFORE, AT_DEPTH = 0, 4
_WORDS: Mapping[object, int] = {"before_char": 0, "after_char": 1, "in_chat": 4, "at_depth": 4}


def read_book(value: object, notes: Notes) -> Book | None:
    """Read the value of `character_book`; None if there is no book."""
    if isinstance(value, list):
        value = {"entries": value}
    if value is None:
        return None
    if not isinstance(value, Mapping):
        notes.add(phrase("`character_book` was no object and is left out."))
        return None
    if isinstance(value.get("entries"), Mapping):
        notes.add(phrase("The lore entries were an object; they are a list now."))
    found = entries_in(value)
    entries = [entry for each in found[:MOST_ENTRIES] if (entry := read_entry(each, notes))]
    if len(found) > MOST_ENTRIES:
        notes.add(
            phrase(
                "The lorebook has {count:,} entries; only the first {most_entries} are used here.",
                count=len(found),
                most_entries=MOST_ENTRIES,
            )
        )
    name = value.get("name")
    description = value.get("description")
    return Book(
        entries=tuple(entries),
        name="" if name is None else read_line(name, "character_book.name", notes),
        description=""
        if description is None
        else read_text(description, "character_book.description", notes),
        scan_depth=_number(value, "scan_depth", notes),
        token_budget=_number(value, "token_budget", notes),
        recursive_scanning=_truth(value, "recursive_scanning", notes),
        extensions=_extensions(value, notes),
        fields=value,
    )


def read_entry(value: object, notes: Notes) -> LoreEntry | None:
    """Read an entry of a lorebook; None if it is none."""
    if not isinstance(value, Mapping):
        notes.in_entry(phrase("there was nothing to read; they were left out"))
        return None
    if is_foreign(value):
        value = v2_entry(value)
    extensions = value.get("extensions")
    extensions = dict(extensions) if isinstance(extensions, Mapping) else {}
    asked = _Asked(value, extensions)
    decorators, content = parted(_content(value, notes))
    position = _position(value, extensions, notes)
    if position.depth is not None:  # where V2 has no word for it
        role = ROLES.index(position.role)
        extensions |= {"position": AT_DEPTH, "depth": position.depth, "role": role}
    return LoreEntry(
        keys=keys_of(value.get("keys"), notes),
        content=content,
        name=_line(value.get("name")),
        comment=_line(value.get("comment")),
        enabled=fact(value.get("enabled")) is not False,
        constant=fact(value.get("constant")) is True,
        insertion_order=_order(value, notes),
        priority=whole(value.get("priority")),
        selective=fact(value.get("selective")) is True,
        secondary_keys=keys_of(value.get("secondary_keys"), notes),
        logic=_logic(asked.first("selectiveLogic")),
        position=position,
        use_regex=fact(value.get("use_regex")) is True,
        case_sensitive=fact(asked.first("case_sensitive")),
        match_whole_words=fact(asked.first("match_whole_words")),
        scan_depth=natural(asked.first("scan_depth")),
        probability=_probability(asked),
        exclude_recursion=fact(asked.first("exclude_recursion")) is True,
        prevent_recursion=fact(asked.first("prevent_recursion")) is True,
        delay_until_recursion=fact(asked.first("delay_until_recursion")) is True,
        decorators=decorators,
        extensions=extensions,
        fields=value,
    )


def _content(entry: Json, notes: Notes) -> str:
    content = entry.get("content")
    if not isinstance(content, str):
        notes.in_entry(phrase("`content` was no text"))
        content = "" if content is None or isinstance(content, (Mapping, list)) else str(content)
    if len(content) > MOST_TEXT:
        notes.in_entry(
            phrase(
                "`content` is too long; only {most_text:,} characters are used here",
                most_text=MOST_TEXT,
            )
        )
    return clean(content)[:MOST_TEXT]


class _Asked(NamedTuple):
    """An entry and its extensions: front ends write some fields here, some there."""

    entry: Json
    extensions: Json

    def first(self, name: str) -> object:
        value = self.entry.get(name)
        return self.extensions.get(name) if value is None else value


def _line(value: object) -> str:
    return " ".join(clean(value).split()) if isinstance(value, str) else ""


def _number(book: Json, name: str, notes: Notes) -> int | None:
    value = book.get(name)
    number = natural(value)
    if value is not None and number is None:
        notes.add(phrase("`character_book.{name}` is no number and is left out.", name=name))
    elif isinstance(value, str):
        notes.add(phrase("`character_book.{name}` was a text; it is a number now.", name=name))
    return number


def _truth(book: Json, name: str, notes: Notes) -> bool | None:
    value = book.get(name)
    if value is not None and not isinstance(value, bool):
        notes.add(
            phrase("`character_book.{name}` was no truth value; it was read as one.", name=name)
        )
    return fact(value)


def _extensions(book: Json, notes: Notes) -> dict[str, object]:
    value = book.get("extensions")
    return {} if value is None else read_mapping(value, "character_book.extensions", notes)


def _order(entry: Json, notes: Notes) -> int:
    value = entry.get("insertion_order")
    number = whole(value)
    if value is not None and type(value) is not int:
        notes.in_entry(phrase("`insertion_order` was no number"))
    return ORDER if number is None else number


def _logic(value: object) -> Logic:
    if isinstance(value, str) and value.strip().upper() in set(Logic):
        return Logic(value.strip().upper())
    number = natural(value)
    return _LOGIC[number] if number is not None and number < len(_LOGIC) else Logic.AND_ANY


def _position(entry: Json, extensions: Json, notes: Notes) -> Position:
    """Read where an entry goes: SillyTavern's number in the extensions wins over V2's word."""
    said = entry.get("position")
    if said is not None and said not in ("before_char", "after_char"):
        notes.in_entry(phrase("`position` was no word of the format"))
    kind = whole(extensions.get("position"))
    if kind is None:
        kind = _WORDS.get(said, whole(said)) if isinstance(said, str) else whole(said)
    if kind != AT_DEPTH:
        return Position(before=kind == _BEFORE)
    depth = natural(extensions.get("depth", entry.get("depth")))
    return Position(depth=DEPTH if depth is None else depth, role=role_of(extensions.get("role")))


def role_of(value: object) -> str:
    """Read who says something: SillyTavern's number or a word; else the system."""
    if isinstance(value, str) and value.strip().lower() in ROLES:
        return value.strip().lower()
    number = natural(value)
    return ROLES[number] if number is not None and number < len(ROLES) else ROLES[0]


def _probability(asked: _Asked) -> int:
    chance = natural(asked.first("probability"))
    if chance is None or fact(asked.first("useProbability")) is False:
        return ALWAYS
    return min(chance, ALWAYS)
