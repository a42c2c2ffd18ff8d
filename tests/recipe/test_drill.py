from pathlib import Path
from statistics import median

import pytest
import yaml

from recipe.stand_in.drill import CONVERSATIONS, MARK, main, tell_all

DRILL = Path(__file__).parents[2] / "recipe" / "drill"


def test_the_set_in_the_repository_is_what_the_command_writes() -> None:
    files = sorted(DRILL.glob("*.yaml"))

    assert len(files) == CONVERSATIONS
    for file, drill in zip(files, tell_all(), strict=True):
        assert file.read_text(encoding="utf-8") == drill.to_yaml()


def test_a_shorter_set_is_the_beginning_of_the_longer_one(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--conversations", "3"]) == 0

    written = sorted(tmp_path.iterdir())
    assert [file.name for file in written] == ["001.yaml", "002.yaml", "003.yaml"]
    for file in written:
        assert file.read_bytes() == (DRILL / file.name).read_bytes()


def test_every_file_is_marked_and_has_no_gap_left() -> None:
    for file in DRILL.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        told = yaml.safe_load(text)

        assert text.startswith(MARK)
        filled = [*told["personas"].values(), told["scenario"]]
        filled += [turn["text"] for turn in told["conversation"]]
        assert not [each for each in filled if "{" in each or "}" in each]


def test_sides_alternate_and_nobody_is_spoken_for() -> None:
    for drill in tell_all(60):
        assert [is_character for is_character, _ in drill.turns] == [False, True] * 4
        for is_character, text in drill.turns:
            if is_character:
                assert not text.startswith(drill.second)
                assert f". {drill.second}" not in text
                assert f'" {drill.second}' not in text


def test_a_longer_reply_goes_further_through_the_same_slots() -> None:
    words = [
        len(text.split()) for drill in tell_all() for is_character, text in drill.turns
        if is_character
    ]  # fmt: skip

    assert min(words) == 1
    assert max(words) > 200
    assert 20 < median(words) < 60


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert main(["--out", str(tmp_path / "file")]) == 73

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"{tmp_path / 'file'} cannot be written: File exists.\n"
