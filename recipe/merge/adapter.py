"""A LoRA adapter as PEFT saves it, if it is of the kind that can be merged rightly.

Two matrices per linear layer: A reduces to rank r, B widens again. Whatever else
an adapter can hold or ask for is refused, also what PEFT may add one day.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from recipe.merge.arithmetic import MERGEABLE, Floats, widen
from recipe.merge.checkpoint import Checkpoint, Shard, Tensor, open_shard
from recipe.merge.errors import CannotMerge
from recipe.merge.json_files import read_object

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
PICKLED: Final = "adapter_model.bin"
_KEY: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight")

_SAYS_NOTHING: Final = frozenset(
    {
        "auto_mapping", "base_model_name_or_path", "eva_config", "exclude_modules",
        "inference_mode", "layers_pattern", "layers_to_transform", "lora_alpha", "lora_dropout",
        "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r", "revision",
        "target_modules", "task_type", "use_rslora",
    }
)  # fmt: skip
"""Fields that the merge reads itself, or that do not change what is added to a weight."""
_REFUSED: Final = MappingProxyType(
    {
        "use_dora": "DoRA scales whole columns, which is not a sum",
        "modules_to_save": "modules_to_save holds whole layers beside the LoRA",
        "rank_pattern": "rank_pattern gives layers ranks of their own",
        "alpha_pattern": "alpha_pattern gives layers a strength of their own",
        "fan_in_fan_out": "fan_in_fan_out stores its layers the other way round",
        "lora_bias": "lora_bias trains biases",
        "layer_replication": "layer_replication changes how many layers there are",
        "trainable_token_indices": "trainable_token_indices changes the vocabulary",
        "target_parameters": "target_parameters reaches into layers that are not linear",
    }
)
_PLAIN_STARTS: Final = (None, True, False, "gaussian", "eva")
"""Ways to begin training that leave the base as it was; others (PiSSA, OLoRA) change it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two matrices that belong to the weight *target* of the base."""

    target: str
    a: Tensor
    b: Tensor


@dataclass(frozen=True, slots=True)
class Adapter:
    """Which weights change and by how much; the matrices stay in the file."""

    shard: Shard
    config_path: Path
    r: int
    alpha: float
    is_rank_stabilised: bool
    trained_on: str
    pairs: Mapping[str, Pair]

    @property
    def strength(self) -> float:
        """What B @ A is multiplied with, before a scale of the host's."""
        return self.alpha / (math.sqrt(self.r) if self.is_rank_stabilised else self.r)

    def matrices(self, pair: Pair) -> tuple[Floats, Floats]:
        """A and B of *pair*, read from the file."""
        return self._read(pair.a), self._read(pair.b)

    def _read(self, tensor: Tensor) -> Floats:
        with self.shard.path.open("rb") as file:
            file.seek(tensor.start)
            raw = file.read(tensor.end - tensor.start)
        return widen(raw, tensor.dtype).reshape(tensor.shape)


def open_adapter(folder: Path) -> Adapter:
    """Read what the adapter in *folder* asks for.

    Raises:
        CannotMerge: It asks for something that a plain sum cannot give.
    """
    config = read_object(folder / CONFIG)
    _check_config(config, folder / CONFIG)
    if not (folder / WEIGHTS).exists() and (folder / PICKLED).exists():
        raise CannotMerge(
            f"{folder} holds {PICKLED}, a pickle; `python -m recipe unpickle {folder}` makes"
            f" {WEIGHTS} of it without running it."
        )
    shard = open_shard(folder / WEIGHTS)
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if type(rank) is not int or rank < 1:
        raise CannotMerge(f"{folder / CONFIG} says r is {rank!r}, which is no rank.")
    if not isinstance(alpha, int | float) or not math.isfinite(alpha):
        raise CannotMerge(f"{folder / CONFIG} says lora_alpha is {alpha!r}, which is no number.")
    return Adapter(
        shard,
        folder / CONFIG,
        rank,
        float(alpha),
        is_rank_stabilised=config.get("use_rslora") is True,
        trained_on=str(config.get("base_model_name_or_path")),
        pairs=_pairs(shard),
    )


def check_fit(adapter: Adapter, base: Checkpoint) -> None:
    """Refuse an adapter whose weights the base does not have, or has in another shape.

    Raises:
        CannotMerge: The sentence names the first such weight.
    """
    tensors = base.tensors
    tied = read_object(base.folder / "config.json").get("tie_word_embeddings") is True
    for pair in adapter.pairs.values():
        weight = tensors.get(pair.target)
        if weight is None:
            raise CannotMerge(f"The adapter changes {pair.target}, which the base does not have.")
        if tied and pair.target == "lm_head.weight":
            raise CannotMerge("The adapter changes lm_head, which the base shares with its input.")
        if weight.dtype not in MERGEABLE:
            raise CannotMerge(f"{pair.target} is {weight.dtype}; only {_list(MERGEABLE)} can be.")
        wanted = ((adapter.r, *weight.shape[1:]), (*weight.shape[:1], adapter.r))
        if (pair.a.shape, pair.b.shape) != wanted or len(weight.shape) != 2:  # noqa: PLR2004
            raise CannotMerge(
                f"The adapter's matrices for {pair.target} are {_shape(pair.a)} and"
                f" {_shape(pair.b)}; rank {adapter.r} on {_shape(weight)} needs others."
            )


def _check_config(config: Mapping[str, Any], path: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise CannotMerge(f"{path} is for {config.get('peft_type')}; only LORA can be merged.")
    for field, why in _REFUSED.items():
        if config.get(field):
            raise CannotMerge(f"{path} cannot be merged: {why}.")
    if config.get("bias", "none") != "none":
        raise CannotMerge(f"{path} cannot be merged: bias is {config['bias']!r}, not 'none'.")
    start = config.get("init_lora_weights")
    if start not in _PLAIN_STARTS:
        raise CannotMerge(f"{path} cannot be merged: {start!r} has changed the base as well.")
    known = {*_SAYS_NOTHING, *_REFUSED, "bias", "init_lora_weights"}
    for field in sorted(set(config) - known):
        if config[field]:
            raise CannotMerge(f"{path} sets {field}, which this merge does not know.")


def _pairs(shard: Shard) -> Mapping[str, Pair]:
    halves: dict[str, dict[str, Tensor]] = {}
    for tensor in shard.tensors:
        match = _KEY.fullmatch(tensor.name)
        if match is None:
            raise CannotMerge(f"{shard.path} holds {tensor.name}, which is no matrix of a LoRA.")
        if tensor.dtype not in MERGEABLE:
            raise CannotMerge(f"{tensor.name} is {tensor.dtype}; only {_list(MERGEABLE)} can be.")
        if match[2] in halves.setdefault(match[1], {}):
            raise CannotMerge(f"{shard.path} holds {match[1]}'s lora_{match[2]} twice.")
        halves[match[1]][match[2]] = tensor
    for layer, found in halves.items():
        if len(found) == 1:
            raise CannotMerge(f"{shard.path} holds only lora_{min(found)} of {layer}.")
    if not halves:
        raise CannotMerge(f"{shard.path} holds no matrices.")
    names = {f"{layer}.weight": found for layer, found in halves.items()}
    return {name: Pair(name, found["A"], found["B"]) for name, found in names.items()}


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def _list(names: tuple[str, ...]) -> str:
    return " ".join(names)
