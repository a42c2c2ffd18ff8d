import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def test_the_lab_prints_its_rows_and_writes_them_down(tmp_path: Path) -> None:
    lab = subprocess.run(
        [sys.executable, "-m", "bot", "bench", "--quick"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (lab.returncode, lab.stderr) == (0, "")
    figures = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    timings, scenes = figures["timings"], figures["prefix_cache"]
    assert [row["name"] for row in timings] == [
        "prompt-first",
        "prompt-next",
        "stream",
        "stream-strict",
        "split",
        "estimate",
    ]
    assert all(0 < row["best"] <= row["median"] <= row["worst"] for row in timings)
    assert {row["target"] for row in scenes} == {0.82, 0.90, None}
    assert all(0 < row["hit_ratio"] < 1 for row in scenes)
    assert [row["what"] for row in timings + scenes if row["what"] not in lab.stdout] == []
    assert figures["machine"]["python"] in lab.stdout
    assert figures["redis"]["round_trips"] == 6
    assert 0 < figures["redis"]["redis_us"][0] <= figures["redis"]["redis_us"][1]


def test_one_part_can_be_measured_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "split.json"

    code = main(["bench", "--quick", "--only", "split", "--json", str(file)])

    figures = json.loads(file.read_text(encoding="utf-8"))
    assert code == 0
    assert [row["name"] for row in figures["timings"]] == ["split"]
    assert figures["prefix_cache"] == []
    assert figures["redis"] is None
    assert str(file) in capsys.readouterr().out


def test_a_part_that_does_not_exist_is_answered_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["bench", "--only", "spilt"])

    assert code == 2
    assert capsys.readouterr().err == (
        "There is nothing called spilt to measure. "
        "Choose prompt, stream, split, estimate, prefix, redis.\n"
    )


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "missing" / "bench.json"

    code = main(["bench", "--quick", "--only", "estimate", "--json", str(file)])

    assert code == 2
    assert f"cannot be written to {file} (No such file or directory)" in capsys.readouterr().err


def test_what_is_measured_tells_nothing_of_whose_machine_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"

    main(["bench", "--quick", "--only", "split", "--json", str(file)])

    facts = json.loads(file.read_text(encoding="utf-8"))["machine"]
    assert facts.keys() == {
        "bot",
        "python",
        "implementation",
        "system",
        "architecture",
        "cores",
    }
    assert facts["cores"] >= 1
    assert f"{facts['cores']} cores" in capsys.readouterr().out
