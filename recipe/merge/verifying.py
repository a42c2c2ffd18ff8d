"""Is a folder what the merge of this base and this adapter gives?

Reads base and result side by side, once. Sampled rows of every merged tensor are
computed anew in fp64, by code of their own, and must be met to the last place that
the number format and an fp32 sum allow.
"""

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from recipe.merge.adapter import Adapter, check_fit
from recipe.merge.arithmetic import narrow, widen
from recipe.merge.base_model import check_base, files_beside
from recipe.merge.checkpoint import Checkpoint, Shard, Tensor, open_checkpoint
from recipe.merge.errors import CannotMerge, NotTheMerge
from recipe.merge.json_files import read_object
from recipe.merge.merging import CHUNK_BYTES, MANIFEST, Say, describe, sha256

ROWS: Final = 6
"""Sampled of every merged tensor: the first, the last, and others by its name."""
MISSED_ROUNDINGS: Final = 2
MISSED_SHARE: Final = 0.01
"""How many 16-bit numbers may be the second nearest: an fp32 sum errs in 2 to 6 of 100,000."""
_LAST_PLACES: Final = {"F32": 2.0**-23, "F16": 2.0**-10, "BF16": 2.0**-7}
_SMALLEST: Final = {"F32": 2.0**-149, "F16": 2.0**-24, "BF16": 2.0**-133}
_FP32_ROUNDING: Final = 2.0**-24

Doubles = NDArray[np.float64]


def verify(base: Checkpoint, adapter: Adapter, out: Path, *, scale: float | None, say: Say) -> None:
    """Hold the folder *out* to everything that its inputs determine.

    Args:
        base: What was merged into.
        adapter: What was merged.
        out: The folder.
        scale: What the host expects; None takes the manifest's word.
        say: Told each check that *out* has passed.

    Raises:
        NotTheMerge: With the first difference.
        CannotMerge: The inputs themselves do not fit.
    """
    check_base(base)
    check_fit(adapter, base)
    try:
        manifest = read_object(out / MANIFEST)
        result = open_checkpoint(out)
    except CannotMerge as error:
        raise NotTheMerge(str(error)) from error
    scale = _number(manifest.get("scale")) if scale is None else scale
    wanted = describe(base, adapter, scale)
    for key, value in wanted.items():
        if manifest.get(key) != value:
            raise NotTheMerge(f"{out / MANIFEST} says another {key} than these inputs give.")
    say("the manifest is of these inputs")
    _check_headers(base, result)
    say(f"{len(base.tensors)} tensors have the base's names, types, shapes and places")
    files = manifest.get("files", {})
    _check_beside(base.folder, out, files)
    say("the files beside the weights are the base's")
    for before, after in zip(base.shards, result.shards, strict=True):
        _check_shard(before, after, adapter, files, wanted["scaling"])
        say(f"{after.path.name}: untouched tensors are the base's, merged ones are the sum")


def _number(value: Any) -> float:
    if type(value) not in {int, float}:
        raise NotTheMerge(f"The manifest's scale is {value!r}, which is no number.")
    return float(value)


def _check_beside(base: Path, out: Path, files: dict[str, Any]) -> None:
    """Each file in *out* is noted, and those that are no weights are copies of the base's."""
    ours = {path.name for path in files_beside(base)}
    for name in sorted(ours | files.keys()):
        if not (out / name).is_file():
            raise NotTheMerge(f"{out / name} is missing.")
    for path in sorted(set(out.iterdir()) - {out / MANIFEST}):
        if path.name not in files:
            raise NotTheMerge(f"{path} is not in the manifest.")
        if path.suffix == ".safetensors":
            continue
        if not (base / path.name).is_file() or sha256(base / path.name) != sha256(path):
            raise NotTheMerge(f"{path} is not the base's.")
        if files[path.name].get("sha256") != sha256(path):
            raise NotTheMerge(f"{path} is not what its hash in the manifest was taken of.")


def _check_headers(base: Checkpoint, result: Checkpoint) -> None:
    before = {shard.path.name: shard.header for shard in base.shards}
    after = {shard.path.name: shard.header for shard in result.shards}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            raise NotTheMerge(f"{result.folder / name} does not hold the tensors of the base's.")


def _check_shard(
    before: Shard, after: Shard, adapter: Adapter, files: dict[str, Any], scaling: float
) -> None:
    sums = hashlib.sha256(), hashlib.sha256()
    with before.path.open("rb") as old, after.path.open("rb") as new:
        for tensor, start, end in _stretches(before):
            same = True
            for ours, theirs in _side_by_side(old, new, end - start):
                sums[0].update(ours)
                sums[1].update(theirs)
                same = same and ours == theirs
            if tensor is not None and tensor.name in adapter.pairs:
                _check_rows(old, new, tensor, adapter, scaling)
            elif not same:
                name = tensor.name if tensor else "the header"
                raise NotTheMerge(f"{after.path}: {name} is not the base's.")
            old.seek(end)
            new.seek(end)
    noted = files.get(after.path.name, {})
    found = {"base_sha256": sums[0].hexdigest(), "sha256": sums[1].hexdigest()}
    for key, value in found.items():
        if noted.get(key) != value:
            raise NotTheMerge(f"{after.path} is not what {key} in the manifest was taken of.")


def _stretches(shard: Shard) -> Iterator[tuple[Tensor | None, int, int]]:
    yield None, 0, len(shard.header)
    for tensor in shard.tensors:
        yield tensor, tensor.start, tensor.end


def _side_by_side(old: IO[bytes], new: IO[bytes], count: int) -> Iterator[tuple[bytes, bytes]]:
    while count > 0:
        ours, theirs = old.read(min(count, CHUNK_BYTES)), new.read(min(count, CHUNK_BYTES))
        if not ours:
            raise NotTheMerge(f"{old.name} became shorter while it was read.")
        count -= len(ours)
        yield ours, theirs


def _check_rows(
    old: IO[bytes], new: IO[bytes], tensor: Tensor, adapter: Adapter, scaling: float
) -> None:
    """Sampled rows are within a last place of the sum, and nearly all are its nearest number."""
    a, b = (each.astype(np.float64) for each in adapter.matrices(adapter.pairs[tensor.name]))
    seen = missed = 0
    for row in _sample(tensor):
        weights, found = _row(old, tensor, row), _row(new, tensor, row)
        exact = weights + scaling * (b[row] @ a)
        allowed = _last_place(exact, tensor.dtype) + _noise(weights, b[row], a, scaling)
        if not bool((np.abs(found - exact) <= allowed).all()):
            raise NotTheMerge(f"{new.name}: row {row} of {tensor.name} is not the sum.")
        nearest = widen(narrow(exact.astype(np.float32), tensor.dtype).tobytes(), tensor.dtype)
        seen, missed = seen + exact.size, missed + int((nearest != found).sum())
    if tensor.dtype != "F32" and missed > MISSED_ROUNDINGS + MISSED_SHARE * seen:
        raise NotTheMerge(f"{new.name}: {tensor.name} is not the sum rounded once.")


def _sample(tensor: Tensor) -> list[int]:
    """The same rows each time, others for each tensor."""
    height = tensor.shape[0]
    chosen = np.random.default_rng(zlib.crc32(tensor.name.encode())).integers(0, height, ROWS - 2)
    return sorted({0, height - 1, *(int(row) for row in chosen)})


def _row(file: IO[bytes], tensor: Tensor, row: int) -> Doubles:
    size = (tensor.end - tensor.start) // tensor.shape[0]
    file.seek(tensor.start + row * size)
    return widen(file.read(size), tensor.dtype).astype(np.float64)


def _last_place(exact: Doubles, dtype: str) -> Doubles:
    """The distance to the next number of *dtype*."""
    _, exponents = np.frexp(exact)
    places: Doubles = np.ldexp(_LAST_PLACES[dtype], exponents - 1)
    return np.maximum(places, _SMALLEST[dtype])


def _noise(weights: Doubles, b_row: Doubles, a: Doubles, scaling: float) -> Doubles:
    """What an fp32 sum of that many products may be off by, in whatever order it is taken."""
    terms = abs(scaling) * (np.abs(b_row) @ np.abs(a))
    return np.asarray((len(b_row) + 2) * _FP32_ROUNDING * terms + _FP32_ROUNDING * np.abs(weights))
