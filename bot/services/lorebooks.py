"""Lorebooks of channels and servers: kept, changed, tried out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.core.cards.card import Card, CardFileError
from bot.core.cards.reading import read_card
from bot.core.chance import seeded
from bot.core.characters import Character, Rating
from bot.core.errors import StoreUnavailable, UserError
from bot.core.lore import Lore, lore_of
from bot.core.lore_entries import (
    EntryChange,
    Kept,
    added,
    as_text,
    book_name,
    edited,
    from_text,
    line_of,
    stamp,
    without,
)
from bot.core.lore_ports import LoreHome, LoreStore, PatternSearch
from bot.core.lore_rules import Moment, Rules
from bot.core.lorebook import Book, LoreEntry
from bot.core.phrases import phrase
from bot.core.plain_text import shortened
from bot.core.scene import GuildId, Place, SceneHead
from bot.core.story import macros_of
from bot.core.token_counts import estimate

MOST_BOOKS = 8
USUAL_BOOK = "lore"
TEST_BUDGET = 1024
"""Tokens: a quarter of the context that most models here have."""
MOST_FILE_BYTES = 20_000_000


class Where(StrEnum):
    """To what a book belongs."""

    CHANNEL = "channel"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class EntryRef:
    """Which entry is meant; `str()` is short enough for Discord's autocomplete."""

    where: Where
    book: str
    index: int
    stamp: str

    def __str__(self) -> str:
        return f"{self.where}:{self.index}:{self.stamp}:{self.book}"

    @classmethod
    def read(cls, text: str) -> "EntryRef | None":
        """Undo `str()`; None for anything else."""
        parts = text.split(":", 3)
        if len(parts) != len(("where", "index", "stamp", "book")):
            return None
        where, index, mark, book = parts
        if where not in {*Where} or not index.isdecimal():
            return None
        return cls(Where(where), book, int(index), mark)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry, as lists show it."""

    ref: EntryRef
    line: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    name: str
    entries: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a text would bring up; `names` are those of the books that `lore` counts."""

    lore: Lore
    names: tuple[str, ...]


class Lorebooks:
    """Borrows the store. Every method may raise StoreUnavailable or StoreRefusesWrites."""

    def __init__(self, store: LoreStore, new_search: Callable[[], PatternSearch]) -> None:
        self._store = store
        self._new_search = new_search

    async def open_in(self, head: SceneHead) -> Sequence[Book]:
        """The books that play in a scene: the channel's, its parent's, the server's."""
        return [kept.book for _, kept in await self._open(head.place)]

    async def listed(self, place: Place, wanted: str = "") -> Sequence[Listed]:
        """The entries that can be changed at *place* and have *wanted* in them."""
        wanted, found = wanted.strip().casefold(), []
        for where in Where:
            for kept in await self._kept(_home(place, where)):
                for index, entry in enumerate(kept.book.entries):
                    ref = EntryRef(where, kept.name, index, stamp(entry))
                    line = line_of(entry, index)
                    if wanted in f"{line} {kept.name}".casefold() or wanted == str(ref).casefold():
                        found.append(Listed(ref, line))
        return found

    async def books(self, place: Place) -> Sequence[tuple[Where, Kept]]:
        """The books that can be changed at *place*."""
        return [(where, kept) for where in Where for kept in await self._kept(_home(place, where))]

    async def entry(self, place: Place, wanted: str) -> EntryRef:
        """Find the entry that a member means, by its reference or by what is written of it.

        Raises:
            UserError: there is none, or more than one.
        """
        ref = EntryRef.read(wanted)
        if ref is not None:
            return ref
        found = await self.listed(place, wanted)
        if len(found) != 1:
            raise UserError(
                phrase("There is more than one entry like that. Choose one from the list.")
                if found
                else phrase("There is no entry like that. Choose one from the list.")
            )
        return found[0].ref

    async def look(self, place: Place, ref: EntryRef) -> LoreEntry:
        """The entry itself."""
        _, kept = await self._of(place, ref)
        return kept.book.entries[ref.index]

    async def add(
        self, place: Place, where: Where, change: EntryChange, *, book: str = USUAL_BOOK
    ) -> str:
        """Add an entry; returns the name of its book."""
        name = book_name(book)
        home = _need(_home(place, where))
        kept = await self._find(home, name) or Kept(name)
        if not kept.text:
            await self._check_room(home)
        await self._put(home, kept, added(kept.book, change))
        return name

    async def edit(self, place: Place, ref: EntryRef, change: EntryChange) -> None:
        """Change an entry."""
        home, kept = await self._of(place, ref)
        await self._put(home, kept, edited(kept.book, ref.index, change))

    async def remove(self, place: Place, ref: EntryRef) -> None:
        """Remove an entry; its book goes with the last one."""
        home, kept = await self._of(place, ref)
        left = without(kept.book, ref.index)
        await self._put(home, kept, left if left.entries else None)

    async def remove_book(self, place: Place, where: Where, name: str) -> int:
        """Remove a book; returns how many entries it had."""
        home = _need(_home(place, where))
        kept = await self._find(home, name)
        if kept is None:
            raise UserError(phrase("There is no lorebook of that name."))
        await self._put(home, kept, None)
        return len(kept.book.entries)

    async def import_(
        self, place: Place, where: Where, content: bytes, filename: str, *, allow_adult: bool
    ) -> Imported:
        """Keep the lorebook of a file; one of that name is replaced.

        Raises:
            UserError: there is none in it, it is too large, or may not play there.
        """
        card = await asyncio.to_thread(_read, content, filename)
        if card.character_book is None or not card.character_book.entries:
            raise UserError(phrase("There is no lorebook in this file."))
        if card.rating is Rating.ADULT and not allow_adult:
            raise UserError(
                phrase("This lorebook is for adults and plays only in age-restricted channels.")
            )
        home = _need(_home(place, where))
        name = book_name(card.character_book.name or filename.rpartition(".")[0] or card.name)
        kept = await self._find(home, name) or Kept(name)
        if not kept.text:
            await self._check_room(home)
        await self._put(home, kept, card.character_book)
        return Imported(name, len(card.character_book.entries), card.warnings)

    async def test(
        self, place: Place, text: str, *, character: Character | None, user: str
    ) -> Trial:
        """What *text*, said by *user*, would bring up."""
        found = [*await self._open(place)]
        books = [kept.book for _, kept in found]
        names = [kept.name for _, kept in found]
        if character is not None and character.book is not None:
            books.append(character.book)
            names.append(character.name)
        rules = Rules(
            patterns=self._new_search(),
            cost=estimate,
            budget=TEST_BUDGET,
            fill=macros_of(character, user) if character is not None else str,
        )
        moment = Moment([f"{user}: {text}"], seeded(place.channel, text))
        lore = await asyncio.to_thread(lore_of, books, [moment], rules)
        return Trial(lore, tuple(names))

    async def forget_guild(self, guild: GuildId) -> None:
        """Forget the server's books; a channel's go with its scene."""
        await self._store.forget_books(LoreHome(guild=guild))

    async def _open(self, place: Place) -> Sequence[tuple[LoreHome, Kept]]:
        homes = [LoreHome(channel=place.channel, inside=place.guild)]
        if place.is_thread:
            homes.append(LoreHome(channel=place.parent, inside=place.guild))
        if place.guild is not None:
            homes.append(LoreHome(guild=place.guild))
        return [(home, kept) for home in homes for kept in await self._kept(home)]

    async def _kept(self, home: LoreHome | None) -> Sequence[Kept]:
        if home is None:
            return ()
        found = await self._store.books(home)
        return [Kept(name, found[name], _opened(found[name])) for name in sorted(found)]

    async def _find(self, home: LoreHome, name: str) -> Kept | None:
        return next((kept for kept in await self._kept(home) if kept.name == name), None)

    async def _check_room(self, home: LoreHome) -> None:
        if len(await self._kept(home)) >= MOST_BOOKS:
            raise UserError(
                phrase(
                    "There can be {most_books} lorebooks here. Remove one first.",
                    most_books=MOST_BOOKS,
                )
            )

    async def _of(self, place: Place, ref: EntryRef) -> tuple[LoreHome, Kept]:
        """The book of an entry, if that still stands where it stood."""
        home = _need(_home(place, ref.where))
        kept = await self._find(home, ref.book)
        entries = kept.book.entries if kept is not None else ()
        if kept is None or ref.index >= len(entries) or stamp(entries[ref.index]) != ref.stamp:
            raise UserError(
                phrase("This entry has changed meanwhile, or is gone. Choose it again.")
            )
        return home, kept

    async def _put(self, home: LoreHome, kept: Kept, book: Book | None) -> None:
        text = "" if book is None else as_text(book)
        if not await self._store.put_book(home, kept.name, text, was=kept.text):
            raise UserError(
                phrase("Somebody else has changed this lorebook just now. Please try again.")
            )


def check_size(size: int) -> None:
    """Raise UserError for a file that is not even fetched."""
    if size > MOST_FILE_BYTES:
        raise UserError(
            phrase(
                "The file is larger than {most_file_bytes} MB.",
                most_file_bytes=MOST_FILE_BYTES // 1000000,
            )
        )


def _home(place: Place, where: Where) -> LoreHome | None:
    if where is Where.CHANNEL:
        return LoreHome(channel=place.channel, inside=place.guild)
    return None if place.guild is None else LoreHome(guild=place.guild)


def _need(home: LoreHome | None) -> LoreHome:
    if home is None:
        raise UserError(phrase("There is no server here: choose the channel."))
    return home


def _read(content: bytes, filename: str) -> Card:
    try:
        return read_card(content, filename)
    except CardFileError as error:
        raise UserError(shortened(str(error), 300)) from error


@lru_cache(maxsize=64)
def _opened(text: str) -> Book:
    """Read a stored book; one is read with every reply, and changes seldom."""
    book = from_text(text)
    if book is None:
        raise StoreUnavailable("What Redis holds of this lorebook makes no sense.")
    return book
