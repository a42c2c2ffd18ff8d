"""The stand-in's GGUF file as a model that torch can train; needs transformers and gguf."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

_SOURCE: Final = "source.json"


def convert(model: Path, folder: Path) -> Path:
    """Write the weights and the tokenizer of *model* to *folder*, unless they are there.

    Transformers marks what it reads from a GGUF file as quantised, and then neither
    saves nor trains it: the weights move into a fresh model of the same shape.
    """
    source = json.dumps({"sha256": file_hash(model)})
    note = folder / _SOURCE
    if note.is_file() and note.read_text() == source:
        return folder
    found = AutoModelForCausalLM.from_pretrained(
        model.parent, gguf_file=model.name, dtype=torch.float32
    )
    shape = found.config.to_dict()
    shape.pop("quantization_config", None)
    fresh = LlamaForCausalLM(LlamaConfig(**shape))
    fresh.load_state_dict(found.state_dict())
    fresh.to(torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(model.parent, gguf_file=model.name).save_pretrained(folder)
    note.write_text(source)
    return folder


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
