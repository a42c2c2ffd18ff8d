"""What is read from the files of other programs, and what is said of those that are none."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.chat import ChatMessage
from bot.core.chat_export import to_sillytavern
from bot.core.chat_files import read_chat
from bot.core.scene import Role
from tests.chats import CHATS, HEADER, complaint, golden, lines, message

EXPECTED: dict[str, dict[str, Any]] = json.loads((CHATS / "EXPECTED.json").read_text())
IMPORTABLE = sorted(
    path.name
    for path in CHATS.iterdir()
    if path.suffix in {".json", ".jsonl", ".txt"}
    and path.name != "EXPECTED.json"
    and EXPECTED.get(path.name, {}).get("outcome") != "reject"
)
C, P, N = Role.CHARACTER, Role.PLAYER, Role.NARRATOR
OWN: dict[str, list[tuple[str, Role, str]]] = {
    "group_without_header.jsonl": [
        ("Aya", C, "Who goes there?"),
        ("Anon", P, "A friend."),
        ("Bren", C, "A liar."),
    ],
    "damaged_lines.jsonl": [("Aya", C, "One."), ("Anon", P, "Three.")],
    "chub.jsonl": [("Aya", C, "Hello."), ("You", P, "Hi.")],
    "agnai.json": [("Aya", C, "Welcome."), ("Mara", P, "Hi."), ("Mara", P, "brb")],
    "risu.json": [("Character", C, "Welcome."), ("User", P, "Hi."), ("User", P, "Not that.")],
    "lite.json": [
        ("Aya", C, "Welcome."),
        ("Anon", P, "Hi."),
        ("Aya", C, "A fox."),
        ("Narrator", N, "Night falls."),
        ("Anon", P, "Oh."),
    ],
    "lite_chat_mode.json": [
        ("Aya", C, "Welcome."),
        ("Anon", P, "Hi."),
        ("Aya", C, "A fox."),
        ("Anon", P, "Where?"),
        ("Aya", C, "There."),
    ],
    "ooba_current.json": [
        ("Character", C, "Welcome."),
        ("User", P, 'Isn\'t it "late"?'),
        ("Character", C, "It is."),
    ],
    "plain.txt": [
        ("Aya", C, "Welcome.\n\nIt is late: past ten."),
        ("Anon", P, "Hi.\n\nOne: two lines."),
        ("Aya", C, "A fox.\nThere."),
    ],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_files_of_other_programs_are_read_as_expected(name: str) -> None:
    expected = EXPECTED[name]
    if expected["outcome"] == "reject":
        assert complaint((CHATS / name).read_bytes(), name)
        return

    chat = golden(name)

    assert len(chat.messages) == expected["messages"]
    assert chat.warnings == ()
    shown = [each.text for each in chat.messages if not each.hidden]
    assert shown == expected.get("in_prompt", shown)
    assert chat.messages[0].text == expected.get("active_swipe0", chat.messages[0].text)
    assert chat.note == expected.get("author_note", chat.note)
    assert chat.summary == expected.get("summary", chat.summary)


@pytest.mark.parametrize("name", OWN)
def test_every_program_is_understood(name: str) -> None:
    found = [(each.name, each.role, each.text) for each in golden(name).messages]

    assert found == OWN[name]


def test_every_file_has_its_expectation() -> None:
    assert set(IMPORTABLE) <= set(OWN) | set(EXPECTED)


@pytest.mark.parametrize("name", IMPORTABLE)
def test_what_is_read_exported_and_read_again_is_the_same(name: str) -> None:
    chat = golden(name)

    again = read_chat(to_sillytavern(chat))

    assert again == chat
    assert again.warnings == ()
    assert to_sillytavern(again) == to_sillytavern(chat)


@pytest.mark.parametrize(
    "name", [name for name in IMPORTABLE if ".jsonl" in name and name != "chub.jsonl"]
)
def test_an_export_has_every_field_that_was_there(name: str) -> None:
    kept = [json.loads(line) for line in to_sillytavern(golden(name)).splitlines()]

    said = [line for line in _objects(CHATS / name) if "user_name" in line or "mes" in line]
    if "mes" in said[0]:
        kept = kept[1:]
    if said[0].get("user_name") == "unused":
        said[0] |= {"user_name": "Anon", "character_name": "Aya"}
    pairs = zip(said, kept, strict=True)
    assert [{field: line.get(field) for field in was} for was, line in pairs] == said


def _objects(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text().splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def test_what_was_changed_since_is_exported_and_the_rest_stays() -> None:
    chat = golden("01_st_solo.jsonl")
    was = chat.messages[1]
    changed = ChatMessage("Bea", N, ("a", "b"), 1, hidden=True, at_ms=5, fields=was.fields)

    (again, *_) = read_chat(to_sillytavern(replace(chat, messages=(changed,)))).messages

    assert replace(again, fields=was.fields) == changed
    assert again.fields["force_avatar"] == "User Avatars/x.png"
    assert again.fields["extra"] == {"isSmallSys": False, "type": "narrator"}


def test_what_a_file_says_beside_its_messages_is_kept() -> None:
    assert golden("damaged_lines.jsonl").scenario == "A shrine in the rain."
    assert golden("agnai.json").scenario == "A shrine in the rain."
    assert golden("risu.json").note == golden("lite.json").note == "keep it short"
    assert golden("01_st_solo.jsonl").metadata["variables"] == {"hp": "10"}
    assert golden("01_st_solo.jsonl").fields == {"create_date": "2024-10-18@16h09m38s"}
    assert (golden("lite.json").user_name, golden("lite.json").character_name) == ("Anon", "Aya")


def test_roles_and_what_is_hidden_are_told_apart() -> None:
    found = [(each.role, each.hidden) for each in golden("01_st_solo.jsonl").messages]

    assert found == [(C, False), (P, False), (C, False), (P, True), (N, False), (N, True)]
    assert [each.hidden for each in golden("agnai.json").messages] == [False, False, True]
    assert [each.hidden for each in golden("risu.json").messages] == [False, False, True]


def test_a_player_has_swipes_too() -> None:
    spoken = golden("group_without_header.jsonl").messages[1]

    assert (spoken.swipes, spoken.current) == (("A friend.", "Nobody."), 0)


def test_names_that_newer_files_leave_unused_are_nobodys() -> None:
    chat = golden("03_st_group_with_header.jsonl")

    assert (chat.user_name, chat.character_name) == ("Anon", "Aya")


@pytest.mark.parametrize(
    "told",
    [
        ({"name": "Aya", "mes": "a"}, {"name": "unused", "is_user": False, "mes": "b"}),
        (
            {"name": "unused", "is_user": True, "swipes": [1]},
            {"name": "Anon", "is_user": True, "mes": "a"},
        ),
    ],
    ids=["of the character", "of the player"],
)
def test_a_message_by_a_name_that_stands_for_nobody_names_nobody(
    told: tuple[dict[str, Any], ...],
) -> None:
    chat = read_chat(lines(*told))

    assert "unused" not in {chat.user_name, chat.character_name}
    assert read_chat(to_sillytavern(chat)) == chat


def test_a_damaged_line_costs_that_line_and_is_told() -> None:
    assert golden("damaged_lines.jsonl").warnings == (
        "Line 3 was skipped: it is no JSON from character 42 on.",
        "Line 5 was skipped: it has no text.",
        "Line 6 was skipped: it has no text.",
    )


def test_a_damaged_first_line_costs_no_more() -> None:
    chat = read_chat(b'{"user_name": "An\n' + lines(message()), "a.jsonl")

    assert len(chat.messages) == len(chat.warnings) == 1
    assert chat.character_name == "Aya"


def test_of_many_warnings_the_first_are_told_and_the_others_counted() -> None:
    chat = read_chat(lines(HEADER, message()) + b"\n{" * 50, "a.jsonl")

    assert len(chat.warnings) == 21
    assert chat.warnings[-1] == "There are 30 more such warnings."


def test_a_chat_may_be_one_json_array_or_one_line() -> None:
    whole = read_chat(json.dumps([HEADER, message("a"), message("b")], indent=1).encode())
    single = read_chat(json.dumps(message("a"), indent=1).encode())

    assert [each.text for each in whole.messages] == ["a", "b"]
    assert whole.user_name == "Anon"
    assert [each.text for each in single.messages] == ["a"]


def test_of_several_chats_in_a_file_the_longest_is_read() -> None:
    short, long = ([{"src": {"is_human": True}, "text": text}] for text in ("a", "b"))

    chat = read_chat(
        json.dumps({"histories": {"histories": [{"msgs": short}, {"msgs": long * 2}]}}).encode()
    )

    assert [each.text for each in chat.messages] == ["b", "b"]
    assert chat.warnings == ("The file holds 1 more chats: the longest was read.",)


@pytest.mark.parametrize(
    ("fields", "swipes", "current"),
    [
        ({"swipes": ["a", "b"], "swipe_id": 1}, ("a", "b"), 1),
        ({"swipes": ["a", "old"], "swipe_id": 1}, ("a", "b"), 1),  # it was edited
        ({"swipes": ["b", "a"], "swipe_id": 1}, ("b", "a"), 0),
        ({"swipes": ["a"], "swipe_id": 7}, ("a", "b"), 1),
        ({"swipes": ["a"]}, ("a", "b"), 1),
        ({"swipes": ["b", 5, None, "c"], "swipe_id": 3}, ("b", "c"), 0),
        ({"swipes": ["c", 5, "b"], "swipe_id": "2"}, ("c", "b"), 1),
        ({"swipes": ["c", {"x": 1}], "swipe_id": 1}, ("c", "b"), 1),
        ({"swipes": [], "swipe_id": 0}, ("b",), 0),
        ({"swipes": "b", "swipe_id": None}, ("b",), 0),
        ({"swipes": ["b", "b"], "swipe_id": True}, ("b", "b"), 0),
    ],
)
def test_the_text_that_was_shown_is_right_whatever_the_swipes_say(
    fields: dict[str, Any], swipes: tuple[str, ...], current: int
) -> None:
    chat = read_chat(lines(message("b", **fields)))

    assert (chat.messages[0].swipes, chat.messages[0].current) == (swipes, current)
    assert chat.messages[0].text == "b"
    assert read_chat(to_sillytavern(chat)) == chat


def test_a_message_without_its_text_is_its_swipe() -> None:
    chat = read_chat(lines(message(None, swipes=["a", "b"], swipe_id=1)))

    assert (chat.messages[0].text, chat.messages[0].swipes) == ("b", ("a", "b"))


@pytest.mark.parametrize(
    ("fields", "role", "name"),
    [
        ({"is_user": "true"}, P, "Aya"),
        ({"is_user": "false"}, C, "Aya"),
        ({"is_user": 1}, P, "Aya"),
        ({"is_user": None, "name": "Anon"}, P, "Anon"),
        ({"is_user": [], "name": None}, C, "Aya"),
        ({"is_user": True, "name": 5}, P, "Anon"),
        ({"is_user": True, "name": " "}, P, "Anon"),
        ({"extra": [], "is_system": "0"}, C, "Aya"),
        ({"extra": {"type": ["narrator"]}, "send_date": {}}, C, "Aya"),
        ({"extra": {"type": "narrator"}, "name": None}, N, "Narrator"),
    ],
)
def test_what_is_of_the_wrong_type_is_set_right(
    fields: dict[str, Any], role: Role, name: str
) -> None:
    chat = read_chat(lines(HEADER, message(**fields)))

    found = chat.messages[0]
    assert (found.role, found.name, found.hidden) == (role, name, False)
    line = json.loads(to_sillytavern(chat).splitlines()[1])
    assert isinstance(line["is_user"], bool)
    assert isinstance(line["is_system"], bool)
    assert isinstance(line["extra"], dict)
    assert isinstance(line["name"], str)
    assert isinstance(line.get("send_date", ""), str)
    assert read_chat(to_sillytavern(chat)) == chat


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_read(encoding: str) -> None:
    data = lines(HEADER, message("dé \U0001f98a")).decode().encode(encoding)

    assert read_chat(data).messages[0].text == "dé \U0001f98a"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\n\n", "\r\n \r\n"])
def test_any_line_ending_will_do_and_others_are_text(ending: str) -> None:
    spoken = "one\u2028two\x0bthree\x85four"
    written = ending.join(
        json.dumps(each, ensure_ascii=False) for each in (HEADER, message(spoken), message("b"))
    )

    chat = read_chat((written + ending).encode())

    assert [each.text for each in chat.messages] == [spoken, "b"]


def test_a_text_file_without_names_tells_who_is_a_player() -> None:
    chat = read_chat(
        b"You: Hello?\n\nNarrator: Rain.\n\nAya: Yes?\n\nYou: Ah.\n\nNarrator: Rain.\n\nAya: So."
    )

    assert [each.role for each in chat.messages] == [P, N, C, P, N, C]
    assert (chat.user_name, chat.character_name) == ("You", "Aya")
    assert chat.warnings == ("The file does not say who is a player: who speaks first is not.",)


def test_a_chat_in_which_nobody_has_spoken_yet_is_one() -> None:
    chat = read_chat(lines(HEADER))

    assert chat.messages == ()
    assert chat.warnings == ("There are no messages in the file.",)


@pytest.mark.parametrize("field", ["messages", "histories", "data_visible"])
def test_a_chat_without_messages_is_read_again_whatever_else_its_header_says(field: str) -> None:
    chat = read_chat(json.dumps([{**HEADER, field: []}]).encode())

    again = read_chat(to_sillytavern(chat))

    assert again == chat
    assert again.fields == {field: []}
