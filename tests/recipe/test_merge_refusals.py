"""What cannot be merged rightly is refused in one sentence, before a byte is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recipe.merge import json_files
from recipe.merge.errors import CannotMerge
from recipe.merge.merging import merge
from tests.recipe.checkpoints import (
    HIDDEN,
    RANK,
    VOCABULARY,
    Inputs,
    change_json,
    write_adapter,
    write_inputs,
    write_json,
)

LAYER = "base_model.model.model.layers.0.self_attn.q_proj"


def sentence(inputs: Inputs) -> str:
    """Why *inputs* are refused."""
    out = inputs.base.parent / "out"
    with pytest.raises(CannotMerge) as refused:
        merge(*inputs.open(), out, scale=1.0, say=lambda _: None)
    assert not out.exists()
    said = str(refused.value)
    assert said.endswith(".")
    assert "\n" not in said
    return said


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return write_inputs(tmp_path)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"use_dora": True}, "DoRA scales whole columns, which is not a sum"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save holds whole layers beside the LoRA"),
        ({"bias": "all"}, "bias is 'all', not 'none'"),
        ({"bias": "lora_only"}, "bias is 'lora_only', not 'none'"),
        ({"lora_bias": True}, "lora_bias trains biases"),
        ({"rank_pattern": {"q_proj": 8}}, "rank_pattern gives layers ranks of their own"),
        ({"alpha_pattern": {"q_proj": 8}}, "alpha_pattern gives layers a strength of their own"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out stores its layers the other way round"),
        ({"layer_replication": [[0, 1]]}, "layer_replication changes how many layers there are"),
        ({"trainable_token_indices": [5]}, "trainable_token_indices changes the vocabulary"),
        ({"target_parameters": ["x"]}, "target_parameters reaches into layers that are not linear"),
        ({"init_lora_weights": "pissa_niter_4"}, "'pissa_niter_4' has changed the base as well"),
        ({"init_lora_weights": "olora"}, "'olora' has changed the base as well"),
        ({"peft_type": "IA3"}, "is for IA3; only LORA can be merged"),
        ({"use_qalora": True}, "sets use_qalora, which this merge does not know"),
        ({"use_what_comes_next": {"a": 1}}, "sets use_what_comes_next, which this merge"),
        ({"r": 0}, "says r is 0, which is no rank"),
        ({"r": "16"}, "says r is '16', which is no rank"),
        ({"lora_alpha": None}, "says lora_alpha is None, which is no number"),
        ({"lora_alpha": float("nan")}, "says lora_alpha is nan, which is no number"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_adapter_that_asks_for_more_than_a_sum(
    inputs: Inputs, fields: dict[str, Any], why: str
) -> None:
    change_json(inputs.adapter / "adapter_config.json", **fields)

    assert why in sentence(inputs)


@pytest.mark.parametrize(
    "fields",
    [
        {"use_qalora": False, "qalora_group_size": 16, "megatron_core": "megatron.core"},
        {"loftq_config": {}, "corda_config": None, "use_what_comes_next": []},
        {"init_lora_weights": "gaussian", "peft_version": "0.21.2", "lora_alpha": 8.0},
        {"layers_to_transform": [0, 1], "exclude_modules": None, "revision": None},
    ],
)
def test_fields_that_change_nothing_are_no_reason(inputs: Inputs, fields: dict[str, Any]) -> None:
    change_json(inputs.adapter / "adapter_config.json", **fields)

    merge(*inputs.open(), inputs.base.parent / "out", scale=1.0, say=lambda _: None)


def with_key(name: str, *shape: int) -> Callable[[Inputs], None]:
    def change(inputs: Inputs) -> None:
        more = {name: np.ones(shape, np.float32)}
        write_adapter(inputs.adapter, {**inputs.matrices, **more})

    return change


def without_key(name: str) -> Callable[[Inputs], None]:
    def change(inputs: Inputs) -> None:
        write_adapter(
            inputs.adapter, {each: v for each, v in inputs.matrices.items() if each != name}
        )

    return change


def swapped(inputs: Inputs) -> None:
    """A under B's name and the other way round."""
    write_adapter(
        inputs.adapter,
        {
            name.replace("lora_A", "lora_?").replace("lora_B", "lora_A").replace("?", "B"): values
            for name, values in inputs.matrices.items()
        },
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_key(f"{LAYER}.lora_magnitude_vector", HIDDEN), "which is no matrix of a LoRA"),
        (with_key("base_model.model.lm_head.modules_to_save.weight", 2), "no matrix of a LoRA"),
        (with_key("base_model.model.lm_head.weight", VOCABULARY, HIDDEN), "no matrix of a LoRA"),
        (with_key(f"{LAYER}.lora_B.bias", HIDDEN), "which is no matrix of a LoRA"),
        (with_key(f"{LAYER}.lora_A.other.weight", RANK, HIDDEN), "which is no matrix of a LoRA"),
        (with_key("base_model.model.model.embed_tokens.lora_embedding_A", 2), "no matrix"),
        (with_key(f"{LAYER}.lora_A.default.weight", RANK, HIDDEN), "q_proj's lora_A twice"),
        (without_key(f"{LAYER}.lora_A.weight"), "holds only lora_B of model.layers.0"),
        (without_key(f"{LAYER}.lora_B.weight"), "holds only lora_A of model.layers.0"),
        (swapped, "rank 4 on"),
        (lambda inputs: write_adapter(inputs.adapter, {}), "holds no matrices"),
        (lambda inputs: write_adapter(inputs.adapter, inputs.matrices, r=8), "rank 8 on 32x48"),
    ],
)
def test_an_adapter_with_other_keys_or_shapes(
    inputs: Inputs, change: Callable[[Inputs], None], why: str
) -> None:
    change(inputs)

    assert why in sentence(inputs)


def test_an_adapter_for_a_weight_that_the_base_does_not_have(inputs: Inputs) -> None:
    layer = "base_model.model.model.layers.9.mlp.up_proj"
    more = {
        f"{layer}.lora_A.weight": np.ones((RANK, HIDDEN), np.float32),
        f"{layer}.lora_B.weight": np.ones((HIDDEN, RANK), np.float32),
    }
    write_adapter(inputs.adapter, {**inputs.matrices, **more})

    assert sentence(inputs) == (
        "The adapter changes model.layers.9.mlp.up_proj.weight, which the base does not have."
    )


def test_an_adapter_for_another_base(inputs: Inputs) -> None:
    """Each matrix is named with its shape, so that the host sees which base it is for."""
    matrices = dict(inputs.matrices)
    matrices[f"{LAYER}.lora_A.weight"] = np.ones((RANK, 64), np.float32)
    write_adapter(inputs.adapter, matrices)

    assert sentence(inputs) == (
        "The adapter's matrices for model.layers.0.self_attn.q_proj.weight are 4x64 and 32x4;"
        " rank 4 on 32x32 needs others."
    )


def test_an_adapter_of_the_output_that_is_also_the_input(inputs: Inputs) -> None:
    layer = "base_model.model.lm_head"
    more = {
        f"{layer}.lora_A.weight": np.ones((RANK, HIDDEN), np.float32),
        f"{layer}.lora_B.weight": np.ones((VOCABULARY, RANK), np.float32),
    }
    write_adapter(inputs.adapter, {**inputs.matrices, **more})
    change_json(inputs.base / "config.json", tie_word_embeddings=True)

    assert "changes lm_head, which the base shares with its input" in sentence(inputs)


@pytest.mark.parametrize(
    ("token", "number", "said"), [("<unk>", 2, "'<unk>' (2)"), ("</s>", 0, "'</s>' (0)")]
)
def test_the_first_zephyr_whose_texts_never_end(
    tmp_path: Path, token: str, number: int, said: str
) -> None:
    inputs = write_inputs(tmp_path, words=32_000)
    change_json(inputs.base / "special_tokens_map.json", eos_token=token)
    change_json(inputs.base / "config.json", eos_token_id=number)

    assert sentence(inputs) == (
        f"{inputs.base} ends its texts with {said} and not with '</s>' (2);"
        " take a revision of zephyr-7b-alpha after 13 October 2023."
    )


@pytest.mark.parametrize(
    ("file", "fields", "why"),
    [
        ("special_tokens_map.json", {"eos_token": "<unk>"}, "do not agree on how texts end"),
        ("tokenizer_config.json", {"eos_token": "<|im_end|>"}, "do not agree on how texts end"),
        ("config.json", {"eos_token_id": 0}, "the tokenizer's '</s>' is 2, config.json ends with"),
        ("config.json", {"eos_token_id": [0, 1]}, "is 2, config.json ends with [0, 1]"),
        ("config.json", {"vocab_size": 63}, "says vocab_size 63, the weights do not"),
        ("config.json", {"quantization_config": {"bits": 4}}, "is quantised"),
        (
            "tokenizer.json",
            {"added_tokens": [{"id": 64, "content": "<|user|>"}]},
            "the tokenizer's '<|user|>' lies beyond the vocabulary",
        ),
    ],
)
def test_a_base_whose_tokenizer_does_not_fit(
    inputs: Inputs, file: str, fields: dict[str, Any], why: str
) -> None:
    change_json(inputs.base / file, **fields)

    assert why in sentence(inputs)


def test_a_base_whose_server_would_end_texts_elsewhere(inputs: Inputs) -> None:
    write_json(inputs.base / "generation_config.json", {"eos_token_id": 0})

    assert "generation_config.json ends texts with 0, config.json with 2" in sentence(inputs)


def test_a_base_without_a_tokenizer(inputs: Inputs) -> None:
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (inputs.base / name).unlink()

    assert "has no tokenizer_config.json that says how its texts end" in sentence(inputs)


def test_a_base_of_whole_numbers(inputs: Inputs) -> None:
    """As quantised ones have, whatever their configuration says."""
    [path, *_] = sorted(inputs.base.glob("*.safetensors"))
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    path.write_bytes(
        raw[:8] + raw[8 : 8 + length].replace(b'"BF16"', b'"I16" ') + raw[8 + length :]
    )

    assert "is I16; only F32 BF16 F16 can be" in sentence(inputs)


def shard_of(inputs: Inputs) -> Path:
    return inputs.base / "model-00002-of-00002.safetensors"


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
        (lambda path: path.write_bytes(b""), "is no safetensors file, or cut off"),
        (lambda path: path.write_bytes(b"\xff" * 64), "is no safetensors file, or cut off"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes where its header says"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "bytes where its header says"),
        (lambda path: path.write_bytes((4).to_bytes(8, "little") + b"[1] "), "no JSON object"),
        (lambda path: path.write_bytes((4).to_bytes(8, "little") + b"{{{{"), "no valid JSON"),
        (
            lambda path: path.write_bytes((90_000).to_bytes(8, "little") + b"[" * 90_000),
            "no valid JSON",
        ),
    ],
)
def test_a_damaged_shard(inputs: Inputs, break_it: Callable[[Path], Any], why: str) -> None:
    break_it(shard_of(inputs))

    said = sentence(inputs)

    assert why in said
    assert str(shard_of(inputs)) in said


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"dtype": "F4", "shape": [2], "data_offsets": [0, 8]}, "in an unknown way"),
        ({"dtype": "F32", "shape": [2]}, "in an unknown way"),
        ({"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}, "in an unknown way"),
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, "its shape does not fill"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, -8]}, "its shape does not fill"),
        ({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}, "its shape does not fill"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}, "a gap or an overlap at a"),
    ],
)
def test_a_header_that_lies(inputs: Inputs, entry: dict[str, Any], why: str) -> None:
    header = json.dumps({"a": entry}).encode()
    shard_of(inputs).write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)

    assert why in sentence(inputs)


def test_a_header_that_names_a_tensor_twice(inputs: Inputs) -> None:
    entry = b'"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    header = b"{" + entry + b", " + entry + b"}"
    shard_of(inputs).write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))

    assert "holds no valid JSON" in sentence(inputs)


def test_a_configuration_that_is_endless(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MOST_BYTES", 100)

    assert "is larger than 100 bytes" in sentence(inputs)


@pytest.mark.parametrize("place", ["../elsewhere.safetensors", "/etc/passwd", "model.bin", 3])
def test_an_index_that_leads_out_of_its_folder(inputs: Inputs, place: Any) -> None:
    change_json(inputs.base / "model.safetensors.index.json", weight_map={"a": place})

    assert "which is no shard beside it" in sentence(inputs)


def test_an_index_that_the_shards_do_not_bear_out(inputs: Inputs) -> None:
    index = inputs.base / "model.safetensors.index.json"
    places = json.loads(index.read_text())["weight_map"]
    change_json(index, weight_map={**places, "model.more.weight": shard_of(inputs).name})

    assert "do not agree on where model.more.weight is" in sentence(inputs)


def test_folders_without_a_model_or_an_adapter(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    (inputs.adapter / "adapter_config.json").unlink()
    assert "adapter_config.json cannot be read: No such file" in sentence(inputs)

    for path in inputs.base.iterdir():
        path.unlink()
    assert "holds neither model.safetensors.index.json nor model.safetensors" in sentence(inputs)


def test_an_adapter_that_is_a_pickle_is_told_how_to_become_another(inputs: Inputs) -> None:
    (inputs.adapter / "adapter_model.safetensors").rename(inputs.adapter / "adapter_model.bin")

    assert f"`python -m recipe unpickle {inputs.adapter}`" in sentence(inputs)
