"""A card as the roster keeps it: its bytes, changed fields, a line for lists."""

import zlib
from collections.abc import Mapping
from dataclasses import replace

from bot.core.cards.card import Card, CardRefused
from bot.core.cards.card_data import LONGEST_NAME, is_refused, judged
from bot.core.cards.writing import to_json
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.plain_text import plain, shortened
from bot.core.roster import MOST_RAW

TAGLINE_CHARACTERS = 100

MINOR_AND_ADULT = phrase(
    "The character is described as under 18, so it can never be rated adult, nor speak as one."
)


def tagline_of(card: Card) -> str:
    """A line about a character, for lists."""
    first = next((line for line in card.creator_notes.splitlines() if line.strip()), "")
    return shortened(first or ", ".join(card.tags), TAGLINE_CHARACTERS)


def changed(card: Card, fields: Mapping[str, str]) -> Card:
    """Return *card* with *fields* of it written anew, and judged anew.

    Raises:
        CardRefused: it is described as under 18, and adult.
    """
    texts: dict[str, str] = {name: text.strip() for name, text in fields.items() if name != "tags"}
    if "name" in texts:
        texts["name"] = " ".join(plain(texts["name"]).split())[:LONGEST_NAME]
    card = replace(card, **texts)  # type: ignore[arg-type]  # texts are all they can be
    if "tags" in fields:
        tags = tuple(tag.strip() for tag in fields["tags"].split(",") if tag.strip())
        card = replace(card, tags=tags)
    if not card.name:
        raise UserError(phrase("A character needs a name."))
    card = judged(card)
    if is_refused(card):
        raise CardRefused(MINOR_AND_ADULT)
    return card


def raw_of(card: Card, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """What is kept of a file: all of it if it is no picture and fits, else the card in it."""
    if card.picture is None or card.members:
        if len(zlib.compress(data)) <= MOST_RAW:
            return data, ()
        further = (
            (phrase("The archive is large: its further files are not kept."),)
            if card.members
            else ()
        )
        return fitting(to_json(replace(card, members=(), avatar=None))), further
    return fitting(to_json(card)), ()


def fitting(raw: bytes) -> bytes:
    """Return *raw*, which fits.

    Raises:
        UserError: it does not.
    """
    if len(zlib.compress(raw)) > MOST_RAW:
        raise UserError(
            phrase(
                "The card has more than {most_raw} kB of text: give a shorter one.",
                most_raw=MOST_RAW // 1024,
            )
        )
    return raw
