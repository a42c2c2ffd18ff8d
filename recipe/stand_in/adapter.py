"""Writes a LoRA as the GGUF file that llama.cpp lays over a model; needs numpy and gguf.

The adapter stays beside the 4-bit base. Merged and quantised again, it would be
gone: what it changes is smaller than one step of four bits.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import gguf
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

MOST_BYTES: Final = 10_000_000
_NAME: Final = re.compile(
    r"\.layers\.(?P<block>\d+)\.(?:self_attn|mlp)\.(?P<part>\w+)\.lora_(?P<side>[AB])\."
)
_PARTS: Final[Mapping[str, str]] = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


@dataclass(frozen=True, slots=True)
class Heads:
    """How many heads ask, and how many are asked."""

    query: int
    key: int


def write_adapter(
    path: Path, tensors: Mapping[str, Matrix], *, alpha: float, heads: Heads, name: str
) -> None:
    """Write PEFT's *tensors* to *path*, in 16 bits.

    Raises:
        ValueError: one of them is none of a LoRA on a Llama's linear layers.
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for told, tensor in sorted(_renamed(tensors, heads)):
        writer.add_tensor(told, tensor.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _renamed(tensors: Mapping[str, Matrix], heads: Heads) -> Iterator[tuple[str, Matrix]]:
    for name, tensor in tensors.items():
        found = _NAME.search(name)
        if found is None or found["part"] not in _PARTS:
            raise ValueError(f"{name} is no tensor of a LoRA on a Llama's linear layers.")
        if found["side"] == "B":
            asked = {"q_proj": heads.query, "k_proj": heads.key}.get(found["part"])
            tensor = _paired(tensor, asked) if asked else tensor  # noqa: PLW2901  # the same, in order
        side = found["side"].lower()
        yield f"blk.{found['block']}.{_PARTS[found['part']]}.weight.lora_{side}", tensor


def _paired(rows: Matrix, heads: int) -> Matrix:
    """Rows as llama.cpp turns them: it rotates neighbours, transformers rotates halves."""
    return (
        rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )
