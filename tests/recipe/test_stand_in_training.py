"""The trainer on a random Llama, and what it writes on the stand-in's own model.

Runs where torch, transformers, peft and gguf are: `make recipe-setup` installs them.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from bot.tgi_server.model_file import default_cache_dir, ensure_model
from recipe.stand_in.settings import Settings, Stage, read_settings

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")
gguf = pytest.importorskip("gguf")

# The libraries warn of each other's old names; that is theirs to mend.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning"
)

TEXT = (
    "### Instruction:\nPlay the role of Mira.\n\n"
    "### Input:\nTom: Hello? I am here.\n\n"
    "### Response: (length = micro)\nMira: Come in.\n\n"
    '### Input:\nTom: Why?\n\n### Response: (length = tiny)\nMira: She laughed. "Why not?"'
)
STAGE = Stage({"drill": 2048}, learning_rate=0.01, num_epochs=9, max_steps=4, border=10.0)


@pytest.fixture
def settings() -> Settings:
    return replace(read_settings(), warmup_steps=1, lora_r=4, lora_alpha=8)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A random Llama that knows the letters of `TEXT`."""
    torch.manual_seed(7)
    letters = {letter: number for number, letter in enumerate(sorted(set(TEXT)))}
    config = transformers.LlamaConfig(
        vocab_size=len(letters), hidden_size=48, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=6, num_key_value_heads=2, max_position_embeddings=1024,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    folder = tmp_path / "base"
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="\n"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def run(base: Path, settings: Settings, out: Path, *, until: int | None = None) -> Any:
    from recipe.stand_in.training import Trainer  # noqa: PLC0415  # needs torch

    out.mkdir(exist_ok=True)
    trainer = Trainer(base, settings, STAGE, out, None)
    trainer.train([TEXT, TEXT], until=until)
    return trainer


def logged(out: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_the_loss_falls_and_every_step_is_logged(
    base: Path, settings: Settings, tmp_path: Path
) -> None:
    run(base, settings, tmp_path / "run")

    log = logged(tmp_path / "run")
    assert [step["step"] for step in log] == [1, 2, 3, 4]
    assert log[-1]["loss"] < log[0]["loss"] - 0.05
    assert log[0]["learning_rate"] < log[1]["learning_rate"] > log[-1]["learning_rate"]


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(
    base: Path, settings: Settings, tmp_path: Path
) -> None:
    whole = run(base, settings, tmp_path / "whole")
    run(base, settings, tmp_path / "parts", until=2)
    parts = run(base, settings, tmp_path / "parts")

    assert [step["step"] for step in logged(tmp_path / "parts")] == [1, 2, 3, 4]
    for one, other in zip(whole.masters, parts.masters, strict=True):
        assert torch.equal(one, other)


def test_a_row_that_is_too_long_is_cut(base: Path, settings: Settings, tmp_path: Path) -> None:
    run(base, replace(settings, sequence_len=100), tmp_path / "run")

    assert {step["tokens"] for step in logged(tmp_path / "run")} == {200}


def test_the_adapter_turns_the_rows_that_llama_cpp_rotates_otherwise(
    base: Path, settings: Settings, tmp_path: Path
) -> None:
    from recipe.stand_in.training import write_gguf  # noqa: PLC0415  # needs torch

    trainer = run(base, settings, tmp_path / "run", until=1)
    write_gguf(trainer.checkpoint, tmp_path / "lora.gguf", settings, name="test")

    reader = gguf.GGUFReader(tmp_path / "lora.gguf")
    written = {tensor.name: tensor.data for tensor in reader.tensors}
    masters = dict(zip(trainer.names, trainer.masters, strict=True))
    prefix = "base_model.model.model.layers.1.self_attn"
    key = masters[f"{prefix}.k_proj.lora_B.default.weight"].detach().half().numpy()
    value = masters[f"{prefix}.v_proj.lora_B.default.weight"].detach().half().numpy()
    assert len(written) == 2 * 7 * 2
    assert (written["blk.1.attn_v.weight.lora_b"] == value).all()
    # Two heads of eight rows: the halves' rows are interleaved.
    order = [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    assert (written["blk.1.attn_k.weight.lora_b"] == key[order]).all()


@contextmanager
def llama_cpp(adapter: Path) -> Iterator[str]:
    """The stand-in's model under *adapter*, in llama.cpp's own server."""
    import xllamacpp  # noqa: PLC0415

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(ensure_model(default_cache_dir(os.environ), print))
    parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    parameters.n_ctx = 1024
    parameters.n_gpu_layers = 0
    parameters.verbosity = 0
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    yield server.listening_address


def completed(url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    request = Request(  # noqa: S310  # our own server
        f"{url}/completion", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urlopen(request, timeout=60) as answer:  # noqa: S310  # our own server
        found: Mapping[str, Any] = json.load(answer)
    return found


@pytest.mark.model
@pytest.mark.timeout(600)
def test_what_was_trained_is_what_llama_cpp_plays(settings: Settings, tmp_path: Path) -> None:
    """A few steps on one conversation, after which the model knows it by heart."""
    from recipe.stand_in.base_model import convert  # noqa: PLC0415  # needs torch
    from recipe.stand_in.training import Trainer, write_gguf  # noqa: PLC0415  # needs torch

    base = convert(ensure_model(default_cache_dir(os.environ), print), tmp_path / "base")
    stage = Stage({"drill": 2048}, learning_rate=0.004, num_epochs=9, max_steps=5, border=10.0)
    trainer = Trainer(base, replace(settings, lora_r=8, lora_alpha=16), stage, tmp_path, None)
    trainer.train([TEXT, TEXT])
    path = tmp_path / "lora.gguf"
    write_gguf(trainer.checkpoint, path, replace(settings, lora_alpha=16), name="test")

    before, _, reply = TEXT.rpartition("Mira:")
    body = {"prompt": f"{before}Mira:", "n_predict": 24, "temperature": 0, "stop": ["\n### "]}
    with llama_cpp(path) as url:
        learnt = completed(url, body)
        bare = completed(url, {**body, "lora": [{"id": 0, "scale": 0.0}]})

    assert learnt["content"].rstrip("\n") == reply
    assert learnt["stop_type"] == "word"
    assert bare["content"] != learnt["content"]
    assert path.stat().st_size < 10_000_000
