"""Chat files that want to do harm, or are none."""

from typing import Any

import pytest

from bot.core.chat_export import to_sillytavern
from bot.core.chat_files import read_chat
from tests.chats import HEADER, complaint, lines, message


@pytest.mark.parametrize(
    ("data", "name", "part"),
    [
        (b"", "a.jsonl", "The file is empty: "),
        (b" \n\0\0\n", "", "The file is empty: "),
        (b"\xef\xbb\xbf", "", "The file is empty: "),
        (b'{"foo": 1}\n{"mes": "x"}', "", "does not begin as a chat does: give a SillyTavern chat"),
        (b"[]", "", "no messages in the file: give"),
        (b"{}", "", "does not begin as a chat does"),
        (
            b'{"name": "Aya", "first_mes": "Hi", "description": ""}',
            "",
            "is a character card, no chat",
        ),
        (b'{"spec": "chara_card_v2", "data": {}}', "", "is a character card, no chat"),
        (b'{"entries": {}}', "", "is a lorebook, no chat"),
        (b'{"name": "Aya"}', "", "no messages in the file that can be read (message 1: it has no"),
        (b'{"messages": "x"}', "", "does not begin as a chat does"),
        (b'{"messages": [1, null, {"msg": 5}]}', "", "(message 1: it has no text)"),
        (b'{"data_visible": [[1], "ab", {}]}', "", "(message 1: it has no text)"),
        (b'{"histories": 5}', "", "There are no messages in the file"),
        (b'{"type": "risuChat", "data": null}', "", "There are no messages in the file"),
        (b'{"savedsettings": {}, "actions": [5]}', "", "(message 1: it has no text)"),
        (b'{"user_name": "A"}\n{"name": "A", "mes": ', "", "(line 2: it is no JSON from character"),
        (b"[" * 900 + b"]" * 900, "", "cannot be read: it is nested too deeply."),
        (b'{"a":' * 9_000, "", "cannot be read: it is nested too deeply."),
        (b"[" * 7_000_000, "", "cannot be read: it is crammed with numbers or lists."),
        (b"9" * 7_000_000, "", "There are no messages in the file"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40,
            "a.png",
            "There are no messages",
        ),
        (b"PK\x03\x04" + bytes(4000), "chat.jsonl", "There are no messages"),
        (bytes(range(256)) * 400, "a.jsonl", "There are no messages"),
        (b"Dear diary,\n\nnothing happened.", "diary.txt", "There are no messages"),
        (b"Aya: I am alone.\n", "a.txt", "There are no messages"),
        (b"name: Lyra\npersona: x\n", "lyra.yaml", "There are no messages"),
        (b"x" * 8_000_001, "", "is larger than 8 MB"),
        (b"\n".join([b'{"name":"A","mes":""}'] * 20_001), "", "more than 20,000 messages"),
        (b'{"user_name":"A"}' + b"\nx" * 100_000, "", "more than 100,000 lines"),
        (b"Aya: a\n" * 100_001, "", "more than 100,000 lines"),
    ],
)
def test_what_is_no_chat_gets_a_sentence(data: bytes, name: str, part: str) -> None:
    assert part in complaint(data, name)


@pytest.mark.parametrize(
    "line",
    [
        b'{"name":"A","mes":"x","extra":' + b"[" * 800 + b"]" * 800 + b"}",
        b'{"name":"A","mes":"x","extra":' + b'{"a":' * 50_000 + b"}" * 50_001,
        b'{"name":"A","mes":"x","extra":[' + b"{}," * 200_000 + b"1]}",
        b'{"name":"A","mes":"x"}{"name":"A","mes":"y"}',
        b'{"name":"A","mes":"\xff\xfe',
        b'{"name":"A","mes":{"message":{"message":"x"}}}',
        b'{"name":"A","mes":5}',
        b'{"name":"A","mes":["x"],"swipes":[["x"],{}]}',
        b'{"user_name":"B","chat_metadata":{}}',
        b"\0" * 1000,
        b"null",
        b'"mes"',
        b"NaN",
        b"9" * 1_000_000,
    ],
    ids=lambda line: line[:40].decode(errors="replace"),
)
def test_a_hostile_line_costs_that_line(line: bytes) -> None:
    data = lines(HEADER, message("before")) + b"\n" + line + b"\n" + lines(message("after"))

    chat = read_chat(data)

    assert [each.text for each in chat.messages] == ["before", "after"]
    assert chat.warnings[-1].startswith("Line 3 was skipped: ")


def test_lines_share_the_room_that_a_file_has() -> None:
    crammed = message("x", odd=[0] * 15_000)

    chat = read_chat(lines(HEADER, crammed, crammed, message("after")))

    assert [each.text for each in chat.messages] == ["x", "after"]
    assert chat.warnings == ("Line 3 was skipped: it is crammed with numbers or lists.",)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"NaN", None),
        (b"-Infinity", None),
        (b"1e999", None),
        (b"9" * 5000, None),
        (b"1" + b"0" * 60, 1e60),
        (b"12345678901234567890123456789", 12345678901234567890123456789),
        (rb'"\ud83d\ude00 \ud800 \udc00\ud800"', "\U0001f600 \ufffd \ufffd\ufffd"),
        (rb'{"\ud800": ["\udfff"]}', {"\ufffd": ["\ufffd"]}),
        (rb'"\u0000"', "\0"),
        (b'"\t\x01"', "\t\x01"),
    ],
)
def test_what_no_file_may_hold_is_replaced_and_the_rest_is_kept(value: bytes, kept: Any) -> None:
    data = b'{"name": "Aya", "mes": "x", "odd": ' + value + b"}"

    chat = read_chat(data)

    assert chat.messages[0].fields["odd"] == kept
    assert read_chat(to_sillytavern(chat)) == chat


def test_halves_of_characters_leave_no_text_that_cannot_be_written() -> None:
    chat = read_chat(rb'{"name": "\ud800", "mes": "a\udc00", "swipes": ["\ud800"], "swipe_id": 0}')

    assert (chat.messages[0].name, chat.messages[0].swipes) == ("\ufffd", ("a\ufffd",))
    assert to_sillytavern(chat)


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    chat = read_chat(lines(HEADER) + b'\n{"name": "Aya", "mes": "caf\xe9"}')

    assert chat.messages[0].text == "caf\ufffd"
    assert chat.warnings == (
        "Line 2 holds bytes that are no UTF-8 text; a \ufffd stands for each.",
    )
