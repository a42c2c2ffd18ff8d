"""Reads how the stand-in is trained. A key that nobody reads is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from recipe.refused import Refused

USUAL: Final = Path(__file__).with_name("stand_in.yaml")
_ONLY: Final[Mapping[str, object]] = {
    # The trainer knows one value of these; another would be a silent lie.
    "adapter": "lora",
    "lora_dropout": 0.0,
    "lora_target_linear": True,
    "micro_batch_size": 1,
    "optimizer": "adamw_torch",
    "lr_scheduler": "cosine",
    "bf16": True,
}
_NUMBERS: Final = (
    "lora_r", "lora_alpha", "sequence_len", "gradient_accumulation_steps", "warmup_steps",
    "adam_beta1", "adam_beta2", "adam_epsilon", "weight_decay", "max_grad_norm", "seed",
)  # fmt: skip
_STAGE_COUNTS: Final = ("num_epochs", "max_steps")
_WEIGHTS: Final = ("reply", "player")


@dataclass(frozen=True, slots=True)
class Stage:
    """A run over some data sets, with a schedule of its own.

    Attributes:
        datasets: by name, how many tokens a sample of it may have; longer ones are
            left out, for time is short on a CPU.
        max_steps: where it ends, if its epochs are not over before.
        border: what the tokens at borders count in its loss.
    """

    datasets: Mapping[str, int]
    learning_rate: float
    num_epochs: int
    max_steps: int
    border: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyper-parameters by axolotl's names, and what is ours: weights and stages."""

    lora_r: int
    lora_alpha: int
    sequence_len: int
    gradient_accumulation_steps: int
    warmup_steps: int
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    weight_decay: float
    max_grad_norm: float
    seed: int
    reply: float
    player: float
    stages: tuple[Stage, ...]


def read_settings(path: Path = USUAL) -> Settings:
    """Read *path*.

    Raises:
        Refused: it is not there, or says something that the trainer cannot do.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise Refused(f"{path} cannot be read as YAML.") from None
    keys = {*_ONLY, *_NUMBERS, "stand_in"}
    _check_keys(path, told, keys)
    for key, only in _ONLY.items():
        if told[key] != only:
            raise Refused(f"{path}: {key} can only be {only!r} here.")
    own = told["stand_in"]
    _check_keys(path, own, {*_WEIGHTS, "stages"})
    return Settings(
        **{key: _number(path, told, key) for key in _NUMBERS},
        **{key: _number(path, own, key) for key in _WEIGHTS},
        stages=tuple(_stage(path, each) for each in own["stages"]),
    )


def _stage(path: Path, told: Mapping[str, Any]) -> Stage:
    _check_keys(path, told, {"datasets", "learning_rate", "border", *_STAGE_COUNTS})
    return Stage(
        {str(name): _number(path, told["datasets"], name) for name in told["datasets"]},
        _number(path, told, "learning_rate"),
        **{key: int(_number(path, told, key)) for key in _STAGE_COUNTS},
        border=_number(path, told, "border"),
    )


def _number(path: Path, told: Mapping[str, Any], key: str) -> Any:
    value = told[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Refused(f"{path}: {key} is to be a number of at least 0.")
    return value


def _check_keys(path: Path, told: object, wanted: set[str]) -> None:
    found: Sequence[object] = list(told) if isinstance(told, dict) else []
    if unknown := [key for key in found if key not in wanted]:
        raise Refused(f"{path}: nobody reads the key {unknown[0]!r}.")
    if missing := sorted(wanted.difference(map(str, found))):
        raise Refused(f"{path} lacks the key {missing[0]!r}.")
