from pathlib import Path
from statistics import median

import pytest
import yaml

from recipe.stand_in.drill import MARK, PARTS, main, tell_all

DRILL = Path(__file__).parents[2] / "recipe" / "drill"


def test_the_set_in_the_repository_is_what_the_command_writes(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path)]) == 0

    written = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.yaml")}
    kept = {file.relative_to(DRILL): file.read_bytes() for file in DRILL.rglob("*.yaml")}
    assert len(written) == sum(map(len, PARTS.values()))
    assert written == kept


def test_a_conversation_depends_on_its_number_alone() -> None:
    assert list(tell_all([7])) == list(tell_all(range(8)))[7:]


def test_every_file_is_marked_and_has_no_gap_left() -> None:
    for file in DRILL.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        told = yaml.safe_load(text)

        assert text.startswith(MARK)
        filled = [*told["personas"].values(), told["scenario"]]
        filled += [turn["text"] for turn in told["conversation"]]
        assert not [each for each in filled if "{" in each or "}" in each]


def test_sides_alternate_and_nobody_is_spoken_for() -> None:
    for drill in tell_all(range(60)):
        assert [is_character for is_character, _ in drill.turns] == [False, True] * 4
        for is_character, text in drill.turns:
            if is_character:
                assert not text.startswith(drill.second)
                assert f". {drill.second}" not in text
                assert f'" {drill.second}' not in text


def test_a_longer_reply_goes_further_through_the_same_slots() -> None:
    words = [
        len(text.split()) for drill in tell_all(range(160)) for is_character, text in drill.turns
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
    assert told.err == f"{tmp_path / 'file'} cannot be written: Not a directory.\n"
