"""An adapter that was saved as a pickle, read without running it.

PyTorch's `.bin` is a zip: one pickle that describes the tensors, and their bytes
beside it. A pickle is a program; this one may name four functions and a few kinds
of storage, and anything else ends the reading.
"""

import io
import json
import math
import os
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from recipe.merge.adapter import PICKLED, WEIGHTS
from recipe.merge.checkpoint import WIDTHS
from recipe.merge.errors import CannotMerge

MOST_PICKLE_BYTES: Final = 8 * 1024 * 1024
CHUNK_BYTES: Final = 4 * 1024 * 1024
_STORAGES: Final = MappingProxyType(
    {"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"}
)
_MEMO: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in the zip, under the name *key*."""

    dtype: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """A tensor: where its numbers begin in a storage."""

    storage: Storage
    first: int
    shape: tuple[int, ...]


def unpickle(folder: Path) -> Path:
    """Write the pickled adapter in *folder* as safetensors beside it; return the new file.

    Raises:
        CannotMerge: It holds something other than tensors.
    """
    source, target = folder / PICKLED, folder / WEIGHTS
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            stem = next((n.removesuffix("data.pkl") for n in names if n.endswith("/data.pkl")), "")
            views = _views(archive, stem, source)
            _check_sizes(archive, stem, views, source)
            _write(archive, stem, views, target)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise CannotMerge(f"{source} is no adapter as PyTorch saves it.") from error
    except OSError as error:
        raise CannotMerge(f"{source} cannot be converted: {error.strerror}.") from error
    return target


class _Reader(pickle.Unpickler):
    """Finds only what a table of tensors needs; none of it does anything but keep values."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid: Any, /) -> Storage:
        kind, dtype, key, _, count = pid
        if kind != "storage" or dtype not in WIDTHS or type(count) is not int:
            raise pickle.UnpicklingError("a storage of another kind")
        return Storage(dtype, str(key), count)


def _view(storage: Any, first: Any, shape: Any, strides: Any, *_: Any) -> View:
    """A tensor whose rows stand one behind the other, as they do in a file."""
    rows = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    if not isinstance(storage, Storage) or list(strides) != rows or min(shape, default=0) < 1:
        raise pickle.UnpicklingError("a tensor of another kind")
    if first < 0 or first + math.prod(shape) > storage.count:
        raise pickle.UnpicklingError("a tensor beyond its storage")
    return View(storage, first, tuple(shape))


def _views(archive: zipfile.ZipFile, stem: str, source: Path) -> dict[str, View]:
    if archive.getinfo(stem + "data.pkl").file_size > MOST_PICKLE_BYTES:
        raise CannotMerge(f"{source} describes its tensors in too many bytes.")
    if stem + "byteorder" in archive.namelist() and archive.read(stem + "byteorder") != b"little":
        raise CannotMerge(f"{source} has its bytes the other way round.")
    raw = archive.read(stem + "data.pkl")
    try:
        _check_memo(raw)
        found = _Reader(io.BytesIO(raw)).load()
    except Exception as error:  # a pickle can fail in any way
        raise CannotMerge(f"{source} holds something other than tensors: {error}.") from error
    is_table = isinstance(found, dict) and all(
        isinstance(name, str) and isinstance(view, View) for name, view in found.items()
    )
    if not is_table or not found:
        raise CannotMerge(f"{source} holds something other than a table of tensors.")
    return dict(found)


def _check_memo(raw: bytes) -> None:
    """A place in the memo may be far beyond all that stand before it: that alone takes memory."""
    for opcode, argument, _ in pickletools.genops(raw):
        if opcode.name in _MEMO and int(argument or 0) > len(raw):
            raise pickle.UnpicklingError("a memo of nothing")


def _check_sizes(archive: zipfile.ZipFile, stem: str, views: dict[str, View], source: Path) -> None:
    """Nothing is packed, and all tensors together are no larger than the file."""
    total = 0
    for view in views.values():
        numbers = archive.getinfo(f"{stem}data/{view.storage.key}")
        width = WIDTHS[view.storage.dtype]
        total += math.prod(view.shape) * width
        if numbers.compress_type or numbers.file_size != view.storage.count * width:
            raise CannotMerge(f"{source} holds numbers of another size than it says.")
    if total > source.stat().st_size:
        raise CannotMerge(f"{source} holds the same numbers several times.")


def _write(archive: zipfile.ZipFile, stem: str, views: dict[str, View], target: Path) -> None:
    entries, end = {}, 0
    for name, view in views.items():
        size = math.prod(view.shape) * WIDTHS[view.storage.dtype]
        entries[name] = {
            "dtype": view.storage.dtype,
            "shape": list(view.shape),
            "data_offsets": [end, end + size],
        }
        end += size
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    unnamed = target.with_name(target.name + ".tmp")
    with unnamed.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for view in views.values():
            with archive.open(f"{stem}data/{view.storage.key}") as numbers:
                _copy(numbers, file, view)
        file.flush()
        os.fsync(file.fileno())
    unnamed.replace(target)


def _copy(numbers: IO[bytes], to: IO[bytes], view: View) -> None:
    width = WIDTHS[view.storage.dtype]
    numbers.seek(view.first * width)
    left = math.prod(view.shape) * width
    while left:
        raw = numbers.read(min(left, CHUNK_BYTES))
        if not raw:
            raise EOFError
        to.write(raw)
        left -= len(raw)
