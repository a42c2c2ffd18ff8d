"""`chat show`, run as a person runs it."""

import json
from pathlib import Path

import pytest

from bot.cli.chat import show_chat
from bot.core.errors import StartupError
from tests.cli.running import run

CHATS = Path(__file__).parents[1] / "golden" / "chats"
SOLO = CHATS / "01_st_solo.jsonl"


async def test_a_chat_is_shown_for_programs(tmp_path: Path) -> None:
    done = await run(tmp_path, "chat", "show", str(SOLO), "--json")

    assert (done.code, done.complaint) == (0, "")
    shown = json.loads(done.printed)
    assert list(shown) == ["messages", "warnings"]
    assert len(shown["messages"]) == 6
    assert shown["messages"][0] == {
        "name": "Aya",
        "role": "character",
        "text": "Welcome.",
        "swipes": ["Hello.", "Welcome."],
        "hidden": False,
    }
    assert shown["messages"][3]["hidden"] is True
    assert shown["warnings"] == []


async def test_a_chat_is_shown_for_people(tmp_path: Path) -> None:
    typed = SOLO.read_bytes().replace(b"A fox.", rb"A \u001b[31mfox.") + b"\n{"

    done = await run(tmp_path, "chat", "show", "-", typed=typed)

    assert (done.code, done.complaint) == (0, "")
    assert done.printed.decode().splitlines()[:9:2] == [
        "Aya with Anon · 4 lines · 18 October 2024",
        "Author's note: keep it short",
        "Summary: Anon met Aya.",
        "Aya (character, swipe 2 of 2): Welcome.",
        "Anon (player): Hi",
    ]
    assert b"Aya (character): A [31mfox." in done.printed
    assert "Anon (player, hidden): (hidden with /hide)" in done.printed.decode()
    assert done.printed.endswith(
        b"Warning: Line 8 was skipped: it is no JSON from character 2 on.\n"
    )


async def test_wrong_input_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = await run(tmp_path, "chat", "show", str(CHATS / "11_not_a_chat.jsonl"), "--json")

    assert (done.code, done.printed) == (2, b"")
    assert done.complaint.startswith("The file does not begin as a chat does: give a SillyTavern")
    assert done.complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("missing.jsonl", None, "cannot be read: No such file or directory."),
        (".", None, "cannot be read: Is a directory."),
        ("large.jsonl", b" " * 8_000_001, "The file is larger than 8 MB."),
        ("empty.jsonl", b"", "The file is empty: "),
        ("deep.json", b'{"a":' * 9_000, "it is nested too deeply."),
    ],
)
def test_whatever_cannot_be_read_is_said(
    tmp_path: Path, name: str, data: bytes | None, sentence: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(StartupError) as raised:
        show_chat(str(tmp_path / name), as_json=True)

    assert raised.value.exit_code == 2
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CHATS.glob("[0-9a-z]*.*")) if "not" not in path.name],
    ids=lambda path: path.name,
)
def test_a_files_name_tells_nothing_that_its_bytes_do_not(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "download"
    other.write_bytes(path.read_bytes())

    assert show_chat(str(other), as_json=True) == show_chat(str(path), as_json=True)
