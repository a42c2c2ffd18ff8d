"""The tokenizer in a GGUF file, such as the stand-in's, read without its weights.

GGUF is a magic number, counts, and fields of a name, a type and a value; the
weights come behind them and are not touched.
"""

import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from recipe.refused import Refused

MAGIC: Final = b"GGUF"
_VERSIONS: Final = range(2, 4)
_PLAIN: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q"} | {
    11: "q",
    12: "d",
}
_TEXT, _LIST, _COUNT = 8, 9, 10
_CONTROL: Final = 3
_MOST: Final = 1 << 24
"""Items of a list and bytes of a text: more is a broken file."""


def tokenizer_of(path: Path) -> Tokenizer:
    """Return the tokenizer in the GGUF file at *path*.

    Raises:
        Refused: it is no such file, or its tokenizer is of a kind that is not known here.
    """
    try:
        with path.open("rb") as file:
            fields = _fields(file)
    except (OSError, ValueError, struct.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"The tokenizer {path} cannot be read: {reason}.") from None
    kind = f"{fields.get('tokenizer.ggml.model')} {fields.get('tokenizer.ggml.pre')}"
    if kind != "gpt2 smollm":
        raise Refused(f"The tokenizer {path} is of the kind {kind!r}: give a tokenizer.json.")
    return _smollm(fields)


def _smollm(fields: Mapping[str, Any]) -> Tokenizer:
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in fields["tokenizer.ggml.merges"]]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    return tokenizer


def _fields(file: IO[bytes]) -> Mapping[str, Any]:
    read = partial(_plain, file)
    if file.read(len(MAGIC)) != MAGIC or read("I") not in _VERSIONS:
        raise ValueError("it is no GGUF file")
    read("Q")  # how many weights there are
    return {_text(file): _value(file, read("I")) for _ in range(_checked(read("Q")))}


def _value(file: IO[bytes], kind: int) -> Any:
    if kind == _TEXT:
        return _text(file)
    if kind == _LIST:
        kind, number = _plain(file, "I"), _checked(_plain(file, "Q"))
        if kind in _PLAIN:
            shape = f"<{number}{_PLAIN[kind]}"
            return struct.unpack(shape, file.read(struct.calcsize(shape)))
        read: Callable[[], Any] = partial(_value, file, kind)
        return [read() for _ in range(number)]
    if kind not in _PLAIN:
        raise ValueError("it holds a field of a kind that there is not")
    return _plain(file, _PLAIN[kind])


def _plain(file: IO[bytes], shape: str) -> Any:
    (value,) = struct.unpack(f"<{shape}", file.read(struct.calcsize(f"<{shape}")))
    return value


def _text(file: IO[bytes]) -> str:
    return file.read(_checked(_plain(file, "Q"))).decode("utf-8", "replace")


def _checked(number: int) -> int:
    if number > _MOST:
        raise ValueError("it is broken")
    return number
