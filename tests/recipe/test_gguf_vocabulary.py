"""Counting with the tokenizer inside a GGUF file."""

import os
import struct
from pathlib import Path

import pytest

from bot.tgi_server.model_file import default_cache_dir, ensure_model
from recipe.dataset.gguf_vocabulary import tokenizer_of
from recipe.dataset.tokens import TokenCounter
from recipe.refused import Refused

TEXT, LIST, NUMBER = 8, 9, 5


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def field(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def texts(*values: str) -> bytes:
    return struct.pack("<IQ", TEXT, len(values)) + b"".join(map(text, values))


def gguf(*fields: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(fields)) + b"".join(fields)


ENGINE_SAYS = {
    '### Response: (length = humongous)\nOdalys: "It\'s late," she said.': [
        *(3757, 14212, 42, 365, 6666, 446, 948, 516, 488, 25, 198, 63, 21661, 672, 42, 476),
        *(1589, 506, 3008, 1627, 1041, 1137, 30),
    ],
    "schön 12345 années — 🌊  two  blanks\n\n\n\ttab": [
        *(25905, 32569, 216, 33, 34, 35, 36, 37, 2521, 47973, 1841, 15107, 230, 228, 216, 827),
        *(216, 45843, 16506, 197, 15999),
    ],
    "don't I'll we've THEY'RE": [12420, 982, 339, 3060, 392, 3543, 6462, 73, 23, 3256],
    "<|im_start|>user hi<|im_end|>": [1, 4093, 15876, 2],
}
"""The stand-in's ids, had from llama.cpp's `/tokenize` with the same file."""
SMALL = (
    field("general.quantization", 6, struct.pack("<f", 0.5)),
    field("tokenizer.ggml.model", TEXT, text("gpt2")),
    field("tokenizer.ggml.pre", TEXT, text("smollm")),
    field("tokenizer.ggml.tokens", LIST, texts("<|end|>", "a", "b", "ab", "Ġ", "Ġab", "1", "2")),
    field("tokenizer.ggml.token_type", LIST, struct.pack("<IQ8i", 5, 8, 3, *[1] * 7)),
    field("tokenizer.ggml.merges", LIST, texts("a b", "Ġ ab")),
)


def test_words_digits_and_special_tokens_are_parted_as_the_model_does(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(*SMALL) + b"weights")

    tokenizer = tokenizer_of(path)

    assert tokenizer.encode("ab ab12<|end|>").ids == [3, 5, 6, 7, 0]
    assert TokenCounter(path).of_reply("b", "ab a") == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no GGUF file"),
        (b"GGUF", "cannot be read"),
        (gguf(*SMALL, version=1), "it is no GGUF file"),
        (gguf(*SMALL)[:-9], "cannot be read"),
        (gguf(field("a", 13, b"")), "a kind that there is not"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 40), "it is broken"),
        (gguf(field("tokenizer.ggml.model", TEXT, text("llama"))), "give a tokenizer.json"),
    ],
)
def test_another_file_is_one_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)

    with pytest.raises(Refused, match=words) as raised:
        TokenCounter(path)

    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.model
def test_the_stand_ins_words_are_counted_as_its_engine_counts_them() -> None:
    tokenizer = tokenizer_of(ensure_model(default_cache_dir(os.environ), print))

    for said, ids in ENGINE_SAYS.items():
        assert tokenizer.encode(said).ids == ids
