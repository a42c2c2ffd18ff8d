import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.lengths import Length
from bot.core.prompt import render
from bot.core.scene import Role
from bot.core.scene_file import SceneFile, SceneFileError, read_scene_file
from bot.core.script import Line, Lore, Note, Persona, Position
from tests.profiles import ALPACA, ZEPHRP

LYRA = {"name": "Lyra", "persona": "Keeps a lamp."}
LEAST = {"character": {"name": "Lyra"}}
TURN = {"role": "player", "name": "Mara", "text": "Hello."}
FULL = {
    "character": LYRA,
    "players": [{"name": "Mara", "persona": "A courier."}, {"name": "Tom"}],
    "scenario": "A storm.",
    "length": "long",
    "note": {"text": "Calm.", "depth": 2},
    "lore": [{"text": "Old.", "position": "depth", "depth": 1}, {"text": "Older."}],
    "examples": [{"role": "player", "text": "Loud?"}, {"role": "character", "text": "Yes."}],
    "turns": [{"role": "narrator", "text": "Rain."}, {**TURN, "pinned": True}, TURN],
    "context_tokens": 2048,
    "reply_tokens": 99,
}


def read(scene: object) -> SceneFile:
    return read_scene_file(json.dumps(scene).encode(), ZEPHRP)


def complaint(data: bytes) -> str:
    with pytest.raises(SceneFileError) as raised:
        read_scene_file(data, ZEPHRP)
    return str(raised.value)


def outcome(data: bytes) -> str:
    """What is said about *data*: nothing if it can be used."""
    try:
        file = read_scene_file(data, ZEPHRP)
    except SceneFileError as error:
        said = str(error)
        if not said.endswith(".") or "\n" in said:
            pytest.fail(f"no sentence: {said!r}")
        return said
    prompt = render(file.script, ZEPHRP)
    if not prompt.encode() or file.budget < 1:
        pytest.fail(f"cannot be used: {file}")
    return ""


def test_a_name_is_all_a_scene_needs_and_the_profile_says_the_rest() -> None:
    file = read(LEAST)

    usual = ZEPHRP.lengths.usual
    assert file.script.character == Persona("Lyra")
    assert file.script.lines == ()
    assert (file.script.length, file.reply_tokens) == (usual.name, usual.max_new_tokens)
    assert file.context_tokens == ZEPHRP.context_tokens
    assert file.budget == ZEPHRP.context_tokens - usual.max_new_tokens


def test_every_field_is_read() -> None:
    file = read(FULL)

    script = file.script
    assert script.character == Persona("Lyra", "Keeps a lamp.")
    assert script.players == (Persona("Mara", "A courier."), Persona("Tom"))
    assert (script.scenario, script.length) == ("A storm.", Length("long"))
    assert script.note == Note("Calm.", 2)
    assert script.lore == (Lore("Old.", Position.DEPTH, 1), Lore("Older.", Position.BEFORE, 4))
    assert [line.text for line in script.examples] == ["Loud?", "Yes."]
    assert script.lines[1] == Line(Role.PLAYER, "Mara", "Hello.")
    assert file.stays == {1}
    assert (file.context_tokens, file.reply_tokens) == (2048, 99)


def test_null_is_the_same_as_nothing() -> None:
    nothing = {name: None for name in FULL if name != "character"}

    assert read({**nothing, **LEAST}) == read(LEAST)


def test_a_length_brings_its_own_room_for_the_reply() -> None:
    file = read({**LEAST, "length": "micro"})

    assert file.reply_tokens == 48


def test_another_profile_has_other_lengths() -> None:
    names = [step.name for step in ALPACA.lengths.choices]

    files = [
        read_scene_file(json.dumps({**LEAST, "length": name}).encode(), ALPACA) for name in names
    ]

    assert [file.script.length for file in files] == names


def test_a_players_turn_without_a_name_is_the_first_players() -> None:
    turn = {"role": "player", "text": "Hello."}

    file = read({**LEAST, "players": [{"name": "Mara"}, {"name": "Tom"}], "turns": [turn]})

    assert file.script.lines[0].name == "Mara"


def test_names_are_filled_in_where_a_character_card_has_them_and_not_in_what_is_said() -> None:
    text = "{{char}} and {{user}}"
    turns = [{"role": "player", "name": "Mara", "text": text}]
    lore, examples = [{"text": text}], [{"role": "character", "text": text}]

    script = read(
        {
            "character": {"name": "Lyra", "persona": text},
            "scenario": text,
            "lore": lore,
            "examples": examples,
            "turns": turns,
            "note": {"text": text},
        }
    ).script

    written = [script.character.text, script.scenario, script.lore[0].text, script.examples[0].text]
    assert written == ["Lyra and Mara"] * 4
    assert script.lines[0].text == text
    assert script.note == Note(text)


@pytest.mark.parametrize(
    ("roles", "stays"),
    [
        ("cp", {0}),
        ("ccpc", {0, 1}),
        ("ncnpc", {1}),
        ("pc", set()),
        ("cccc", {0}),
        ("nc", set()),
        ("", set()),
    ],
)
def test_the_greeting_is_what_the_character_says_before_a_player_does(
    roles: str, stays: set[int]
) -> None:
    names = {"c": "character", "p": "player", "n": "narrator"}

    file = read({**LEAST, "turns": [{"role": names[role], "text": "x"} for role in roles]})

    assert file.stays == stays


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        ([], "A scene file is to be a JSON object."),
        ({}, "character is to be a JSON object."),
        ({"character": "Lyra"}, "character is to be a JSON object."),
        ({"character": {}}, "character.name is to be a text."),
        ({"character": {"name": " "}}, "character.name is empty."),
        ({"character": {"name": "L", "persona": 1}}, "character.persona is to be a text."),
        ({**LEAST, "players": {}}, "players is to be a list."),
        ({**LEAST, "players": ["Mara"]}, "players[0] is to be a JSON object."),
        ({**LEAST, "players": [LYRA, {}]}, "players[1].name is to be a text."),
        ({**LEAST, "scenario": ["x"]}, "scenario is to be a text."),
        ({**LEAST, "length": 3}, "length is to be a text."),
        ({**LEAST, "note": "x"}, "note is to be a JSON object."),
        ({**LEAST, "note": {}}, "note.text is to be a text."),
        ({**LEAST, "note": {"text": "x", "depth": -1}}, "note.depth is to be a whole number from"),
        ({**LEAST, "lore": [{"text": "x", "position": "up"}]}, "lore[0].position is to be before,"),
        ({**LEAST, "examples": [{"role": "user", "text": ""}]}, "examples[0].role is to be"),
        (
            {**LEAST, "turns": [TURN, TURN, TURN, {"role": "user", "text": "x"}]},
            "turns[3].role is to be character, player or narrator.",
        ),
        ({**LEAST, "turns": [{"role": "player"}]}, "turns[0].text is to be a text."),
        ({**LEAST, "turns": [{**TURN, "pinned": 1}]}, "turns[0].pinned is to be true or false."),
        ({**LEAST, "turns": [{**TURN, "swipes": []}]}, "turns[0].swipes is no field of a scene"),
        ({**LEAST, "context_tokens": 4096.5}, "context_tokens is to be a whole number from 1"),
        ({**LEAST, "context_tokens": True}, "context_tokens is to be a whole number from 1"),
        ({**LEAST, "context_tokens": 10**18}, "context_tokens is to be a whole number from 1"),
        ({**LEAST, "context_tokens": float("nan")}, "context_tokens is to be a whole number"),
        ({**LEAST, "reply_tokens": 0}, "reply_tokens is to be a whole number from 1"),
        ({**LEAST, "reply_tokens": 4096}, "reply_tokens (4,096) is to be less than context_tokens"),
        ({**LEAST, "persona": "x"}, "persona is no field of a scene file."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_that_names_the_field(
    scene: object, sentence: str
) -> None:
    said = complaint(json.dumps(scene).encode())

    assert said.startswith(sentence)
    assert "\n" not in said


def test_an_unknown_length_is_told_all_that_there_are() -> None:
    said = complaint(json.dumps({**LEAST, "length": "epic"}).encode())

    assert said.startswith("length is to be micro, tiny, short,")
    assert said.endswith("unlimited or auto.")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is no JSON (line 1, column 1: Expecting value)."),
        (b'{"character": }', "The file is no JSON (line 1, column 15: Expecting value)."),
        (b'{"character": {"name": "\xff"}}', "The file is not UTF-8 text (byte 24)."),
        (b"\xff\xfe{\x00}\x00", "The file is not UTF-8 text (byte 0)."),
        (b'{"a":' * 100_000, "The file is no scene: it is nested too deeply."),
        (b"[" * 100_000, "The file is no scene: it is nested too deeply."),
        (b'{"character": {"name": "L", "name": "M"}}', "character.name stands there twice."),
        (b'{"x": {"a": 1, "a": 2}, "character": {"name": "L"}}', "x is no field of a scene file."),
        (b'{"character": {"name": "L"}, "context_tokens": ' + b"9" * 100_000 + b"}", "context_tok"),
        (b'{"character": {"name": "L"}, "context_tokens": 1e999}', "context_tokens is to be"),
        (b'{"character": {"name": "L"}, "context_tokens": -Infinity}', "context_tokens is to be"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_bytes_are_told_what_is_wrong(data: bytes, sentence: str) -> None:
    said = complaint(data)

    assert said.startswith(sentence)
    assert len(said) < 200


def test_a_fields_name_is_shown_on_one_short_line() -> None:
    said = complaint(json.dumps({**LEAST, "a\n\x1b[31m\ud800" + "b" * 10_000: 1}).encode())

    assert said == f"a [31m{'b' * 34}… is no field of a scene file."


def test_a_byte_order_mark_is_passed_over() -> None:
    file = read_scene_file(b"\xef\xbb\xbf" + json.dumps(LEAST).encode(), ZEPHRP)

    assert file.script.character.name == "Lyra"


STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 10**30, 0.5, float("inf"), "", " ", "\ud800", "{{char}}", "medium"),
    *([], [[]], [None], ["x"], [{}], {}, {"name": {}}, {"text": "x"}, {"role": "player"}),
)


def places(scene: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a scene."""
    if path:
        yield path
    if isinstance(scene, dict):
        for name, inner in scene.items():
            yield from places(inner, (*path, name))
    if isinstance(scene, list):
        for at, inner in enumerate(scene):
            yield from places(inner, (*path, at))


def with_value(scene: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of *scene* with another value at *path*."""
    if not path:
        return value
    copied = scene.copy()
    copied[path[0]] = with_value(scene[path[0]], path[1:], value)
    return copied


@pytest.mark.parametrize("path", list(places(FULL)), ids=str)
def test_any_value_in_any_place_is_read_or_refused_with_a_sentence(path: tuple[Any, ...]) -> None:
    outcomes = [outcome(json.dumps(with_value(FULL, path, value)).encode()) for value in STRANGE]

    assert len(outcomes) == len(STRANGE)
    assert any(outcomes)  # something strange is refused wherever it stands


@settings(max_examples=400, deadline=None)
@given(
    at=st.integers(min_value=0), taken=st.integers(0, 5), put=st.binary(max_size=5) | st.just(b'"')
)
def test_damaged_bytes_are_read_or_refused_with_a_sentence(at: int, taken: int, put: bytes) -> None:
    data = json.dumps(FULL).encode()
    at %= len(data)

    said = outcome(data[:at] + put + data[at + taken :])

    assert said == "" or said.endswith(".")
