"""What is read from the cards of other programs, and what is said of files that hold none."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.cards import png
from bot.core.cards.reading import read_card
from bot.core.cards.view import shown
from tests.cards import (
    CARDS,
    DATA,
    EXPECTED,
    FOLDERS,
    as_json,
    card,
    complaint,
    document,
    golden,
    in_picture,
    packed,
)

END = png.chunk_of(b"IEND", b"")


@pytest.mark.parametrize("name", EXPECTED)
def test_cards_of_other_programs_are_read_as_expected(name: str) -> None:
    expected = EXPECTED[name]
    if expected["outcome"] == "reject":
        assert complaint((CARDS / name).read_bytes(), Path(name).name)
        return

    found = golden(name)

    values: Any = json.loads(json.dumps(shown(found), allow_nan=False))
    names = expected.get("name_any", [expected.get("name", values["name"])])
    assert values["name"] in names
    for field, value in expected.get("fields", {}).items():
        assert _at(values, field) == value
    assert values["spec_in"] == expected.get("spec_in", values["spec_in"])
    assert values["avatar"] == expected.get("avatar", values["avatar"])
    assert bool(found.warnings) >= ("warn" in expected)
    if book := values["character_book"]:
        _assert_book(book, expected)


def _at(values: Any, field: str) -> object:
    name, _, language = field.rstrip("]").partition("[")
    return values[f"{name}_multilingual"][language] if language else values[name]


def _assert_book(book: Any, expected: dict[str, Any]) -> None:
    entries = book["entries"]
    assert len(entries) == expected.get("entries", len(entries))
    positions = [entry["position"] for entry in entries]
    assert positions == expected.get("positions", positions)
    for field, value in expected.get("entry0", {}).items():
        assert entries[0][field] == value
    for field, value in expected.get("book", {}).items():
        assert book[field] == value


def test_every_file_of_the_collection_has_its_expectation() -> None:
    files = {
        f"{folder}/{path.name}"
        for folder in FOLDERS
        for path in (CARDS / folder).iterdir()
        if path.name != "EXPECTED.json"
    }

    assert files == set(EXPECTED)


def test_a_card_in_order_needs_no_repair() -> None:
    assert card().warnings == ()
    assert card().greetings == ("Welcome, {{user}}.",)
    assert not card().is_only_lore


@pytest.mark.parametrize(
    ("field", "value", "read", "said"),
    [
        ("personality", None, "", "`personality` was null"),
        ("personality", ["a", "", "b"], "a\nb", "`personality` was a list"),
        ("personality", {"a": 1}, "", "`personality` was no text"),
        ("character_version", 2, "2", "`character_version` was a number"),
        ("name", "A\nB\t C", "A B C", ""),
        ("name", "A\u202eya\u200b", "Aya", "The name held what nobody sees"),
        ("name", "x" * 300, "x" * 80, "The name has 300 characters"),
        ("description", "x" * 20_000, "x" * 16_384, "only the first 16,384"),
        ("description", "a\rb\x07", "a\nb", "`description` held control characters"),
        ("description", "\ud800a", "\ufffda", ""),
        ("tags", [1, None, "a", " "], ("1", "a"), "`tags` held something that is no text"),
        ("tags", {"a": "b"}, ("b",), "`tags` was an object"),
        ("tags", 5, (), "`tags` was no list"),
        ("alternate_greetings", [{}, "Hi"], ("Hi",), "`alternate_greetings` held something"),
        ("creation_date", 1_700_000_000_000, 1_700_000_000, "milliseconds"),
        ("creation_date", "2023-11-14T22:13:20+00:00", 1_700_000_000, "was a text"),
        ("creation_date", -5, None, "is no time"),
        ("creation_date", 0, None, ""),
        ("nickname", None, "", ""),
        ("extensions", [], {}, "`extensions` was no object"),
        ("character_book", [], None, ""),
        ("character_book", "x", None, "`character_book` was no object"),
        ("assets", [{"type": "icon"}], (), "no asset"),
        ("source", "https://a.example", ("https://a.example",), "`source` was one text"),
    ],
)
def test_what_is_wrong_with_a_field_is_mended_and_told(
    field: str, value: object, read: object, said: str
) -> None:
    found = card(**{field: value})

    if field == "character_book" and value == []:
        assert found.character_book is not None
    else:
        assert getattr(found, field) == read
    assert any(said in warning for warning in found.warnings) == bool(said)


def test_of_a_list_of_first_messages_the_others_are_alternatives() -> None:
    found = card(first_mes=["A", "B"], alternate_greetings=["C"])

    assert (found.first_mes, found.greetings) == ("A", ("A", "B", "C"))


def test_warnings_are_bounded() -> None:
    found = card(creator_notes_multilingual={str(n): None for n in range(9)}, tags=list("abc") * 99)
    data: dict[str, Any] = {name: {} for name in DATA}
    many = card(**data, nickname={}, source=5, assets=5)

    assert len(found.warnings) == 2
    assert len(many.warnings) <= 31


@pytest.mark.parametrize(
    ("value", "spec", "name"),
    [
        ({"char_name": "Aya", "char_greeting": "f"}, "pygmalion", "Aya"),
        ({"name": "Aya", "context": "d", "greeting": "f"}, "text-generation-webui", "Aya"),
        ({"name": "Aya", "persona": "d", "greetings": ["f", "g"]}, "zephrp", "Aya"),
        ({"spec": "chara_card_v2", "name": "Aya", "first_mes": "f"}, "v2", "Aya"),
        ({"spec": "someday", "data": {"name": "Aya", "first_mes": "f"}}, "v2", "Aya"),
        ([{"name": "Aya", "first_mes": "f"}, 5], "v1", "Aya"),
        ({"spec": "chara_card_v2", "data": {}}, "v2", "file"),
        ({"ok": True, "card": document(first_mes="f")}, "v2", "Aya"),
    ],
)
def test_every_shape_is_understood(value: object, spec: str, name: str) -> None:
    found = read_card(as_json(value), "a/file.json")

    assert (found.spec, found.name) == (spec, name)
    assert found.first_mes == ("f" if name == "Aya" else "")


def test_the_attributes_of_an_agnai_persona_become_its_description() -> None:
    persona = {"kind": "boostyle", "attributes": {"species": ["fox", "spirit"], "text": ["Old."]}}
    insert = {"prompt": "stay sly", "depth": 3}

    value = {"kind": "character", "name": "Aya", "persona": persona, "visualType": "avatar"}
    found = read_card(as_json({**value, "insert": insert, "description": "note"}))

    assert found.description == "species: fox, spirit\nOld."
    assert found.creator_notes == "note"
    assert found.depth_prompt is not None
    assert (found.depth_prompt.prompt, found.depth_prompt.depth) == ("stay sly", 3)
    rest = {"kind": "character", "visualType": "avatar", "insert": insert}
    assert found.extensions["agnai"] == rest


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "The file is empty: give a character card"),
        (b" \n\0", "The file is empty"),
        (b"{}", "There is no character in the file"),
        (b"[]", "There is no character in the file"),
        (b'[{"keys": ["a"], "content": "b"}, 5]', "There is no character in the file"),
        (b'{"name": "Aya"}', "There is no character in the file"),
        (b'{"user_name": "A"}\n{"name": "A", "mes": "x"}', "There is no character in the file"),
        (b'{"data": {"x": 1}}', "There is no character in the file"),
        (b'{"data": [1]}', "There is no character in the file"),
        (b"Dear diary.", "There is no character in the file"),
        (b"[" * 900_000, "crammed with numbers or lists"),
        (b'{"a":' * 9_000, "nested too deeply"),
        (b"{" + b" " * 2_100_000, "its text is larger than 2 MB"),
        (b"x" * 20_000_001, "larger than 20 MB"),
        (b"GIF89a" + bytes(90), "no character in this GIF picture"),
        (b"\xff\xd8\xff\xe0" + bytes(90), "no character in this JPEG picture"),
        (b"RIFF\x20\0\0\0WEBPVP8 " + bytes(90), "no character in this WebP picture"),
        (b"\x89PNG\r\n\x1a\n", "The picture is damaged (it is cut short)"),
        (b"PK\x03\x04" + bytes(90), "The archive cannot be used (it is cut short)"),
        (b"PK\x05\x06" + bytes(18), "There is no card.json in the archive"),
        (b"PK\x05\x06" + b"\xff" * 18, "its list of files is damaged"),
        (b"rcc||rccv1||AAAA", "locked with a password"),
        (in_picture((b"chara", b"!!!")), "(its `chara` text: "),
        (in_picture((b"chara", packed([1]))), "(its `chara` text: it is no card)"),
        (
            in_picture((b"chara-ext-asset_:0", packed(document()))),
            "no character in this PNG picture",
        ),
    ],
    ids=lambda value: value[:30].decode(errors="replace") if isinstance(value, bytes) else "",
)
def test_what_holds_no_card_gets_a_sentence(data: bytes, part: str) -> None:
    assert part in complaint(data)


def test_text_that_is_no_utf_8_is_read_all_the_same() -> None:
    data = as_json(document()).replace(b"sly", b"caf\xe9")

    found = read_card(data)

    assert found.personality == "caf\xe9"
    assert found.warnings == ("The text is no UTF-8; it was read as Windows-1252.",)


def test_a_picture_says_which_of_its_texts_was_read_instead() -> None:
    found = read_card(in_picture((b"ccv3", b"%%"), (b"chara", packed(document()))))

    assert found.name == "Aya"
    assert "`chara` was read instead" in found.warnings[0]
    assert "`ccv3` text" in found.warnings[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (as_json(document()) + b"}]", "behind the card's text"),
        (in_picture((b"chara", packed(document()))) + b"PK", "behind the end of the picture"),
        (in_picture((b"chara", packed(document())))[:-9], "damaged (it is cut short)"),
        (in_picture((b"chara", packed(document())))[:-13] + b"x" + END, "A checksum"),
        (as_json(document(x=1)).replace(b'"x": 1', b'"x": NaN'), "numbers that JSON does not have"),
    ],
)
def test_a_damaged_file_is_read_and_told(data: bytes, said: str) -> None:
    found = read_card(data)

    assert found.name == "Aya"
    assert len(found.warnings) == 1
    assert said in found.warnings[0]


def test_a_number_that_json_does_not_have_in_a_text_is_a_text() -> None:
    assert card(description="NaN, said Infinity.").warnings == ()
