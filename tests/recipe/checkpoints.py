"""Small models and adapters of random numbers, written by the safetensors library itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from recipe.merge.adapter import Adapter, open_adapter
from recipe.merge.arithmetic import narrow, widen
from recipe.merge.checkpoint import Checkpoint, open_checkpoint

HIDDEN, WIDE, HEADS_OUT, LAYERS, VOCABULARY, RANK, ALPHA = 32, 48, 16, 2, 64, 4, 8
LINEAR = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HEADS_OUT, HIDDEN),
    "self_attn.v_proj": (HEADS_OUT, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (WIDE, HIDDEN),
    "mlp.up_proj": (WIDE, HIDDEN),
    "mlp.down_proj": (HIDDEN, WIDE),
}
NAMES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
Numbers = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Inputs:
    """Two folders, and what is in them as fp32."""

    base: Path
    adapter: Path
    weights: Numbers
    matrices: Numbers

    def open(self) -> tuple[Checkpoint, Adapter]:
        return open_checkpoint(self.base), open_adapter(self.adapter)

    def delta(self, target: str) -> NDArray[np.float64]:
        """B @ A for the weight *target*, in fp64."""
        layer = "base_model.model." + target.removesuffix(".weight")
        a, b = (
            self.matrices[f"{layer}.lora_{half}.weight"].astype(np.float64) for half in ("A", "B")
        )
        return np.asarray(b @ a)


def write_inputs(
    folder: Path, *, dtype: str = "BF16", shards: int = 2, seed: int = 1, words: int = VOCABULARY
) -> Inputs:
    """A Mistral of two layers and an adapter of rank four on all its linear layers."""
    chance = np.random.default_rng(seed)
    shapes = {"model.embed_tokens.weight": (words, HIDDEN), "model.norm.weight": (HIDDEN,)}
    linear = {
        f"model.layers.{layer}.{name}.weight": shape
        for layer in range(LAYERS)
        for name, shape in LINEAR.items()
    }
    weights = {
        name: rounded(chance.normal(0, 0.05, shape), dtype)
        for name, shape in (shapes | linear | {"lm_head.weight": (words, HIDDEN)}).items()
    }
    matrices = {}
    for name, (height, width) in linear.items():
        layer = "base_model.model." + name.removesuffix(".weight")
        matrices[f"{layer}.lora_A.weight"] = rounded(chance.normal(0, 0.1, (RANK, width)), "F32")
        matrices[f"{layer}.lora_B.weight"] = rounded(chance.normal(0, 0.05, (height, RANK)), "F32")
    write_base(folder / "base", weights, dtype=dtype, shards=shards)
    write_adapter(folder / "adapter", matrices)
    return Inputs(folder / "base", folder / "adapter", weights, matrices)


def rounded(values: NDArray[Any], dtype: str) -> NDArray[np.float32]:
    """*values* as *dtype* can hold them."""
    raw = narrow(np.asarray(values, np.float32), dtype).tobytes()
    return widen(raw, dtype).reshape(np.shape(values))


def write_base(folder: Path, weights: Numbers, *, dtype: str, shards: int) -> None:
    folder.mkdir(parents=True)
    words = len(weights["model.embed_tokens.weight"])
    names = sorted(weights)
    places: dict[str, str] = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = names[number::shards]
        places |= dict.fromkeys(part, file)
        write_tensors(folder / file, {name: weights[name] for name in part}, dtype=dtype)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})
    write_json(
        folder / "config.json",
        {"model_type": "mistral", "vocab_size": words, "eos_token_id": 2, "bos_token_id": 1},
    )
    write_json(folder / "tokenizer_config.json", {"bos_token": "<s>", "eos_token": "</s>"})
    write_json(folder / "special_tokens_map.json", {"eos_token": {"content": "</s>"}})
    write_json(
        folder / "tokenizer.json",
        {"added_tokens": [{"id": n, "content": t} for n, t in enumerate(["<unk>", "<s>", "</s>"])]},
    )


def write_adapter(folder: Path, matrices: Numbers, *, dtype: str = "F32", **fields: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "adapter_model.safetensors", matrices, dtype=dtype)
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": ALPHA,
        "bias": "none", "use_dora": False, "use_rslora": False, "modules_to_save": None,
        "base_model_name_or_path": "mistralai/Mistral-7B-v0.1", "init_lora_weights": True,
        "inference_mode": True, "lora_dropout": 0.05, "rank_pattern": {}, "alpha_pattern": {},
        "target_modules": [name.rpartition(".")[2] for name in LINEAR],
    }  # fmt: skip
    write_json(folder / "adapter_config.json", config | fields)


def write_tensors(path: Path, tensors: Numbers, *, dtype: str) -> None:
    held = {name: narrow(np.array(values), dtype) for name, values in tensors.items()}
    entries = {
        name: safetensors.TensorSpec(
            dtype=NAMES[dtype],
            shape=values.shape,
            data_ptr=values.ctypes.data,
            data_len=values.nbytes,
        )
        for name, values in held.items()
    }
    safetensors.serialize_file(entries, str(path), {"format": "pt"})


def read_tensors(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Type and bytes of each tensor, as the safetensors library reads them."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, entry in safetensors.deserialize(path.read_bytes()):  # type: ignore[no-untyped-call]
            found[name] = (str(entry["dtype"]), bytes(entry["data"]))
    return found


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def change_json(path: Path, **fields: Any) -> None:
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | fields)
