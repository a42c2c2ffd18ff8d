"""`card show` and `card export`: a character card as it is read, and written anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bot.adapters.card_reader import read_card_file
from bot.adapters.profile_files import load_profile
from bot.cli.input_file import EXIT_USAGE, read_input
from bot.core.cards.card import Card, CardFileError
from bot.core.cards.reading import MOST_BYTES
from bot.core.cards.view import in_every_prompt, shown
from bot.core.cards.writing import Container, write_card
from bot.core.errors import StartupError
from bot.core.lorebook import Book
from bot.core.plain_text import plain
from bot.core.token_counts import estimate
from bot.settings import Settings

_LONG_TEXTS = (
    *("description", "personality", "scenario", "system_prompt", "post_history_instructions"),
    *("mes_example", "creator_notes"),
)


class Counted(NamedTuple):
    """How many tokens a text has, and who says so."""

    tokens: int
    tokenizer: str


def show_card(path: str, settings: Settings, *, as_json: bool) -> bytes:
    """Return what is to be printed.

    Raises:
        StartupError: there is no card in the file, or the settings are wrong.
    """
    card = _read(path)
    counted = _counted(card, settings)
    text = _as_json(card, counted) if as_json else "\n\n".join(_as_text(card, counted))
    return text.encode() + b"\n"


def export_card(path: str, container: str, out: str) -> str:
    """Write the card in *path* to *out* and return what to say of it.

    Raises:
        StartupError: there is no card in the file, or *out* cannot be written.
    """
    card = _read(path)
    data = write_card(card, Container(container))
    try:
        Path(out).write_bytes(data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StartupError(f"{out} cannot be written: {reason}.", exit_code=EXIT_USAGE) from None
    return "\n".join((f"{plain(card.name)} is in {out}.", *_warnings(card)))


def _read(path: str) -> Card:
    data = read_input(path, most_bytes=MOST_BYTES)
    try:
        return read_card_file(data, path)
    except CardFileError as error:
        raise StartupError(str(error), exit_code=EXIT_USAGE) from None


def _counted(card: Card, settings: Settings) -> Counted:
    """Count what goes into every prompt."""
    text = in_every_prompt(card)
    if not text:
        return Counted(0, "none")
    profile = load_profile(settings.prompt.profile)
    if not profile.tokenizer:
        return Counted(estimate(text), "estimate")
    # Imported here: a library that most profiles do without.
    from bot.adapters.tokenizer_file import TokenizerFile  # noqa: PLC0415

    tokens = TokenizerFile(profile.tokenizer).tokenize(text)
    return Counted(len(tokens.ids), f"file {profile.tokenizer}")


def _as_json(card: Card, counted: Counted) -> str:
    printed: dict[str, Any] = {
        "card": shown(card),
        "warnings": card.warnings,
        "rating": card.rating.value,
        "tokens": counted.tokens,
        "tokenizer": counted.tokenizer,
    }
    return json.dumps(printed, ensure_ascii=False, indent=2, allow_nan=False)


def _as_text(card: Card, counted: Counted) -> Iterator[str]:
    known = [plain(each) for each in (card.nickname, card.creator, card.character_version) if each]
    yield " · ".join((plain(card.name), *known))
    about = "about " if counted.tokenizer == "estimate" else ""
    yield f"{card.spec}, for {card.rating.value}, {about}{counted.tokens:,} tokens in every prompt"
    if card.tags:
        yield f"tags: {plain(', '.join(card.tags))}"
    for name in _LONG_TEXTS:
        if text := getattr(card, name).strip():
            yield f"{name}:\n{plain(text)}"
    if card.depth_prompt:
        note = card.depth_prompt
        yield f"depth_prompt ({note.role}, depth {note.depth}):\n{plain(note.prompt)}"
    for number, greeting in enumerate(card.greetings, 1):
        yield f"greeting {number}:\n{plain(greeting)}"
    if card.character_book:
        yield from _book(card.character_book)
    yield from _warnings(card)


def _book(book: Book) -> Iterator[str]:
    yield f"lorebook {plain(book.name)}".rstrip() + f": {len(book.entries):,} entries"
    for entry in book.entries:
        keys = "always" if entry.constant else ", ".join(entry.keys) or "no keys"
        off = "" if entry.enabled else ", off"
        yield f"[{plain(keys)}] ({entry.position}{off})\n{plain(entry.content)}"


def _warnings(card: Card) -> Iterator[str]:
    yield from (f"Warning: {warning}" for warning in card.warnings)
