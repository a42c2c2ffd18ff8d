"""`verify` passes what `merge` gives, and nothing that differs from it anywhere."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recipe.__main__ import main
from recipe.merge.arithmetic import widen
from recipe.merge.checkpoint import open_shard
from recipe.merge.errors import NotTheMerge
from recipe.merge.merging import MANIFEST, merge, sha256
from recipe.merge.verifying import verify
from tests.recipe.checkpoints import Inputs, change_json, write_adapter, write_inputs

NAME = "model.layers.1.mlp.up_proj.weight"


@pytest.fixture(params=["F32", "BF16", "F16"])
def inputs(tmp_path: Path, request: pytest.FixtureRequest) -> Inputs:
    inputs = write_inputs(tmp_path, dtype=request.param)
    merge(*inputs.open(), tmp_path / "out", scale=1.0, say=lambda _: None)
    return inputs


def out_of(inputs: Inputs) -> Path:
    return inputs.base.parent / "out"


def found(inputs: Inputs, scale: float | None = None) -> str:
    """What `verify` says against the folder; nothing if it passes."""
    try:
        verify(*inputs.open(), out_of(inputs), scale=scale, say=lambda _: None)
    except NotTheMerge as error:
        return str(error)
    return ""


def rewrite(path: Path, change: Callable[[bytearray], Any]) -> None:
    """Change a shard of the result and let its manifest say that this is right."""
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)
    manifest = json.loads((path.parent / MANIFEST).read_text())
    manifest["files"][path.name]["sha256"] = sha256(path)
    (path.parent / MANIFEST).write_text(json.dumps(manifest))


def place_of(inputs: Inputs, name: str) -> tuple[Path, int, int]:
    for path in sorted(out_of(inputs).glob("*.safetensors")):
        for tensor in open_shard(path).tensors:
            if tensor.name == name:
                return path, tensor.start, tensor.end
    raise LookupError(name)


def test_a_merge_passes(inputs: Inputs) -> None:
    assert found(inputs) == ""
    assert found(inputs, scale=1.0) == ""


def test_another_scale_than_expected(inputs: Inputs) -> None:
    assert "says another scale than these inputs give" in found(inputs, scale=0.5)


@pytest.mark.parametrize("factor", [0.5, 0.98, 1.02, -1.0])
def test_a_merge_at_another_scale_that_hides_it(inputs: Inputs, factor: float) -> None:
    """Its manifest claims 1.0: the rows tell."""
    out = out_of(inputs)
    honest = (out / MANIFEST).read_text()
    for path in out.iterdir():
        path.unlink()
    merge(*inputs.open(), out, scale=factor, say=lambda _: None)
    files = json.loads((out / MANIFEST).read_text())["files"]
    (out / MANIFEST).write_text(json.dumps(json.loads(honest) | {"files": files}))

    assert re.search(r"is not the sum", found(inputs))


def test_the_base_itself_in_place_of_the_merge(inputs: Inputs) -> None:
    path, start, end = place_of(inputs, NAME)
    base = (inputs.base / path.name).read_bytes()

    rewrite(path, lambda raw: raw.__setitem__(slice(start, end), base[start:end]))

    assert f"of {NAME} is not the sum" in found(inputs)


def test_rounding_twice_is_found(tmp_path: Path) -> None:
    """As when the adapter's part is rounded to bf16 before it is added."""
    inputs = write_inputs(tmp_path, dtype="BF16", seed=5)
    small = {name: values * np.float32(0.5) for name, values in inputs.matrices.items()}
    write_adapter(inputs.adapter, small)
    out = out_of(inputs)
    merge(*inputs.open(), out, scale=1.0, say=lambda _: None)
    path, start, end = place_of(inputs, NAME)

    def cut_down(raw: bytearray) -> None:
        """Towards zero, whichever number is nearer: each is still next to the sum."""
        numbers = np.frombuffer(raw[start:end], "<u2").copy()
        exact = inputs.weights[NAME] + 2.0 * 0.25 * inputs.delta(NAME)
        above = np.abs(widen(numbers.tobytes(), "BF16")) > np.abs(exact.ravel())
        numbers[above] -= 1
        raw[start:end] = numbers.tobytes()

    rewrite(path, cut_down)

    assert found(inputs) == f"{path}: {NAME} is not the sum rounded once."


def test_an_untouched_tensor_that_differs_in_one_bit(inputs: Inputs) -> None:
    path, _, end = place_of(inputs, "model.norm.weight")

    rewrite(path, lambda raw: raw.__setitem__(end - 1, raw[end - 1] ^ 1))

    assert found(inputs) == f"{path}: model.norm.weight is not the base's."


def test_one_bit_in_a_row_that_is_not_looked_at(inputs: Inputs) -> None:
    """The sample may miss it; the hash does not."""
    path, start, _ = place_of(inputs, NAME)
    raw = bytearray(path.read_bytes())
    raw[start + 5 * 32 * 2] ^= 1
    path.write_bytes(raw)

    assert str(path) in found(inputs)


def test_a_shard_that_is_gone(inputs: Inputs) -> None:
    (out_of(inputs) / "model-00002-of-00002.safetensors").unlink()

    assert "model-00002-of-00002.safetensors cannot be read: No such file" in found(inputs)


def test_a_shard_that_stands_in_for_another(inputs: Inputs) -> None:
    """Same length, other names."""
    path = out_of(inputs) / "model-00001-of-00002.safetensors"
    raw = path.read_bytes().replace(b"lm_head.weight", b"ml_head.weight")
    path.write_bytes(raw)

    assert "do not agree on where" in found(inputs)


def test_the_same_tensors_in_other_files(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, shards=2)
    other = write_inputs(tmp_path / "other", shards=1)
    merge(*inputs.open(), tmp_path / "gone", scale=1.0, say=lambda _: None)
    merge(*other.open(), out_of(inputs), scale=1.0, say=lambda _: None)
    honest = json.loads((tmp_path / "gone" / MANIFEST).read_text())
    change_json(out_of(inputs) / MANIFEST, base_headers=honest["base_headers"])

    assert "does not hold the tensors of the base's" in found(inputs)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda out: (out / MANIFEST).unlink(), "merge_manifest.json cannot be read"),
        (lambda out: (out / MANIFEST).write_text("{"), "holds no valid JSON"),
        (lambda out: change_json(out / MANIFEST, scale="1"), "is '1', which is no number"),
        (lambda out: change_json(out / MANIFEST, r=8), "says another r than these inputs give"),
        (lambda out: change_json(out / MANIFEST, files={}), "is not in the manifest"),
        (lambda out: (out / "config.json").unlink(), "config.json is missing"),
        (lambda out: (out / "config.json").write_text("{}"), "config.json is not the base's"),
        (lambda out: (out / "more.safetensors").touch(), "more.safetensors is not in the manifest"),
        (lambda out: (out / "code.py").touch(), "code.py is not in the manifest"),
    ],
)
def test_files_that_are_not_as_noted(
    inputs: Inputs, change: Callable[[Path], Any], why: str
) -> None:
    change(out_of(inputs))

    assert why in found(inputs)


def test_another_adapter(inputs: Inputs) -> None:
    other = {name: values + np.float32(0.01) for name, values in inputs.matrices.items()}
    write_adapter(inputs.adapter, other)

    assert "says another adapter than these inputs give" in found(inputs)


def test_another_base_of_the_same_shape(inputs: Inputs) -> None:
    """A header tells nothing of it: the weights do."""
    path = inputs.base / "model-00001-of-00002.safetensors"
    raw = bytearray(path.read_bytes())
    for tensor in open_shard(path).tensors:
        if tensor.name in inputs.open()[1].pairs:
            raw[tensor.start : tensor.end] = bytes(tensor.end - tensor.start)
    path.write_bytes(raw)

    assert "is not the sum" in found(inputs)


def test_the_commands_end_with_nought_one_and_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = write_inputs(tmp_path)
    folders = ["--base", str(inputs.base), "--adapter", str(inputs.adapter)]
    folders += ["--out", str(tmp_path / "out")]

    assert main(["merge", *folders, "--scale", "0.5"]) == 0
    assert main(["verify", *folders]) == 0
    assert main(["verify", *folders, "--scale", "0.5"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["verify", *folders, "--scale", "1"]) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'out' / MANIFEST} says another scale than these inputs give.\n"
    )
    change_json(inputs.adapter / "adapter_config.json", bias="all")
    assert main(["verify", *folders]) == 2
