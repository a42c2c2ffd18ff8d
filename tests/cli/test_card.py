"""`card show` and `card export`, run as a person runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.card import export_card, show_card
from bot.core.errors import StartupError
from bot.settings import load_settings
from tests.cards import CARDS
from tests.cli.running import run

ODD = CARDS / "json" / "21_depth_prompt_bad_types.json"


async def test_a_card_is_shown_for_programs(tmp_path: Path) -> None:
    done = await run(tmp_path, "card", "show", str(ODD), "--json")

    assert (done.code, done.complaint) == (0, "")
    shown = json.loads(done.printed)
    assert list(shown) == ["card", "warnings", "rating", "tokens", "tokenizer"]
    assert shown["card"]["name"] == "Aya"
    assert shown["card"]["depth_prompt"] == {"prompt": "stay sly", "depth": 4, "role": "system"}
    assert shown["warnings"] == ["The depth of `depth_prompt` was no number; it is 4 now."]
    assert (shown["rating"], shown["tokenizer"]) == ("everyone", "estimate")
    assert 10 < shown["tokens"] < 60


def test_a_tool_does_not_wait_for_what_only_servers_need() -> None:
    code = (
        "import sys; from bot.__main__ import main; "
        f"main(['card', 'show', {str(ODD)!r}]); sys.exit('aiohttp' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


async def test_a_card_is_shown_for_people(tmp_path: Path) -> None:
    data = (CARDS / "json" / "52_book_keys_string.json").read_bytes()

    done = await run(tmp_path, "card", "show", "-", typed=data.replace(b"sly", rb"\u001b[31msly"))

    assert (done.code, done.complaint) == (0, "")
    text = done.printed.decode()
    assert text.startswith("Aya · t · 1\n\nv2, for everyone, about ")
    assert "personality:\n[31msly\n" in text
    assert "lorebook b: 1 entries\n\n[eldoria, wood] (after_char)\nE\n" in text
    assert text.endswith("Warning: In 1 lore entry the keys were one text; they are a list now.\n")


async def test_a_card_is_written_anew(tmp_path: Path) -> None:
    out = tmp_path / "aya.png"

    done = await run(tmp_path, "card", "export", str(ODD), "--to", "png", str(out))

    assert (done.code, done.complaint) == (0, "")
    assert done.printed.decode().startswith(f"Aya is in {out}.\nWarning: The depth of")
    again = await run(tmp_path, "card", "show", str(out), "--json")
    assert json.loads(again.printed)["warnings"] == []


async def test_wrong_input_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    plain = CARDS / "png" / "25_plain_image_no_card.png"

    done = await run(tmp_path, "card", "show", str(plain), "--json")

    assert (done.code, done.printed) == (2, b"")
    assert done.complaint.startswith("There is no character in this PNG picture: ")
    assert done.complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("missing.png", None, "cannot be read: No such file or directory."),
        (".", None, "cannot be read: Is a directory."),
        ("large.png", b" " * 20_000_001, "The file is larger than 20 MB."),
        ("empty.png", b"", "The file is empty: "),
    ],
)
def test_whatever_cannot_be_read_is_said(
    tmp_path: Path, name: str, data: bytes | None, sentence: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(StartupError) as raised:
        export_card(str(tmp_path / name), "json", str(tmp_path / "out"))

    assert raised.value.exit_code == 2
    assert sentence in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"cannot be written: Is a directory\.") as raised:
        export_card(str(ODD), "charx", str(tmp_path))

    assert raised.value.exit_code == 2


def test_the_profiles_own_tokenizer_counts(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    words = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}
    file.write_text(json.dumps({**words, "pre_tokenizer": {"type": "WhitespaceSplit"}}))
    profile = tmp_path / "own.toml"
    shipped = Path("bot/profiles/zephrp.toml").read_text()
    profile.write_text(f'tokenizer = "{file}"\n{shipped}')

    printed = show_card(str(ODD), load_settings(prompt={"profile": str(profile)}), as_json=True)

    shown = json.loads(printed)
    said = "{{char}} is a kitsune. sly A shrine at dusk. stay sly"
    assert (shown["tokens"], shown["tokenizer"]) == (len(said.split()), f"file {file}")
