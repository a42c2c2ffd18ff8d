"""Safetensors files as byte ranges: what stands where, without reading any of it.

The format: eight bytes with the header's length, the header as JSON, then the
tensors' bytes without a gap. Little-endian throughout.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from recipe.merge.errors import CannotMerge
from recipe.merge.json_files import parse_object, read_object

INDEX: Final = "model.safetensors.index.json"
SINGLE: Final = "model.safetensors"
MOST_HEADER_BYTES: Final = 100_000_000
LENGTH_BYTES: Final = 8
WIDTHS: Final = MappingProxyType(
    {
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "U16": 2, "I16": 2, "F16": 2,
        "BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
    }
)  # fmt: skip
"""Bytes per element of each type that the format knows."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor and its bytes' place in the file, from *start* up to *end*."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One file: its header as it stands there, length included, and its tensors in file order."""

    path: Path
    header: bytes
    tensors: tuple[Tensor, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.tensors[-1].end if self.tensors else len(self.header)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All shards of a model, in the order of their names."""

    folder: Path
    shards: tuple[Shard, ...]
    has_index: bool

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """By name; no two shards hold the same."""
        return {tensor.name: tensor for shard in self.shards for tensor in shard.tensors}


def open_checkpoint(folder: Path) -> Checkpoint:
    """The model in *folder*, in one file or in the shards that its index names.

    Raises:
        CannotMerge: Files are missing, damaged or do not agree.
    """
    if not (folder / INDEX).exists():
        if not (folder / SINGLE).exists():
            raise CannotMerge(f"{folder} holds neither {INDEX} nor {SINGLE}.")
        return Checkpoint(folder, (open_shard(folder / SINGLE),), has_index=False)
    places = read_object(folder / INDEX).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CannotMerge(f"{folder / INDEX} has no weight_map.")
    names = {_file_name(name, folder) for name in places.values()}
    shards = tuple(open_shard(folder / name) for name in sorted(names))
    found = [(tensor.name, shard.path.name) for shard in shards for tensor in shard.tensors]
    if sorted(found) != sorted(places.items()):
        differs = min({name for name, _ in set(found) ^ set(places.items())}, default=found[0][0])
        raise CannotMerge(f"{folder / INDEX} and the shards do not agree on where {differs} is.")
    return Checkpoint(folder, shards, has_index=True)


def open_shard(path: Path) -> Shard:
    """Read the header of the safetensors file *path* and check that its tensors fill the file.

    Raises:
        CannotMerge: It is no such file, or it is cut off.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(LENGTH_BYTES)
            length = int.from_bytes(start, "little")
            if len(start) < LENGTH_BYTES or length > min(MOST_HEADER_BYTES, size - LENGTH_BYTES):
                raise CannotMerge(f"{path} is no safetensors file, or cut off.")
            header = start + file.read(length)
    except OSError as error:
        raise CannotMerge(f"{path} cannot be read: {error.strerror}.") from error
    entries = parse_object(header[LENGTH_BYTES:], where=f"The header of {path}")
    entries.pop("__metadata__", None)
    tensors = [_tensor(name, entry, len(header), path) for name, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    end = len(header)
    for tensor in tensors:
        if tensor.start != end:
            raise CannotMerge(f"{path} is damaged: there is a gap or an overlap at {tensor.name}.")
        end = tensor.end
    if end != size:
        raise CannotMerge(f"{path} has {size} bytes where its header says {end}.")
    return Shard(path, header, tuple(tensors))


def _tensor(name: str, entry: Any, offset: int, path: Path) -> Tensor:
    try:
        dtype, shape, (start, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, start, end))
        is_right = whole and end - start == math.prod(shape) * WIDTHS[dtype]
    except (KeyError, TypeError, ValueError) as error:
        raise CannotMerge(f"{path} describes its tensor {name} in an unknown way.") from error
    if not is_right:
        raise CannotMerge(f"{path} gives {name} a place that its shape does not fill.")
    return Tensor(name, dtype, shape, offset + start, offset + end)


def _file_name(name: Any, folder: Path) -> str:
    """Only files beside the index: a name with a path could lead anywhere."""
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise CannotMerge(f"{folder / INDEX} names {name!r}, which is no shard beside it.")
    return name
