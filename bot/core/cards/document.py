"""A card as the document that an export writes: what was read, with what is said now.

A field is written anew only where its value was mended or changed; all others,
known or not, are given back as they came.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

from bot.core.cards.card import Card
from bot.core.cards.card_data import (
    LONGEST_NAME,
    assets_in,
    depth_prompt_in,
    judgement_of,
    name_in,
    tags_in,
)
from bot.core.cards.lore_document import book_document
from bot.core.cards.notes import Notes
from bot.core.cards.said import Json, line_of, say, say_list, say_number, text_of, texts_of
from bot.core.cards.shapes import FIELDS, OURS
from bot.core.characters import Rating

_TEXTS = (
    *("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes"),
    *("system_prompt", "post_history_instructions", "creator", "character_version"),
)
_LISTS = ("alternate_greetings", "group_only_greetings")


class Spec(NamedTuple):
    """A format, as a document names it."""

    spec: str
    version: str


V2, V3 = Spec("chara_card_v2", "2.0"), Spec("chara_card_v3", "3.0")


def document_of(card: Card, spec: Spec) -> Json:
    """Return the whole card; copies of its fields beside `data`, which go stale, are left out."""
    around = {name: value for name, value in card.document.items() if name not in FIELDS}
    return {**around, "spec": spec.spec, "spec_version": spec.version, "data": _data_of(card)}


def _data_of(card: Card) -> Json:
    found = card.document.get("data")
    data: Json = dict(found) if isinstance(found, Mapping) else {}
    say(data, "name", card.name, lambda value: name_in(value, Notes()))
    for name in _TEXTS:
        say(data, name, getattr(card, name), text_of)
    if card.nickname or "nickname" in data:
        say(data, "nickname", card.nickname, lambda value: line_of(value)[:LONGEST_NAME])
    say_list(data, "tags", card.tags, lambda value: tags_in(value, Notes()))
    for name in _LISTS:
        say_list(data, name, getattr(card, name), texts_of)
    if card.source or "source" in data:
        say_list(data, "source", card.source, texts_of)
    languages = card.creator_notes_multilingual
    if languages != data.get("creator_notes_multilingual", {}):
        data["creator_notes_multilingual"] = dict(languages)
    for name in ("creation_date", "modification_date"):
        say_number(data, name, getattr(card, name))
    assets = [asdict(asset) for asset in card.assets]
    if card.assets != assets_in(data.get("assets"), Notes()) or data.get("assets", assets) is None:
        data["assets"] = assets
    data["extensions"] = _extensions_of(card, data.get("extensions"))
    if card.character_book is not None:
        data["character_book"] = book_document(card.character_book)
    elif "character_book" in data:
        del data["character_book"]
    return data


def _extensions_of(card: Card, found: object) -> Json:
    extensions = dict(card.extensions)
    note = card.depth_prompt
    was = found.get("depth_prompt") if isinstance(found, Mapping) else None
    if note is None:
        extensions.pop("depth_prompt", None) if depth_prompt_in(extensions, Notes()) else None
    elif depth_prompt_in({"depth_prompt": was}, notes := Notes()) == note and not notes.all():
        extensions["depth_prompt"] = was
    else:
        extra = was if isinstance(was, Mapping) else {}
        extensions["depth_prompt"] = {**extra, **asdict(note)}
    if card.rating is Rating.ADULT and judgement_of(card).rating is not Rating.ADULT:
        ours = extensions.get(OURS)
        extensions[OURS] = {**(ours if isinstance(ours, Mapping) else {}), "rating": "adult"}
    return extensions
