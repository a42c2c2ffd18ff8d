"""Axolotl passes over misspelt keys, so each is looked up in the fields that it has."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.write_axolotl_fields import FOLDER, fields, read_classes

CONFIGURATIONS = sorted(FOLDER.glob("*.yaml"))
LISTS = sorted(FOLDER.glob("axolotl-*.txt"))
FREE = {"gradient_checkpointing_kwargs"}
"""Groups that axolotl hands on as they are."""
CARD = {
    "base_model": "mistralai/Mistral-7B-v0.1", "load_in_8bit": True, "adapter": "lora",
    "learning_rate": 1.5e-4, "micro_batch_size": 2, "eval_batch_size": 2, "seed": 42,
    "gradient_accumulation_steps": 4, "adam_beta1": 0.9, "adam_beta2": 0.999,
    "adam_epsilon": 1e-8, "lr_scheduler": "cosine", "warmup_steps": 10, "num_epochs": 2,
}  # fmt: skip
"""What the model card of ZephRP-m7b states."""


def keys(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, inner in value.items():
        yield prefix + key
        for group in inner if isinstance(inner, list) else [inner]:
            if isinstance(group, dict) and key not in FREE:
                yield from keys(group, f"{prefix}{key}.")


def known(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line[:1] not in {"#", "!"}}


def loaded(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("fields_of", LISTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_every_key_is_one_that_axolotl_has(path: Path, fields_of: Path) -> None:
    assert set(keys(loaded(path))) - known(fields_of) == set()


def test_there_are_a_configuration_and_two_versions_to_check_it_by() -> None:
    assert [path.stem for path in CONFIGURATIONS] == ["limarp-v3-mistral-7b"]
    assert [path.stem for path in LISTS] == ["axolotl-0.19.0", "axolotl-0.21.0"]
    assert all(len(known(path)) > 400 for path in LISTS)


@pytest.mark.parametrize("wrong", ["lora_targt_linear", "datasets.feild", "noisy_embedding_alpha"])
def test_a_misspelt_or_retired_key_would_be_found(wrong: str) -> None:
    assert all(wrong not in known(path) for path in LISTS)


def test_the_hyper_parameters_are_those_of_the_model_card() -> None:
    found = loaded(CONFIGURATIONS[0])

    assert {key: found[key] for key in CARD} == CARD


def test_each_line_says_where_it_is_from() -> None:
    lines = CONFIGURATIONS[0].read_text().splitlines()
    settings = [line for line in lines if line.strip() and not line.startswith(("#", "datasets:"))]

    unsaid = [line for line in settings if not re.search(r"  # (stated|deduced|ours)\b", line)]

    assert unsaid == []
    stated = {line.split(":")[0] for line in settings if "  # stated" in line}
    assert stated == CARD.keys()


def test_the_list_is_read_from_a_wheel_without_running_it(tmp_path: Path) -> None:
    wheel = tmp_path / "axolotl-9.9.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "axolotl/utils/schemas/a.py",
            "class DeprecatedParameters(BaseModel):\n    old: int | None = None\n"
            "class Part(BaseModel):\n    inner: str\n",
        )
        archive.writestr(
            "axolotl/utils/schemas/b.py",
            "raise SystemExit\n"
            "class AxolotlInputConfig(DeprecatedParameters, BaseModel):\n"
            "    parts: list[Part] | None = None\n"
            "    of_model: str = Field(default=None, alias='model_type')\n",
        )

    found = sorted(fields(read_classes(wheel)))

    assert found == ["!old", "model_type", "of_model", "parts", "parts.inner"]
