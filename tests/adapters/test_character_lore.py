"""Lore in a host's own file: read with its lines, told where it cannot be, written as a card's."""

import json
from pathlib import Path

import pytest

from bot.adapters.card_reader import read_card_file
from bot.adapters.character_files import LoadedCharacters, load_characters
from bot.core.cards.reading import read_card
from bot.core.cards.writing import Container, write_card
from bot.core.lorebook import LoreEntry, Position
from bot.core.scene import CharacterKey
from tests.adapters.character_folder import GOOD, only_warning
from tests.profiles import LENGTHS

FULL = (
    GOOD + "lore:\n"
    "  - keys: red boot, boot\n"
    "    text: >-\n      The boot is red\n      and small.\n"
    "  - keys: [bell, '/bells?, old/']\n"
    "    text: It rings at dusk.\n"
    "    name: The bell\n"
    "    also: [tower]\n"
    "    position: before\n"
    "    order: 7\n"
    "    probability: 50\n"
    "    enabled: no\n"
    "  - text: The sea is near.\n"
    "    always: yes\n"
    "    position: depth\n"
    "    depth: 2\n"
)


def loaded(folder: Path, content: str) -> LoadedCharacters:
    (folder / "ann.yaml").write_text(content)
    return load_characters(folder, lengths=LENGTHS)


def lore_of(found: LoadedCharacters) -> tuple[LoreEntry, ...]:
    book = found.characters[CharacterKey("ann")].book
    return () if book is None else book.entries


def test_every_field_of_lore_arrives(tmp_path: Path) -> None:
    found = loaded(tmp_path, FULL)

    boot, bell, sea = lore_of(found)
    assert found.warnings == ()
    assert (boot.keys, boot.content) == (("red boot", "boot"), "The boot is red and small.")
    assert (boot.enabled, boot.constant, boot.position) == (True, False, Position())
    assert (bell.name, bell.keys) == ("The bell", ("bell", "/bells?, old/"))
    assert (bell.selective, bell.secondary_keys) == (True, ("tower",))
    assert (bell.position, bell.insertion_order) == (Position(before=True), 7)
    assert (bell.probability, bell.enabled) == (50, False)
    assert (sea.constant, sea.position) == (True, Position(depth=2))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("- hello", "line 4: each entry of `lore` must consist of `keys:` and `text:`"),
        ("- text: x", "line 4: lore needs `keys` that bring it up, or `always: true`"),
        ("- {keys: [], text: x}", "lore needs `keys` that bring it up"),
        ("- keys: a", "line 4: lore needs a `text`: what is the reply to be told?"),
        ("- {keys: a, text: [b]}", "`text` must be text, not a list"),
        ("- {keys: {b: c}, text: x}", "`keys` must be words with commas between, or a list"),
        ("- {keys: [[b]], text: x}", "one of the `keys` must be text"),
        ("- {keys: a, text: x, keys: b}", "`keys` is there twice"),
        ("- {keys: a, text: x, always: maybe}", "`always` must be true or false"),
        ("- {keys: a, text: x, position: top}", "`position` must be before, after or depth"),
        ("- {keys: a, text: x, depth: -1}", "`depth` must be a number from 0 to 1000"),
        ("- {keys: a, text: x, probability: 101}", "`probability` must be a number from 0 to 100"),
        ("- {keys: a, text: x, order: " + "9" * 5000 + "}", "`order` must be a number"),
        ('- {keys: a, text: "\\0"}', "`text` holds characters that text does not have"),
        (f"- {{keys: a, text: {'x' * 16_385}}}", "the `text` of lore may have 16,384 characters"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_and_the_others_play(
    entry: str, complaint: str, tmp_path: Path
) -> None:
    found = loaded(tmp_path, f"{GOOD}lore:\n  {entry}\n  - {{keys: good, text: y}}\n")

    assert complaint in only_warning(found)
    assert only_warning(found).endswith("; the entry is left out.")
    assert [each.keys for each in lore_of(found)] == [("good",)]


@pytest.mark.parametrize(
    ("line", "complaint", "entries"),
    [
        ("lore: hello", "line 3: `lore` must be a list of entries", 0),
        ("lore: {keys: a, text: x}", "line 3: `lore` must be a list of entries", 0),
        ("lore:\n- {keys: a, text: x, tekst: y}", "`tekst` is not a field of lore; did you", 1),
        ("lore: [" + "{keys: a, text: x}," * 501 + "]", "only the first 500 are used", 500),
    ],
)
def test_lore_of_another_shape_never_keeps_its_character_from_playing(
    line: str, complaint: str, entries: int, tmp_path: Path
) -> None:
    found = loaded(tmp_path, GOOD + line + "\n")

    assert complaint in only_warning(found)
    assert len(lore_of(found)) == entries


@pytest.mark.parametrize("nothing", ["lore:", "lore: []", "lore: ''"])
def test_no_lore_is_no_mistake(nothing: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD + nothing + "\n")

    assert (found.warnings, lore_of(found)) == ((), ())


def test_lore_that_is_always_told_is_looked_through_for_an_age(tmp_path: Path) -> None:
    entry = "lore:\n- {always: true, text: 'Ann is 12 years old.'}\n"

    found = loaded(tmp_path, GOOD + entry)

    assert found.characters[CharacterKey("ann")].is_minor


def test_a_card_of_the_file_says_the_same_in_a_character_book(tmp_path: Path) -> None:
    played = lore_of(loaded(tmp_path, FULL))

    card = read_card_file(FULL.encode(), "ann.yaml")
    written = json.loads(write_card(card, Container.JSON))["data"]["character_book"]["entries"]

    assert card.warnings == ()
    assert card.character_book is not None
    assert card.character_book.entries == played
    assert read_card(write_card(card, Container.PNG)) == card
    assert written[0]["keys"] == ["red boot", "boot"]
    assert written[1]["extensions"]["probability"] == 50
    assert (written[2]["constant"], written[2]["extensions"]["depth"]) == (True, 2)


def test_what_a_card_s_lore_does_not_know_is_given_back() -> None:
    text = GOOD + "lore:\n- {keys: a, text: x, mood: grim}\n- nothing\n"

    card = read_card_file(text.encode(), "ann.yaml")

    assert card.character_book is not None
    assert card.character_book.entries[0].extensions == {"mood": "grim"}
    assert any("nothing to read" in warning for warning in card.warnings)
