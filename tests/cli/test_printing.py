"""What cannot be printed: a full disk, a closed output, letters that a terminal does not know."""

import os
import sys
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.cli.running import ended, run, started
from tests.cli.test_prompt import GOLDEN

SCENE = str(GOLDEN / "scene.json")
FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [("prompt", SCENE), ("doctor",), ("doctor", "--json")])
async def test_a_full_disk_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    full = os.open(FULL, os.O_WRONLY)
    async with started(tmp_path, *arguments, stdout=full) as process:
        os.close(full)
        done = await ended(process)

    sentence = "What this command prints cannot be written: No space left on device.\n"
    assert (done.code, done.complaint) == (2, sentence)


def test_a_closed_output_is_one_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text('{"user_name":"Tom","character_name":"Clover"}\n{"name":"Tom","mes":"Hi"}\n')
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it for `>&-`

    code = main(["chat", "show", str(chat)])

    sentence = "What this command prints cannot be written: its output is closed.\n"
    assert (code, capsys.readouterr().err) == (2, sentence)


async def test_letters_that_a_terminal_does_not_know_are_spelt_out(tmp_path: Path) -> None:
    done = await run(tmp_path, "doctor", PYTHONIOENCODING="ascii", BOT_CHARACTERS="nowhere")

    assert (done.code, done.complaint) == (1, "")
    assert rb"\u2192 Correct it, and ask again." in done.printed
