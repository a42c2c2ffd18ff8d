"""Changing the entries of a lorebook, and telling which is which."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.cards.decorators import parted, written
from bot.core.cards.fields import keys_of
from bot.core.cards.lore import MOST_ENTRIES, MOST_TEXT, read_book
from bot.core.cards.lore_document import book_document
from bot.core.cards.notes import Notes
from bot.core.errors import UserError
from bot.core.lore_rules import name_of
from bot.core.lorebook import Book, LoreEntry, Position
from bot.core.phrases import phrase
from bot.core.plain_text import plain

MOST_BYTES = 256 * 1024
NAME_CHARACTERS = 40
EMPTY = Book(entries=())


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What is to be different of an entry; None leaves a thing as it is."""

    keys: str | tuple[str, ...] | None = None
    text: str | None = None
    name: str | None = None
    secondary: str | tuple[str, ...] | None = None
    always: bool | None = None
    enabled: bool | None = None
    position: Position | None = None
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A book as it is stored: its name, its text, and what that says."""

    name: str
    text: str = ""
    book: Book = field(default=EMPTY, compare=False)


def stamp(entry: LoreEntry) -> str:
    """Tell an entry from what may stand in its place by the time somebody changes it."""
    said = f"{entry.keys} {entry.name} {entry.content}".encode("utf-8", "replace")
    return hashlib.sha256(said).hexdigest()[:8]


def book_name(name: str) -> str:
    """A name for a book: one line, not too long, nothing invisible."""
    return " ".join(plain(name).split())[:NAME_CHARACTERS].strip() or "lore"


def as_text(book: Book) -> str:
    """Write a book down; `from_text` undoes it.

    Raises:
        UserError: it is too large.
    """
    text = json.dumps(book_document(book), ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise UserError(
            phrase(
                "A lorebook may have {most_bytes} kB, and this one has more.",
                most_bytes=MOST_BYTES // 1024,
            )
        )
    return text


def from_text(text: str) -> Book | None:
    """Read a book that `as_text` wrote; None if it is damaged."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read_book(found, Notes()) if isinstance(found, Mapping) else None


def added(book: Book, change: EntryChange) -> Book:
    """*book* with one entry more.

    Raises:
        UserError: nobody could ever come to read it, or there are too many.
    """
    if len(book.entries) >= MOST_ENTRIES:
        raise UserError(
            phrase(
                "A lorebook may have {most_entries} entries. Remove one first.",
                most_entries=MOST_ENTRIES,
            )
        )
    entry = changed(LoreEntry(keys=(), content=""), change)
    return replace(book, entries=(*book.entries, entry))


def edited(book: Book, index: int, change: EntryChange) -> Book:
    """*book* with another entry in the place of that one."""
    entries = [*book.entries]
    entries[index] = changed(entries[index], change)
    return replace(book, entries=tuple(entries))


def without(book: Book, index: int) -> Book:
    """*book* without that entry."""
    return replace(book, entries=(*book.entries[:index], *book.entries[index + 1 :]))


def changed(entry: LoreEntry, change: EntryChange) -> LoreEntry:
    """*entry* with what is to be different.

    Raises:
        UserError: it has no text, or neither keys nor is it always told.
    """
    text = written(entry.decorators, entry.content) if change.text is None else change.text
    if len(text) > MOST_TEXT:
        raise UserError(
            phrase("The text of an entry may have {most_text:,} characters.", most_text=MOST_TEXT)
        )
    decorators, content = parted(text.strip())
    secondary = entry.secondary_keys
    if change.secondary is not None:
        secondary = keys_of(change.secondary, Notes())
    found = replace(
        entry,
        decorators=decorators,
        content=content,
        keys=entry.keys if change.keys is None else keys_of(change.keys, Notes()),
        secondary_keys=secondary,
        selective=bool(secondary) if change.secondary is not None else entry.selective,
        name=entry.name if change.name is None else " ".join(change.name.split())[:80],
        constant=entry.constant if change.always is None else change.always,
        enabled=entry.enabled if change.enabled is None else change.enabled,
        position=change.position or entry.position,
        insertion_order=entry.insertion_order if change.order is None else change.order,
    )
    if not found.content.strip():
        raise UserError(phrase("An entry needs a text: what is the reply to be told?"))
    if not found.keys and not found.constant and not found.decorators:
        raise UserError(phrase("An entry needs keys, or has to be told always."))
    return found


def keys_text(keys: Sequence[str]) -> str:
    """Keys as a member reads and writes them; `read_keys` undoes it."""
    return ("\n" if any("," in key for key in keys) else ", ").join(keys)


def read_keys(text: str) -> tuple[str, ...]:
    """Read keys with commas between, or one a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return keys_of(lines if len(lines) > 1 else text.strip(), Notes())


def line_of(entry: LoreEntry, index: int) -> str:
    """An entry on one line, for a list."""
    marks = "" if entry.enabled else " (off)"
    if entry.constant:
        marks += " (always)"
    keys = ", ".join(entry.keys[:5]) + (", …" if len(entry.keys) > 5 else "")  # noqa: PLR2004
    return f"{name_of(entry, index)}{marks}" + (f": {keys}" if keys else "")
