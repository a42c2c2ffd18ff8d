import hashlib
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from recipe.__main__ import main
from recipe.merge import merging
from recipe.merge.arithmetic import narrow, widen
from recipe.merge.errors import CannotMerge
from recipe.merge.merging import MANIFEST, UNFINISHED, merge
from tests.recipe.checkpoints import (
    ALPHA,
    RANK,
    Inputs,
    change_json,
    read_tensors,
    write_adapter,
    write_inputs,
)


def said_nothing(_: str) -> None:
    pass


def merged(inputs: Inputs, out: Path, scale: float = 1.0) -> dict[str, tuple[str, bytes]]:
    merge(*inputs.open(), out, scale=scale, say=said_nothing)
    return read_tensors(out)


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
def test_a_merged_weight_is_the_sum_rounded_once(tmp_path: Path, dtype: str) -> None:
    """Against fp64: of 16-bit numbers all but a few in a hundred thousand are the nearest one."""
    inputs = write_inputs(tmp_path, dtype=dtype)

    found = merged(inputs, tmp_path / "out")

    wrong = total = 0
    for name in inputs.open()[1].pairs:
        exact = inputs.weights[name].astype(np.float64) + ALPHA / RANK * inputs.delta(name)
        nearest = widen(narrow(exact.astype(np.float32), dtype).tobytes(), dtype)
        ours = widen(found[name][1], dtype).reshape(exact.shape)
        assert np.abs(ours - exact).max() <= 2.0 ** {"F32": -24, "BF16": -8, "F16": -11}[dtype]
        wrong += int((ours.ravel() != nearest).sum())
        total += exact.size
    assert wrong <= {"F32": 0.4, "BF16": 0.001, "F16": 0.002}[dtype] * total


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_what_the_adapter_does_not_touch_keeps_its_bytes(
    tmp_path: Path, dtype: str, shards: int
) -> None:
    inputs = write_inputs(tmp_path, dtype=dtype, shards=shards)
    before = read_tensors(inputs.base)

    after = merged(inputs, tmp_path / "out")

    touched = inputs.open()[1].pairs.keys()
    assert after.keys() == before.keys()
    assert {kind for kind, _ in after.values()} == {dtype}
    assert all((after[name] != before[name]) == (name in touched) for name in before)
    assert len(before) - len(touched) == 3


def test_other_types_beside_the_merged_ones_are_copied(tmp_path: Path) -> None:
    """A header with metadata, and numbers that no sum could be taken of, go over as they are."""
    inputs = write_inputs(tmp_path, shards=1)
    [path] = inputs.base.glob("*.safetensors")
    header = path.read_bytes()[: 8 + int.from_bytes(path.read_bytes()[:8], "little")]

    merged(inputs, tmp_path / "out")

    assert (tmp_path / "out" / path.name).read_bytes().startswith(header)
    assert b"__metadata__" in header


def test_one_file_without_an_index_will_do(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, shards=1)
    [path] = inputs.base.glob("*.safetensors")
    path.rename(inputs.base / "model.safetensors")
    (inputs.base / "model.safetensors.index.json").unlink()

    found = merged(inputs, tmp_path / "out")

    assert found != read_tensors(inputs.base)
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_scale_weighs_the_adapter(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, dtype="F32")
    name = "model.layers.0.mlp.up_proj.weight"

    half = merged(inputs, tmp_path / "half", scale=0.5)

    exact = inputs.weights[name] + 0.5 * ALPHA / RANK * inputs.delta(name)
    assert np.allclose(widen(half[name][1], "F32"), exact.ravel(), atol=1e-6)


def test_a_rank_stabilised_adapter_is_divided_by_the_root_of_its_rank(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, dtype="F32")
    change_json(inputs.adapter / "adapter_config.json", use_rslora=True)
    name = "model.layers.1.self_attn.k_proj.weight"

    found = merged(inputs, tmp_path / "out")

    exact = inputs.weights[name] + ALPHA / math.sqrt(RANK) * inputs.delta(name)
    assert np.allclose(widen(found[name][1], "F32"), exact.ravel(), atol=1e-6)


def test_blocks_of_rows_add_up_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = write_inputs(tmp_path)
    whole = merged(inputs, tmp_path / "whole")
    monkeypatch.setattr(merging, "ELEMENTS_AT_ONCE", 5 * 32)  # divides no height
    monkeypatch.setattr(merging, "CHUNK_BYTES", 7)

    assert merged(inputs, tmp_path / "pieces") == whole


def test_the_manifest_holds_hashes_of_everything(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)

    merged(inputs, tmp_path / "out", scale=0.75)

    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    written = {path.name for path in (tmp_path / "out").iterdir()} - {MANIFEST}
    assert set(manifest["files"]) == written
    for name, noted in manifest["files"].items():
        raw = (tmp_path / "out" / name).read_bytes()
        assert (noted["size"], noted["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())
    for name in [name for name in written if name.endswith(".safetensors")]:
        raw = (inputs.base / name).read_bytes()
        assert manifest["files"][name]["base_sha256"] == hashlib.sha256(raw).hexdigest()
    raw = (inputs.adapter / "adapter_model.safetensors").read_bytes()
    assert manifest["adapter"]["adapter_model.safetensors"]["sha256"] == (
        hashlib.sha256(raw).hexdigest()
    )
    assert (manifest["scale"], manifest["scaling"]) == (0.75, 0.75 * ALPHA / RANK)
    assert (manifest["merged_tensors"], manifest["untouched_tensors"]) == (14, 3)


def test_a_merge_that_was_cut_off_goes_on_behind_the_last_whole_file(
    tmp_path: Path,
) -> None:
    inputs = write_inputs(tmp_path, shards=3)
    whole = merged(inputs, tmp_path / "whole")
    heard: list[str] = []

    def cut_off(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge(*inputs.open(), tmp_path / "out", scale=1.0, say=cut_off)
    first = tmp_path / "out" / "model-00001-of-00003.safetensors"
    (tmp_path / "out" / "model-00002-of-00003.safetensors.tmp").write_bytes(b"half")
    noted = first.stat().st_mtime_ns
    assert not (tmp_path / "out" / MANIFEST).exists()
    merge(*inputs.open(), tmp_path / "out", scale=1.0, say=heard.append)

    assert read_tensors(tmp_path / "out") == whole
    assert first.stat().st_mtime_ns == noted
    assert heard[0] == "model-00001-of-00003.safetensors: merged before"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        path.name for path in (tmp_path / "whole").iterdir()
    }


def test_a_file_that_was_cut_short_since_is_merged_again(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, shards=2)
    whole = merged(inputs, tmp_path / "whole")
    out = tmp_path / "out"
    merged(inputs, out)
    (out / MANIFEST).rename(out / UNFINISHED)
    path = out / "model-00002-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:100])

    assert merged(inputs, out) == whole


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    merged(inputs, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    heard: list[str] = []

    merge(*inputs.open(), tmp_path / "out", scale=1.0, say=heard.append)

    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    assert heard == [f"{tmp_path / 'out'} is merged already."]


@pytest.mark.parametrize("state", [MANIFEST, UNFINISHED])
def test_a_folder_with_another_merge_is_left_alone(tmp_path: Path, state: str) -> None:
    inputs = write_inputs(tmp_path)
    out = tmp_path / "out"
    merged(inputs, out)
    (out / MANIFEST).rename(out / state)

    with pytest.raises(CannotMerge, match="holds another merge"):
        merged(inputs, out, scale=0.5)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").touch()

    with pytest.raises(CannotMerge, match="is not empty"):
        merged(inputs, tmp_path / "out")
    with pytest.raises(CannotMerge, match="is the base itself"):
        merged(inputs, inputs.base)


def test_a_disk_without_room_for_the_result_is_not_begun_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = write_inputs(tmp_path)
    disk = shutil.disk_usage(tmp_path)._replace(free=20_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)

    with pytest.raises(CannotMerge, match="has 0 MiB left on its disk and needs"):
        merged(inputs, tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_two_merges_do_not_write_into_one_folder(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    base, adapter = inputs.open()
    met: list[str] = []

    def second(_: str) -> None:
        with pytest.raises(CannotMerge) as refused:
            merge(base, adapter, tmp_path / "out", scale=1.0, say=said_nothing)
        met.append(str(refused.value))

    merge(base, adapter, tmp_path / "out", scale=1.0, say=second)

    assert met[0] == f"Another merge is writing into {tmp_path / 'out'}."


def test_a_sum_that_is_no_number_stops_the_merge_and_leaves_no_file(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, dtype="F16", shards=1)
    huge = {name: values * np.float32(1e4) for name, values in inputs.matrices.items()}
    write_adapter(inputs.adapter, huge)

    with pytest.raises(CannotMerge, match="would hold infinity or no number"):
        merged(inputs, tmp_path / "out")

    assert list((tmp_path / "out").glob("*.safetensors*")) == []


def test_the_command_says_in_one_sentence_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = write_inputs(tmp_path)
    change_json(inputs.adapter / "adapter_config.json", use_dora=True)
    folders = ["--base", str(inputs.base), "--adapter", str(inputs.adapter)]

    code = main(["merge", *folders, "--out", str(tmp_path / "out")])

    assert code == 2
    assert capsys.readouterr().err == (
        f"{inputs.adapter / 'adapter_config.json'} cannot be merged: DoRA scales whole columns,"
        " which is not a sum.\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scale", ["0", "nan", "inf", "much"])
def test_a_scale_that_changes_nothing_is_refused(
    scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["merge", "--base", "b", "--adapter", "a", "--out", "o", "--scale", scale])

    assert ended.value.code == 2
    assert f"{scale!r} is no number other than 0" in capsys.readouterr().err
