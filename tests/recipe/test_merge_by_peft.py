"""The merge beside PEFT's own, on a random Mistral of five million weights.

Runs where torch, transformers and peft are: `make recipe-setup` installs them.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from recipe.merge.adapter import open_adapter
from recipe.merge.checkpoint import open_checkpoint
from recipe.merge.merging import merge
from recipe.merge.pickled import unpickle
from recipe.merge.verifying import verify
from tests.recipe.checkpoints import change_json, write_json

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

# The libraries warn of each other's old names; that is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")

Tensors = Mapping[str, Any]
VOCABULARY = 1000
TOKENS = (1, 17, 256, 999, 5, 42)


def write_model(folder: Path, dtype: Any) -> Any:
    torch.manual_seed(7)
    config = transformers.MistralConfig(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=896, num_hidden_layers=6,
        num_attention_heads=8, num_key_value_heads=2, max_position_embeddings=512,
        sliding_window=128, eos_token_id=2, bos_token_id=1,
    )  # fmt: skip
    model = transformers.MistralForCausalLM(config).to(dtype)
    model.save_pretrained(folder / "base", max_shard_size="3MB")
    write_json(folder / "base" / "tokenizer_config.json", {"eos_token": "</s>"})
    return model


def write_adapter(folder: Path, model: Any) -> Any:
    """Of random A and B: fresh from PEFT, B is zero and every merge would be right."""
    config = peft.LoraConfig(
        r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    adapted = peft.get_peft_model(model, config)
    for name, values in adapted.named_parameters():
        if "lora_" in name:
            values.data = torch.randn_like(values) * 0.02
    adapted.save_pretrained(folder / "adapter")
    return adapted


def ours(folder: Path) -> Tensors:
    base, adapter = open_checkpoint(folder / "base"), open_adapter(folder / "adapter")
    merge(base, adapter, folder / "out", scale=1.0, say=lambda _: None)
    verify(base, adapter, folder / "out", scale=1.0, say=lambda _: None)
    model = transformers.MistralForCausalLM.from_pretrained(folder / "out", dtype="auto")
    tensors: Tensors = model.state_dict()
    return tensors


def exact(folder: Path) -> Tensors:
    """Every merged weight in fp64, from the files."""
    load = pytest.importorskip("safetensors.torch").load_file
    weights: dict[str, Any] = {}
    for path in (folder / "base").glob("*.safetensors"):
        weights |= load(path)
    matrices = load(folder / "adapter" / "adapter_model.safetensors")
    found = {}
    for name, a in matrices.items():
        if ".lora_A." in name:
            b = matrices[name.replace(".lora_A.", ".lora_B.")]
            target = name.removeprefix("base_model.model.").replace(".lora_A.", ".")
            found[target] = weights[target].double() + 2.0 * (b.double() @ a.double())
    return found


def test_in_fp32_every_bit_is_as_peft_has_it(tmp_path: Path) -> None:
    adapted = write_adapter(tmp_path, write_model(tmp_path, torch.float32))

    found = ours(tmp_path)

    by_peft = adapted.merge_and_unload().state_dict()
    assert found.keys() == by_peft.keys()
    assert sum(values.numel() for values in found.values()) > 4_000_000
    assert all(torch.equal(found[name], by_peft[name]) for name in by_peft)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_in_sixteen_bits_it_is_closer_to_the_exact_sum_than_peft(
    tmp_path: Path, dtype: str
) -> None:
    """PEFT's safe merge rounds what is added, and then the sum; its other merge rounds once."""
    kind = getattr(torch, dtype)
    adapted = write_adapter(tmp_path, write_model(tmp_path, kind))

    found = ours(tmp_path)

    rounded_once = copy.deepcopy(adapted).merge_and_unload().state_dict()
    rounded_twice = adapted.merge_and_unload(safe_merge=True).state_dict()
    sums = exact(tmp_path)
    assert off(found, sums) < 0.99 * off(rounded_twice, sums)
    assert off(found, sums) <= off(rounded_once, sums)
    assert nearest(found, sums, kind) > 0.9999
    assert nearest(rounded_twice, sums, kind) < 0.95
    untouched = found.keys() - sums.keys()
    assert len(untouched) == 15
    assert all(torch.equal(found[name], rounded_once[name]) for name in untouched)


def off(found: Tensors, sums: Tensors) -> float:
    """All distances to the exact sums, added up."""
    return sum(float((found[name].double() - sums[name]).abs().sum()) for name in sums)


def nearest(found: Tensors, sums: Tensors, kind: Any) -> float:
    """The share of weights that are the exact sum's nearest number."""
    hits = sum(int((found[name] == sums[name].float().to(kind)).sum()) for name in sums)
    return float(hits / sum(values.numel() for values in sums.values()))


def test_the_merged_model_says_what_base_and_adapter_say_together(tmp_path: Path) -> None:
    adapted = write_adapter(tmp_path, write_model(tmp_path, torch.float32))
    tokens = torch.tensor([TOKENS])

    ours(tmp_path)

    merged = transformers.MistralForCausalLM.from_pretrained(tmp_path / "out", dtype="auto")
    with torch.no_grad():
        said, together = merged(tokens).logits, adapted(tokens).logits
        with adapted.disable_adapter():
            alone = adapted(tokens).logits
    assert (said - together).abs().max() < 1e-5
    assert (said - alone).abs().max() > 1e-2


def test_a_rank_stabilised_adapter_is_merged_as_peft_does(tmp_path: Path) -> None:
    model = write_model(tmp_path, torch.float32)
    write_adapter(tmp_path, model)
    change_json(tmp_path / "adapter" / "adapter_config.json", use_rslora=True)

    found = ours(tmp_path)

    base = transformers.MistralForCausalLM.from_pretrained(tmp_path / "base", dtype="auto")
    by_peft = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").merge_and_unload()
    assert all(torch.equal(found[name], values) for name, values in by_peft.state_dict().items())


def test_an_adapter_that_torch_has_pickled_is_read(tmp_path: Path) -> None:
    adapted = write_adapter(tmp_path, write_model(tmp_path, torch.float32))
    whole = pytest.importorskip("safetensors.torch").load_file
    before = whole(tmp_path / "adapter" / "adapter_model.safetensors")
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    torch.save(before, tmp_path / "adapter" / "adapter_model.bin")

    written = unpickle(tmp_path / "adapter")

    after = whole(written)
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert len(before) == 2 * 7 * len(adapted.base_model.model.model.layers)
