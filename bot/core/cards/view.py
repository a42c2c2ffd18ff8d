"""A card as plain values: V2's data with V3's additions, ready to be written as JSON."""

from dataclasses import asdict, fields

from bot.core.cards.card import Card
from bot.core.lorebook import Book, LoreEntry

_NOT_SHOWN = {"picture", "members", "document", "warnings", "rating", "character_book", "spec"}


def in_every_prompt(card: Card) -> str:
    """What of *card* goes into every prompt."""
    depth = card.depth_prompt.prompt if card.depth_prompt else ""
    said = (card.description, card.personality, card.scenario, card.system_prompt)
    return "\n".join(filter(None, (*said, card.post_history_instructions, depth)))


def shown(card: Card) -> dict[str, object]:
    """Return all that was read of *card* and means something here."""
    plain = {
        each.name: _plain(getattr(card, each.name))
        for each in fields(card)
        if each.name not in _NOT_SHOWN
    }
    book = card.character_book
    return {
        **plain,
        "character_book": None if book is None else _shown_book(book),
        "greetings": list(card.greetings),
        "spec_in": card.spec,
    }


def _shown_book(book: Book) -> dict[str, object]:
    plain = {each.name: _plain(getattr(book, each.name)) for each in fields(book)}
    del plain["fields"]
    return {**plain, "entries": [_shown_entry(entry) for entry in book.entries]}


def _shown_entry(entry: LoreEntry) -> dict[str, object]:
    plain = {each.name: _plain(getattr(entry, each.name)) for each in fields(entry)}
    del plain["fields"]
    return {**plain, "position": str(entry.position), "logic": entry.logic.value}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)  # type: ignore[call-overload]  # only values of ours
    return value
