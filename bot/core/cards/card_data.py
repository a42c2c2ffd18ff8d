"""The `data` of a card, whatever stands in it: read as what it ought to be."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import NamedTuple

from bot.core.cards import fields
from bot.core.cards.card import Asset, Card, DepthPrompt, Json
from bot.core.cards.lore import read_book, role_of
from bot.core.cards.notes import Notes
from bot.core.cards.rating import Judgement, judge
from bot.core.cards.shapes import Shaped
from bot.core.characters import Rating
from bot.core.lorebook import DEPTH
from bot.core.phrases import phrase
from bot.core.plain_text import plain

LONGEST_NAME = 80
"""Discord's limit for the name over a message."""
NAMELESS = "Unnamed"


def card_of(shaped: Shaped, notes: Notes, *, fallback: str) -> Card:
    """Read a card; *fallback* stands in for a name that is missing."""
    data = shaped.data
    read = _Reader(data, notes)
    first, *further = _first_greetings(data, notes)
    extensions = fields.mapping(data.get("extensions", {}), "extensions", notes)
    depth_prompt = depth_prompt_in(extensions, notes)
    if depth_prompt is not None:
        found = extensions["depth_prompt"]
        found = found if isinstance(found, dict) else {}
        extensions["depth_prompt"] = {**found, **asdict(depth_prompt)}
    unnamed = Notes() if shaped.spec == "lorebook" else notes  # which needs no name
    return Card(
        name=name_in(data.get("name"), notes) or _called(fallback, unnamed),
        description=read.text("description"),
        personality=read.text("personality"),
        scenario=read.text("scenario"),
        first_mes=first,
        mes_example=read.text("mes_example"),
        creator_notes=read.text("creator_notes"),
        system_prompt=read.text("system_prompt"),
        post_history_instructions=read.text("post_history_instructions"),
        alternate_greetings=(*further, *read.texts("alternate_greetings")),
        tags=tags_in(data.get("tags", ()), notes),
        creator=read.text("creator"),
        character_version=read.text("character_version"),
        character_book=read_book(data.get("character_book"), notes),
        extensions=extensions,
        nickname=read.line("nickname")[:LONGEST_NAME],
        creator_notes_multilingual=_notes_by_language(data, notes),
        group_only_greetings=read.texts("group_only_greetings"),
        source=read.texts("source"),
        creation_date=fields.seconds(data.get("creation_date"), "creation_date", notes),
        modification_date=fields.seconds(data.get("modification_date"), "modification_date", notes),
        assets=assets_in(data.get("assets"), notes),
        depth_prompt=depth_prompt,
        spec=shaped.spec,
        document={**shaped.document, "data": data},
    )


class _Reader(NamedTuple):
    """Reads the fields that are there; what is not there needs no repair."""

    data: Json
    notes: Notes

    def text(self, name: str) -> str:
        return fields.text(self.data[name], name, self.notes) if name in self.data else ""

    def texts(self, name: str) -> tuple[str, ...]:
        return fields.texts(self.data[name], name, self.notes) if name in self.data else ()

    def line(self, name: str) -> str:
        value = self.data.get(name)
        return "" if value is None else fields.line(value, name, self.notes)


def _first_greetings(data: Json, notes: Notes) -> tuple[str, ...]:
    """Read the first message; of a list of them, the others are alternatives to it."""
    value = data.get("first_mes", "")
    if isinstance(value, (list, tuple)):
        notes.add(phrase("`first_mes` was a list; the others of it are alternate greetings now."))
        return fields.texts(value, "first_mes", notes) or ("",)
    return (fields.text(value, "first_mes", notes),)


def judged(card: Card) -> Card:
    """Return *card* with what is known of who it is for; it is never rated lower than it was."""
    found = judgement_of(card)
    rating = Rating.ADULT if Rating.ADULT in (card.rating, found.rating) else Rating.EVERYONE
    return replace(card, rating=rating, is_minor=found.is_minor)


def judgement_of(card: Card) -> Judgement:
    """Judge what *card* says of its character."""
    depth = card.depth_prompt.prompt if card.depth_prompt else ""
    entries = card.character_book.entries if card.character_book else ()
    always = [entry.content for entry in entries if entry.constant and entry.enabled]
    said = (card.name, card.nickname, card.description, card.personality, card.scenario)
    notes = (card.creator_notes, card.system_prompt, card.post_history_instructions, depth)
    spoken = (*card.greetings, *card.group_only_greetings, card.mes_example)
    return judge([*said, *notes, *spoken, *always], card.tags, [card.document, card.extensions])


def is_refused(card: Card) -> bool:
    """Whether *card* is of a minor and adult: never taken, edited into, or played."""
    return card.is_minor and card.rating is Rating.ADULT


def name_in(value: object, notes: Notes) -> str:
    """Read a name; empty if there is none."""
    name = "" if value is None else fields.line(value, "name", notes)
    visible = " ".join(plain(name).split())
    if visible != name:
        notes.add(phrase("The name held what nobody sees; it was taken out."))
        name = visible
    if len(name) > LONGEST_NAME:
        notes.add(
            phrase(
                "The name has {count:,} characters; the first {longest_name} are used here.",
                count=len(name),
                longest_name=LONGEST_NAME,
            )
        )
    return name[:LONGEST_NAME].strip()


def _called(fallback: str, notes: Notes) -> str:
    name = name_in(fallback, Notes()) or NAMELESS
    notes.add(phrase("The card has no name; it is called {name} here.", name=repr(name)))
    return name


def _notes_by_language(data: Json, notes: Notes) -> dict[str, str]:
    value = data.get("creator_notes_multilingual")
    if value is None:
        return {}
    found = fields.mapping(value, "creator_notes_multilingual", notes)
    name = "creator_notes_multilingual"
    return {
        language: fields.text(said, name, notes)
        for language, said in list(found.items())[: fields.MOST_ITEMS]
    }


def tags_in(value: object, notes: Notes) -> tuple[str, ...]:
    """Read tags, which some write as one text with commas."""
    return fields.texts(value, "tags", notes, commas=True)


def assets_in(value: object, notes: Notes) -> tuple[Asset, ...]:
    """Read the list of files that belong to a card."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else []
    found = [
        Asset(*(str(item.get(name) or "") for name in ("type", "uri", "name", "ext")))
        for item in items
        if isinstance(item, Mapping) and isinstance(item.get("uri"), str)
    ]
    if not isinstance(value, list) or len(found) < len(items):
        notes.add(phrase("Something in `assets` was no asset and is left out."))
    return tuple(found)


def depth_prompt_in(extensions: Json, notes: Notes) -> DepthPrompt | None:
    """Read the note that SillyTavern keeps among *extensions*; None if there is none."""
    value = extensions.get("depth_prompt")
    if isinstance(value, str) and value.strip():
        value = {"prompt": value}
    if not isinstance(value, Mapping):
        return None
    prompt = value.get("prompt")
    said = fields.text(prompt, "depth_prompt", notes) if isinstance(prompt, str) else ""
    if not said.strip():
        return None
    depth = fields.natural(value.get("depth", DEPTH))
    if depth is None:
        notes.add(
            phrase("The depth of `depth_prompt` was no number; it is {depth} now.", depth=DEPTH)
        )
        depth = DEPTH
    return DepthPrompt(said, depth, role_of(value.get("role")))
