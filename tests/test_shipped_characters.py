"""The characters that come with the bot: a newcomer's first impression."""

import struct
import zlib
from pathlib import Path

import pytest

from bot.adapters.character_files import load_characters
from bot.adapters.re2_patterns import Re2PatternSearch
from bot.core.chance import seeded
from bot.core.characters import Character, Rating
from bot.core.lore import OF_CONTEXT, Lore, lore_of
from bot.core.lore_rules import Moment, Rules
from bot.core.lorebook import LoreEntry
from bot.core.scene import CharacterKey, Role
from bot.core.token_counts import estimate
from tests.profiles import LENGTHS
from tools.draw_avatars import AVATARS

FOLDER = Path(__file__).parent.parent / "characters"
KEYS = sorted(CharacterKey(path.stem) for path in FOLDER.glob("*.yaml"))
PICTURE_BYTES = 40_000
CONTEXT = 4096


@pytest.fixture(scope="module")
def shipped() -> dict[CharacterKey, Character]:
    return dict(load_characters(FOLDER, lengths=LENGTHS).characters)


def spoken_and_told(character: Character) -> list[str]:
    spoken = [*character.greetings, *(line.text for line in character.examples)]
    return [*spoken, *(entry.content for entry in lore_in(character))]


def lore_in(character: Character) -> tuple[LoreEntry, ...]:
    return () if character.book is None else character.book.entries


def told(character: Character, *lines: str) -> Lore:
    assert character.book is not None
    rules = Rules(Re2PatternSearch(), estimate, budget=int(CONTEXT * OF_CONTEXT))
    return lore_of([character.book], [Moment(lines, seeded(1))], rules)


def names(lore: Lore) -> set[str]:
    return {one.name for one in lore.told}


def stored_pixels(png: bytes) -> bytes:
    """Undo the filters of a 256 x 256 RGB picture."""
    at, packed = 8, b""
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += size + 12
    raw, above, rows = zlib.decompress(packed), bytes(768), []
    for start in range(0, len(raw), 769):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 769])
        for column in range(768):
            left = row[column - 3] if column >= 3 else 0
            row[column] = (row[column] + (left if kind == 1 else above[column])) & 255
        rows.append(bytes(row))
        above = rows[-1]
    return b"".join(rows)


def test_all_load_without_a_warning() -> None:
    loaded = load_characters(FOLDER, lengths=LENGTHS)

    assert loaded.warnings == ()
    assert len(loaded.characters) >= 8
    assert sorted(loaded.characters) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_a_character_is_complete_and_for_everyone(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    character = shipped[key]

    assert character.rating is Rating.EVERYONE
    assert character.tagline
    assert character.scenario
    assert character.avatar
    assert 2 <= len(character.greetings) <= 3
    assert [line.role for line in character.examples] == [Role.PLAYER, Role.CHARACTER] * 2


@pytest.mark.parametrize("key", KEYS)
def test_a_persona_says_enough_and_leaves_room(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    persona = shipped[key].persona

    assert 120 <= len(persona.split()) <= 220
    assert shipped[key].name.split()[-1] in persona


@pytest.mark.parametrize("key", KEYS)
def test_the_first_greeting_asks_something_and_fits_one_screen(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    first = shipped[key].greetings[0]

    assert 60 <= len(first.split()) <= 130
    assert first.endswith('?"')


@pytest.mark.parametrize("key", KEYS)
def test_stories_are_told_as_the_model_has_learned_to_tell_them(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    """Plain prose, speech in straight double quotes; no asterisks, no chat marks."""
    texts = spoken_and_told(shipped[key])

    for text in texts:
        assert text.count('"') % 2 == 0
        assert text.isascii()  # so no typographic quotes
        assert not set(text) & set("*_`~#<>{}[]")
    assert all('"' in greeting for greeting in shipped[key].greetings)


@pytest.mark.parametrize("key", KEYS)
def test_lore_comes_up_by_every_one_of_its_keys(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    character = shipped[key]
    entries = lore_in(character)

    assert 4 <= len(entries) <= 8
    for entry in entries:
        assert entry.name
        assert len(entry.keys) >= 3
        assert 35 <= len(entry.content.split()) <= 80
        for word in entry.keys:
            found = names(told(character, f"Mara: Tell me about {word}, please."))
            assert entry.name in found
            assert len(found) <= 3  # what its text calls up in turn stays in bounds


@pytest.mark.parametrize("key", KEYS)
def test_lore_waits_to_be_found(key: CharacterKey, shipped: dict[CharacterKey, Character]) -> None:
    """A greeting may hint at some of it; small talk brings none of it up."""
    character = shipped[key]

    assert names(told(character, "Mara: Good evening! I am Mara. How are you?")) == set()
    for greeting in character.greetings:
        hinted = names(told(character, f"{character.name}: {greeting}"))
        assert len(hinted) <= 4


@pytest.mark.parametrize("key", KEYS)
def test_several_things_of_lore_have_room_at_once(
    key: CharacterKey, shipped: dict[CharacterKey, Character]
) -> None:
    character = shipped[key]
    asked = lore_in(character)[:4]

    lore = told(character, f"Mara: {' and '.join(entry.keys[0] for entry in asked)}?")

    assert {entry.name for entry in asked} <= names(lore)


@pytest.mark.parametrize("key", KEYS)
def test_a_portrait_is_what_the_tool_draws(key: CharacterKey) -> None:
    """Compares pixels: how they are packed differs between builds of zlib."""
    stored = (FOLDER / f"{key}.png").read_bytes()

    drawn = AVATARS[key]()

    assert len(stored) < PICTURE_BYTES
    assert stored_pixels(stored) == drawn.pixels() == stored_pixels(drawn.png())


def test_every_portrait_belongs_to_a_character() -> None:
    assert sorted(AVATARS) == KEYS
    assert sorted(path.stem for path in FOLDER.glob("*.png")) == KEYS


def test_the_example_in_the_readme_loads(tmp_path: Path) -> None:
    text = (FOLDER / "README.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "old-tom.yaml").write_text(example)
    (tmp_path / "old-tom.png").write_bytes((FOLDER / "clover.png").read_bytes())

    loaded = load_characters(tmp_path, lengths=LENGTHS)

    assert loaded.warnings == ()
    tom = loaded.characters[CharacterKey("old-tom")]
    assert tom.length is not None
    assert len(lore_in(tom)) == 2
