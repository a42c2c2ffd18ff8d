"""Pickles are put together by hand here, opcode by opcode, as PyTorch's are and as bad ones are."""

import os
import pickle
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recipe.__main__ import main
from recipe.merge.adapter import open_adapter
from recipe.merge.arithmetic import narrow
from recipe.merge.errors import CannotMerge
from recipe.merge.pickled import unpickle
from tests.recipe.checkpoints import read_tensors, write_inputs

STORAGES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage"}
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def row(values: Iterable[bytes]) -> bytes:
    return b"(" + b"".join(values) + b"t"


def tensor(
    key: str, shape: tuple[int, ...], *, dtype: str = "F32", first: int = 0,
    strides: tuple[int, ...] | None = None, count: int | None = None,
) -> bytes:  # fmt: skip
    """The opcodes that PyTorch writes for one."""
    size = int(np.prod(shape))
    rows = strides or tuple(int(np.prod(shape[place + 1 :])) for place in range(len(shape)))
    kind = b"ctorch\n" + STORAGES[dtype].encode() + b"\n"
    place = (text("storage"), kind, text(key), text("cpu"), number(count or size + first))
    hooks = b"ccollections\nOrderedDict\n)R"
    parts = (
        row(place) + b"Q", number(first), row(map(number, shape)), row(map(number, rows)),
        b"\x89", hooks,
    )  # fmt: skip
    return REBUILD + row(parts) + b"R"


def table(entries: dict[str, bytes]) -> bytes:
    return b"\x80\x02}" + b"".join(text(name) + entries[name] + b"s" for name in entries) + b"."


def write(folder: Path, program: bytes, numbers: dict[str, bytes], **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "adapter_model.bin", "w", **options) as archive:
        archive.writestr("adapter_model/data.pkl", program)
        archive.writestr("adapter_model/byteorder", b"little")
        for key, raw in numbers.items():
            archive.writestr(f"adapter_model/data/{key}", raw)
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(CannotMerge) as error:
        unpickle(folder)
    assert not (folder / "adapter_model.safetensors").exists()
    return str(error.value)


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_every_tensor_comes_over_with_its_name_type_shape_and_bytes(
    tmp_path: Path, dtype: str
) -> None:
    first = narrow(np.arange(12, dtype=np.float32), dtype).tobytes()
    second = narrow(np.arange(100, 110, dtype=np.float32), dtype).tobytes()
    width = len(first) // 12
    program = table(
        {
            "a": tensor("0", (3, 4), dtype=dtype),
            "b": tensor("1", (2, 3), dtype=dtype, first=4, count=10),
        }
    )

    written = unpickle(write(tmp_path / "a", program, {"0": first, "1": second}))

    assert written == tmp_path / "a" / "adapter_model.safetensors"
    assert read_tensors(tmp_path / "a") == {
        "a": (dtype, first),
        "b": (dtype, second[4 * width :]),
    }


def test_a_pickled_adapter_is_the_adapter_that_it_was(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    before = read_tensors(inputs.adapter)
    (inputs.adapter / "adapter_model.safetensors").unlink()
    entries, numbers = {}, {}
    for key, (name, values) in enumerate(inputs.matrices.items()):
        entries[name] = tensor(str(key), values.shape)
        numbers[str(key)] = values.tobytes()
    write(inputs.adapter, table(entries), numbers)

    assert main(["unpickle", str(inputs.adapter)]) == 0

    assert read_tensors(inputs.adapter) == before
    assert len(open_adapter(inputs.adapter).pairs) == 14


class Harmful:
    """Runs a command when a careless reader loads it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


def test_what_a_pickle_would_run_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = pickle.dumps({"a": Harmful(f"touch {mark}")}, protocol=2)

    said = refused(write(tmp_path / "a", program, {}))

    assert "holds something other than tensors: posix.system." in said
    assert not mark.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02cbuiltins\neval\n(X\x01\x00\x00\x001tR.",
        b"\x80\x02ctorch._utils\n_rebuild_parameter\n.",
        b"\x80\x02ctorch\nload\n.",
        b"\x80\x02crecipe.merge.pickled\nunpickle\n.",
        b"\x80\x02ccollections\nnamedtuple\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
        table({"a": b"]"}),
        table({"a": REBUILD + row([b"N"] * 6) + b"R"}),
        table({"a": REBUILD + b")R"}),
        b"\x80\x02].",
        b"\x80\x02}.",
        b"\x80\x02",
        b"",
        table({"a": tensor("0", (2, 2), strides=(1, 2))}),
        table({"a": tensor("0", (2, 0))}),
        table({"a": tensor("0", (-2, -2))}),
        table({"a": tensor("0", (2, 2), first=-1)}),
        table({"a": tensor("0", (2, 2), count=3)}),
    ],
)
def test_a_pickle_of_anything_else_is_refused(tmp_path: Path, program: bytes) -> None:
    assert "something other than" in refused(write(tmp_path / "a", program, {"0": bytes(16)}))


def test_a_place_far_beyond_all_others_takes_no_memory(tmp_path: Path) -> None:
    """Python's own reader would make room for two thousand million values first."""
    program = b"\x80\x02Nr\xff\xff\xff\x7f."

    assert "a memo of nothing" in refused(write(tmp_path / "a", program, {}))


def test_numbers_that_are_missing_short_or_packed_are_refused(tmp_path: Path) -> None:
    program = table({"a": tensor("0", (2, 2))})
    packed = {"compression": zipfile.ZIP_DEFLATED}

    assert "is no adapter as PyTorch saves it" in refused(write(tmp_path / "a", program, {}))
    for raw, options in ((bytes(15), {}), (bytes(17), {}), (bytes(16), packed)):
        said = refused(write(tmp_path / "a", program, {"0": raw}, **options))
        assert "of another size than it says" in said


def test_one_storage_is_not_written_a_thousand_times(tmp_path: Path) -> None:
    program = table({str(name): tensor("0", (64, 64)) for name in range(30)})

    said = refused(write(tmp_path / "a", program, {"0": bytes(4 * 64 * 64)}))

    assert "holds the same numbers several times" in said


def test_what_is_no_zip_or_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path)

    (tmp_path / "adapter_model.bin").write_bytes(b"\x80\x02}.")
    assert "is no adapter as PyTorch saves it" in refused(tmp_path)


def test_another_byte_order_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "adapter_model.bin", "w") as archive:
        archive.writestr("x/data.pkl", table({"a": tensor("0", (1, 1))}))
        archive.writestr("x/byteorder", b"big")

    assert "has its bytes the other way round" in refused(tmp_path)
