"""A card as a character that plays."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from bot.core.cards import png
from bot.core.cards.card import Card
from bot.core.cards.examples import examples_in
from bot.core.cards.notes import Notes
from bot.core.characters import Character, ExampleLine
from bot.core.names import NAME_CHARACTERS
from bot.core.phrases import phrase
from bot.core.scene import CharacterKey
from bot.core.script import Note

MOST_PORTRAIT = 1024 * 1024
_CHAR = re.compile(r"\{\{char\}\}|<bot>|<char>", re.IGNORECASE)
_USER = re.compile(r"\{\{user\}\}|<user>", re.IGNORECASE)


class Playing(NamedTuple):
    """A character, and what of its card it plays without."""

    character: Character
    warnings: tuple[str, ...]


def playing(card: Card, key: CharacterKey) -> Playing:
    """Make a character of *card*."""
    notes = Notes()
    name = card.name[:NAME_CHARACTERS].rstrip()
    if name != card.name:
        notes.add(
            phrase(
                "The name is longer than {name_characters} characters; it plays as {name}.",
                name_characters=NAME_CHARACTERS,
                name=repr(name),
            )
        )
    persona = "\n".join(
        text.strip() for text in (card.description, card.personality) if text.strip()
    )
    if not persona:
        notes.add(phrase("The card does not say who the character is."))
    called = card.nickname or name
    character = Character(
        key=key,
        name=name,
        persona=_with_names(persona, called),
        scenario=_with_names(card.scenario.strip(), called),
        greetings=_all_with_names(card.greetings, called),
        group_greetings=_all_with_names(card.group_only_greetings, called),
        examples=tuple(
            ExampleLine(line.role, _with_names(line.text, called))
            for line in examples_in(card.mes_example, name)
        ),
        rating=card.rating,
        is_minor=card.is_minor,
        avatar=_portrait(card, notes),
        nickname=card.nickname,
        system_prompt=_with_names(card.system_prompt.strip(), called),
        post_history=_with_names(card.post_history_instructions.strip(), called),
        depth_prompt=_depth_prompt(card, called),
        book=card.character_book,
    )
    return Playing(character, notes.all())


def shows_as_it_is(picture: bytes) -> bool:
    """Whether *picture* can be a face without being drawn anew."""
    return png.is_fit_to_show(picture) and len(png.without_texts(picture)) <= MOST_PORTRAIT


def _with_names(text: str, called: str) -> str:
    """Put the character's name in; `{{user}}` is filled in when somebody plays."""
    return _USER.sub("{{user}}", _CHAR.sub(lambda _: called, text))


def _all_with_names(texts: Iterable[str], called: str) -> tuple[str, ...]:
    return tuple(_with_names(text.strip(), called) for text in texts if text.strip())


def _depth_prompt(card: Card, called: str) -> Note | None:
    told = card.depth_prompt
    if told is None or not told.prompt.strip():
        return None
    return Note(_with_names(told.prompt.strip(), called), told.depth)


def _portrait(card: Card, notes: Notes) -> bytes | None:
    if card.picture is None:
        return None
    if png.size_of(card.picture) is None:
        notes.add(phrase("Its picture is no PNG; it plays without one."))
    elif not png.is_fit_to_show(card.picture):
        notes.add(phrase("Its picture is too large to be shown; it plays without one."))
    else:
        bare = png.without_texts(card.picture)
        if len(bare) <= MOST_PORTRAIT:
            return bare
        notes.add(
            phrase(
                "Its picture is larger than {most_portrait} kB; it plays without one.",
                most_portrait=MOST_PORTRAIT // 1024,
            )
        )
    return None
