"""From a hub to a verified merge in one command, as the container does it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe.__main__ import main
from recipe.fetch import download
from recipe.merge.merging import MANIFEST
from tests.recipe.checkpoints import Inputs, read_tensors, write_inputs
from tests.recipe.hub_server import COMMIT, ScriptedHub, serving
from tests.recipe.test_unpickle import table, tensor, write


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return write_inputs(tmp_path / "inputs")


@pytest.fixture
def hub(inputs: Inputs) -> Iterator[ScriptedHub]:
    files = {
        f"some/{folder.name}": {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (inputs.base, inputs.adapter)
    }
    with serving(ScriptedHub(files=files)) as hub:
        yield hub


def build(hub: ScriptedHub, models: Path, *more: str) -> int:
    return main(
        [
            "build", "--hub", hub.url, "--models", str(models),
            "--base", f"some/base@{COMMIT}", "--adapter", f"some/adapter@{COMMIT}", *more,
        ]
    )  # fmt: skip


def test_one_command_fetches_merges_and_verifies(
    hub: ScriptedHub, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    folders = ["--base", str(inputs.base), "--adapter", str(inputs.adapter)]

    assert build(hub, models, "--scale", "0.75") == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert "merged ones are the sum" in said.out
    assert said.out.splitlines()[-1].startswith(f"{models / 'merged'} is ready.")
    main(["merge", *folders, "--out", str(tmp_path / "by-hand"), "--scale", "0.75"])
    assert read_tensors(models / "merged") == read_tensors(tmp_path / "by-hand")
    manifest = json.loads((models / "merged" / MANIFEST).read_text())
    assert [source["repository"] for source in manifest["sources"]] == ["some/base", "some/adapter"]
    assert {source["revision"] for source in manifest["sources"]} == {COMMIT}


def test_running_it_again_fetches_and_merges_nothing(hub: ScriptedHub, tmp_path: Path) -> None:
    build(hub, tmp_path / "models")
    hub.asked.clear()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "models" / "merged").iterdir()}

    assert build(hub, tmp_path / "models") == 0

    assert [path for path, _ in hub.asked if "/tree/" not in path] == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_pickled_adapter_is_converted_on_the_way(
    hub: ScriptedHub, inputs: Inputs, tmp_path: Path
) -> None:
    build(hub, tmp_path / "plain")
    entries = {
        name: tensor(str(key), values.shape)
        for key, (name, values) in enumerate(inputs.matrices.items())
    }
    numbers = {str(key): values.tobytes() for key, values in enumerate(inputs.matrices.values())}
    folder = write(tmp_path / "pickled", table(entries), numbers)
    files = hub.files["some/adapter"]
    files["adapter_model.bin"] = (folder / "adapter_model.bin").read_bytes()
    del files["adapter_model.safetensors"]

    assert build(hub, tmp_path / "models") == 0

    merged = read_tensors(tmp_path / "models" / "merged")
    assert merged == read_tensors(tmp_path / "plain" / "merged")


def test_an_adapter_of_the_hosts_own_is_taken_from_its_folder(
    hub: ScriptedHub, inputs: Inputs, tmp_path: Path
) -> None:
    assert build(hub, tmp_path / "models", "--adapter", str(inputs.adapter)) == 0

    assert not any("adapter" in path for path, _ in hub.asked)


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--base", "nowhere"], 2, "nowhere is neither a folder nor OWNER/NAME@COMMIT.\n"),
        (["--base", "a/b@main"], 2, "'main' is no commit of 40 digits; a branch could move.\n"),
        (["--hub", "http://example.invalid"], 2, "http://example.invalid is no https address.\n"),
        (["--adapter", f"some/base@{COMMIT}"], 69, "holds 0 adapters, not one.\n"),
        (["--base", f"some/none@{COMMIT}"], 69, "The hub answered 404 to "),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    *, hub: ScriptedHub, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, why: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(download, "PAUSE_S", 0.0)

    assert build(hub, tmp_path / "models", *arguments) == code

    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
