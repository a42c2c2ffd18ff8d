"""From base and adapter to a new folder, one file after the other.

A shard is read once from its beginning to its end. What no adapter touches goes
over as it is; a merged tensor is computed a few rows at a time. Each file gets its
name when it is whole and on the disk, and is noted in the unfinished manifest, so
that a merge which was cut off goes on behind the last whole one.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from recipe.merge.adapter import Adapter, Pair, check_fit
from recipe.merge.arithmetic import add, is_finite, narrow, widen
from recipe.merge.base_model import check_base, files_beside
from recipe.merge.checkpoint import INDEX, Checkpoint, Shard, Tensor
from recipe.merge.errors import CannotMerge
from recipe.merge.json_files import read_object

MANIFEST: Final = "merge_manifest.json"
UNFINISHED: Final = "merge_manifest.json.part"
SOURCE: Final = "source.json"
FORMAT: Final = 1
CHUNK_BYTES: Final = 4 * 1024 * 1024
ELEMENTS_AT_ONCE: Final = 1024 * 1024
"""Of a merged tensor: 4 MiB in fp32, of which a handful are alive."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sums:
    """SHA-256 of a file that was read and of the one that was written from it."""

    read: str
    written: str


def merge(base: Checkpoint, adapter: Adapter, out: Path, *, scale: float, say: Say) -> None:
    """Write base + *scale* * adapter into the folder *out*, or go on with that.

    Raises:
        CannotMerge: The inputs do not fit, or *out* holds something else.
    """
    check_base(base)
    check_fit(adapter, base)
    job = describe(base, adapter, scale)
    try:
        _prepare(out, base)
        with _alone_in(out):
            _merge(base, adapter, out, job, say)
    except OSError as error:
        raise CannotMerge(
            f"{error.filename or out} cannot be written: {error.strerror}."
        ) from error


def describe(base: Checkpoint, adapter: Adapter, scale: float) -> dict[str, Any]:
    """What determines the result, as the manifest keeps it."""
    return {
        "format": FORMAT,
        "arithmetic": "fp32 sum, rounded once to nearest even",
        "scale": scale,
        "r": adapter.r,
        "lora_alpha": adapter.alpha,
        "use_rslora": adapter.is_rank_stabilised,
        "scaling": adapter.strength * scale,
        "adapter_trained_on": adapter.trained_on,
        "adapter": {
            path.name: {"size": path.stat().st_size, "sha256": sha256(path)}
            for path in (adapter.config_path, adapter.shard.path)
        },
        "base_headers": {
            shard.path.name: hashlib.sha256(shard.header).hexdigest() for shard in base.shards
        },
        "sources": [
            read_object(folder / SOURCE)
            for folder in (base.folder, adapter.config_path.parent)
            if (folder / SOURCE).exists()
        ],
        "merged_tensors": len(adapter.pairs),
        "untouched_tensors": len(base.tensors) - len(adapter.pairs),
    }


def sha256(path: Path) -> str:
    """Of a whole file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _prepare(out: Path, base: Checkpoint) -> None:
    if out.resolve() == base.folder.resolve():
        raise CannotMerge(f"{out} is the base itself; give another folder to write to.")
    out.mkdir(parents=True, exist_ok=True)
    ours = {MANIFEST, UNFINISHED}
    if any(out.iterdir()) and not any((out / name).exists() for name in ours):
        raise CannotMerge(f"{out} is not empty; give a new folder to write to.")
    needed = sum(s.size for s in base.shards if not (out / s.path.name).exists())
    free = shutil.disk_usage(out).free
    if needed > free:
        raise CannotMerge(f"{out} has {free >> 20} MiB left on its disk and needs {needed >> 20}.")


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Two merges into one folder would write into each other's files."""
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CannotMerge(f"Another merge is writing into {out}.") from error
    finally:
        os.close(folder)


def _merge(base: Checkpoint, adapter: Adapter, out: Path, job: dict[str, Any], say: Say) -> None:
    for name in (MANIFEST, UNFINISHED):
        there = _manifest(out / name)
        if there is not None and {key: there.get(key) for key in job} != job:
            raise CannotMerge(f"{out} holds another merge; give a new folder, or remove it.")
        if there is not None and name == MANIFEST:
            say(f"{out} is merged already.")
            return
    done = (_manifest(out / UNFINISHED) or {}).get("files", {})
    for shard in base.shards:
        name = shard.path.name
        if _is_whole(out / name, done.get(name)):
            say(f"{name}: merged before")
            continue
        sums = _write_shard(shard, adapter, out / name, job["scaling"])
        done[name] = {"size": shard.size, "sha256": sums.written, "base_sha256": sums.read}
        _write_json(out / UNFINISHED, {**job, "files": done})
        say(f"{name}: merged")
    for path in files_beside(base.folder):
        shutil.copyfile(path, out / path.name)
        done[path.name] = {"size": path.stat().st_size, "sha256": sha256(out / path.name)}
    if base.has_index:
        shutil.copyfile(base.folder / INDEX, out / INDEX)
        done[INDEX] = {"size": (out / INDEX).stat().st_size, "sha256": sha256(out / INDEX)}
    _write_json(out / MANIFEST, {**job, "files": dict(sorted(done.items()))})
    (out / UNFINISHED).unlink(missing_ok=True)


def _manifest(path: Path) -> dict[str, Any] | None:
    return read_object(path) if path.exists() else None


def _is_whole(path: Path, noted: Any) -> bool:
    """Noted only once it was on the disk, so that its size is enough; `verify` reads it all."""
    return bool(noted) and path.exists() and path.stat().st_size == noted["size"]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Whole or not at all."""
    text = json.dumps(value, indent=2) + "\n"
    unnamed = path.with_name(path.name + ".tmp")
    unnamed.write_text(text, encoding="utf-8")
    unnamed.replace(path)


def _write_shard(shard: Shard, adapter: Adapter, to: Path, scaling: float) -> Sums:
    unnamed = to.with_name(to.name + ".tmp")
    read, written = hashlib.sha256(), hashlib.sha256()
    try:
        with shard.path.open("rb") as source, unnamed.open("wb") as target:
            for raw, merged in _pieces(source, shard, adapter, scaling):
                read.update(raw)
                written.update(merged)
                target.write(merged)
            target.flush()
            os.fsync(target.fileno())
        unnamed.replace(to)
    except BaseException:
        with suppress(OSError):  # the first error is the one to tell
            unnamed.unlink()
        raise
    return Sums(read.hexdigest(), written.hexdigest())


def _pieces(
    source: IO[bytes], shard: Shard, adapter: Adapter, scaling: float
) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of what stands in the base and what goes in its place, from first to last byte."""
    position = 0
    for tensor in shard.tensors:
        if tensor.name in adapter.pairs:
            yield from _copied(source, tensor.start - position)
            yield from _merged(source, tensor, adapter, adapter.pairs[tensor.name], scaling)
            position = tensor.end
    yield from _copied(source, shard.size - position)


def _copied(source: IO[bytes], count: int) -> Iterator[tuple[bytes, bytes]]:
    while count:
        raw = _exactly(source, min(count, CHUNK_BYTES))
        count -= len(raw)
        yield raw, raw


def _merged(
    source: IO[bytes], tensor: Tensor, adapter: Adapter, pair: Pair, scaling: float
) -> Iterator[tuple[bytes, bytes]]:
    a, b = adapter.matrices(pair)
    height, width = tensor.shape
    step = max(1, ELEMENTS_AT_ONCE // max(1, width))
    row_bytes = (tensor.end - tensor.start) // max(1, height)
    for first in range(0, height, step):
        last = min(height, first + step)
        raw = _exactly(source, (last - first) * row_bytes)
        rows = widen(raw, tensor.dtype).reshape(last - first, width)
        merged = narrow(add(rows, b[first:last], a, scaling), tensor.dtype)
        if not is_finite(merged, tensor.dtype):
            raise CannotMerge(f"{tensor.name} would hold infinity or no number after the merge.")
        yield raw, merged.tobytes()


def _exactly(source: IO[bytes], count: int) -> bytes:
    raw = source.read(count)
    if len(raw) < count:
        raise CannotMerge(f"{source.name} became shorter while it was read.")
    return raw
