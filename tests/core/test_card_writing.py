"""What is written can be read again: by us, by other programs, and in every kind of file."""

import base64
import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import tavern_card

from bot.adapters.card_reader import read_card_file
from bot.core.cards import png
from bot.core.cards.archive import Member, archive_of, member
from bot.core.cards.card import CardFileError, DepthPrompt
from bot.core.cards.notes import Notes
from bot.core.cards.reading import read_card
from bot.core.cards.writing import Container, write_card
from bot.core.characters import Rating
from bot.core.lorebook import Logic, Position
from tests.cards import IMPORTABLE, as_json, card, document, golden, in_picture, mentions, packed

SHIPPED = Path(__file__).parents[2] / "characters"


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize("name", IMPORTABLE)
def test_what_is_read_written_and_read_again_is_the_same(name: str, container: Container) -> None:
    found = golden(name)

    data = write_card(found, container)

    again = read_card(data, "other name")
    assert again == found
    assert [each for each in again.warnings if not each.startswith("The picture (60,000")] == []
    assert write_card(again, container) == data


def test_a_field_that_is_called_like_a_mark_of_pictures_makes_none() -> None:
    found = read_card(b'{"name": "Aya", "first_mes": "f", "scftypavif": 1, "description": ""}')

    data = write_card(found, Container.JSON)

    assert data[4:12] == b"ftypavif"  # as in the head of an AVIF file
    assert read_card(data) == found
    with pytest.raises(CardFileError, match="picture"):
        read_card(b"\0\0\0\x1cftypavif" + bytes(40))


@pytest.mark.parametrize("name", IMPORTABLE)
def test_another_program_reads_what_we_write(name: str) -> None:
    found = golden(name)

    for parsed in (
        tavern_card.parse_png_card(write_card(found, Container.PNG)),
        tavern_card.parse_card(write_card(found, Container.JSON).decode()),
    ):
        data = parsed["data"]
        assert parsed["spec"] == "chara_card_v3"
        assert data["name"] == found.name
        assert data["alternate_greetings"] == list(found.alternate_greetings)
        assert data["tags"] == list(found.tags)
        assert bool(data["character_book"]) == (found.character_book is not None)


def test_a_picture_holds_both_formats_before_its_end_and_none_twice() -> None:
    old = in_picture((b"chara", packed(document(name="Old"))), (b"Title", b"kept"))
    found = replace(read_card(old), name="New")

    data = write_card(found, Container.PNG)

    kinds = [chunk.kind for chunk in png.chunks(data)]
    assert kinds[-4:] == [b"tEXt", b"tEXt", b"tEXt", b"IEND"]
    texts = png.texts(data, ("chara", "ccv3", "title"), Notes())
    assert [text.keyword for text in texts] == ["title", "chara", "ccv3"]
    specs = [json.loads(base64.b64decode(text.text)) for text in texts[1:]]
    assert [each["spec"] for each in specs] == ["chara_card_v2", "chara_card_v3"]
    assert specs[0]["data"] == specs[1]["data"]
    assert specs[0]["data"]["name"] == "New"


UNKNOWN: dict[str, Any] = {"a": [1, {"b": "kept"}], "\u00e9": None}


def test_what_nobody_here_knows_is_given_back() -> None:
    entry = {"keys": ["k"], "content": "c", "x": UNKNOWN, "extensions": {"y": UNKNOWN}}
    book = {"entries": [entry], "extensions": {"z": UNKNOWN}, "q": UNKNOWN}
    value = document(character_book=book, extensions={"e": UNKNOWN}, other=UNKNOWN)
    found = read_card(as_json({**value, "beside": UNKNOWN, "create_date": "x", "avatar": "none"}))

    written = json.loads(write_card(found, Container.JSON))

    assert len(list(mentions(written, "kept"))) == 7
    assert (written["create_date"], written["avatar"]) == ("x", "none")
    assert written["data"]["other"] == UNKNOWN


def test_copies_of_fields_beside_the_data_are_left_out() -> None:
    found = read_card(as_json({**document(), "description": "stale", "fav": True}))

    written = json.loads(write_card(found, Container.JSON))

    assert "description" not in written
    assert written["fav"] is True


def test_what_was_changed_is_written_and_the_rest_stays() -> None:
    entry = {"keys": ["k"], "content": "@@depth 3\nc", "extensions": {"y": 1}, "x": 2}
    found = card(character_book={"entries": [entry]}, extensions={"e": 1})
    assert found.character_book is not None
    changed = replace(
        found.character_book.entries[0],
        content="new",
        logic=Logic.AND_ALL,
        position=Position(depth=2, role="user"),
    )
    found = replace(
        found,
        first_mes="Hello.",
        rating=Rating.ADULT,
        depth_prompt=DepthPrompt("stay sly", 1, "user"),
        character_book=replace(found.character_book, entries=(changed,)),
    )

    again = read_card(write_card(found, Container.JSON))

    assert (again.first_mes, again.rating) == ("Hello.", Rating.ADULT)
    assert again.depth_prompt == found.depth_prompt
    assert again.extensions["e"] == 1
    assert again.character_book is not None
    (read,) = again.character_book.entries
    assert (read.content, read.logic, str(read.position)) == (
        "new",
        Logic.AND_ALL,
        "at_depth:2:user",
    )
    assert (read.decorators, read.fields["x"]) == (changed.decorators, 2)
    assert read.extensions["y"] == 1


def test_what_is_too_long_to_be_used_here_is_written_whole() -> None:
    entries = [{"keys": ["k"], "content": str(number)} for number in range(600)]
    found = card(description="x" * 20_000, character_book={"entries": entries})

    written = json.loads(write_card(found, Container.JSON))["data"]

    assert len(written["description"]) == 20_000
    assert [each["content"] for each in written["character_book"]["entries"]] == [
        str(number) for number in range(600)
    ]


def test_a_cards_own_picture_stays_and_one_without_gets_a_plain_one() -> None:
    picture = png.plain_picture("mine")

    kept = write_card(
        read_card(in_picture((b"chara", packed(document())), picture=picture)), Container.PNG
    )
    made = write_card(card(), Container.PNG)

    assert png.without_texts(kept, ("chara", "ccv3")) == picture
    assert png.size_of(made) == (256, 384)


def test_an_archive_keeps_its_files_without_unpacking_them() -> None:
    found = golden("charx/05_bomb.charx")

    data = write_card(found, Container.CHARX)

    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.namelist() == ["card.json", "assets/x.bin"]
        assert archive.getinfo("assets/x.bin").file_size == 67_108_864
    assert len(data) < 70_000


def test_a_picture_becomes_the_portrait_of_an_archive() -> None:
    found = read_card(in_picture((b"chara", packed(document()))))

    again = read_card(write_card(found, Container.CHARX))

    assert again.avatar == "assets/icon/images/main.png"
    assert again.picture == png.without_texts(found.picture or b"", ("chara",))
    assert read_card(write_card(again, Container.CHARX)).picture == again.picture


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ([member("../../card.json", b'{"name":"A","first_mes":"f"}')], "in another place"),
        ([member("card.json", b'{"name":"A","first_mes":"f"}'), member("../x", b"y")], ""),
    ],
)
def test_a_path_in_an_archive_leads_nowhere(files: list[Member], part: str, tmp_path: Path) -> None:
    found = read_card(archive_of(files))

    assert found.name == "A"
    assert any(part in warning for warning in found.warnings) == bool(part)
    assert list(tmp_path.iterdir()) == []


def test_a_note_of_which_nothing_can_be_seen_is_none() -> None:
    found = card(extensions={"depth_prompt": {"prompt": "\0", "depth": ""}})

    assert found.depth_prompt is None
    assert read_card(write_card(found, Container.JSON)) == found


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_characters_that_come_with_the_bot_can_be_taken_elsewhere(path: Path) -> None:
    found = read_card_file(path.read_bytes(), path.name)

    again = read_card(write_card(found, Container.PNG))

    assert again == found
    assert (again.warnings, again.rating, again.is_minor) == ((), Rating.EVERYONE, False)
    assert again.greetings
