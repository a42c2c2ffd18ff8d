"""The base beside its weights: may it be merged into, and will its texts end?

zephyr-7b-alpha's first revision ended its texts with `<unk>`: merged from that,
a model would never stop.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from recipe.merge.checkpoint import Checkpoint
from recipe.merge.errors import CannotMerge
from recipe.merge.json_files import read_object

EMBEDDING: Final = "model.embed_tokens.weight"
MISTRAL_VOCABULARY: Final = 32_000
MISTRAL_END: Final = ("</s>", 2)
_MAPS: Final = ("tokenizer_config.json", "special_tokens_map.json")
BESIDE_WEIGHTS: Final = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    "chat_template.*", "LICENSE*", "NOTICE*",
)  # fmt: skip
"""What a server needs besides the weights: configuration, tokenizer, licence."""


def check_base(checkpoint: Checkpoint) -> None:
    """Refuse a base that is quantised, or whose tokenizer does not fit it.

    Raises:
        CannotMerge: The sentence says which file disagrees.
    """
    folder = checkpoint.folder
    config = read_object(folder / "config.json")
    if config.get("quantization_config"):
        raise CannotMerge(f"{folder} is quantised; merge into the full weights instead.")
    vocabulary = config.get("vocab_size")
    embedding = checkpoint.tensors.get(EMBEDDING)
    if embedding is not None and embedding.shape[:1] != (vocabulary,):
        raise CannotMerge(f"{folder}/config.json says vocab_size {vocabulary}, the weights do not.")
    _check_end(folder, config)


def files_beside(folder: Path) -> list[Path]:
    """Those of BESIDE_WEIGHTS that are there."""
    found = {path for pattern in BESIDE_WEIGHTS for path in folder.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def _check_end(folder: Path, config: Mapping[str, Any]) -> None:
    """The text's end is one token, the same in every file, and not the unknown one."""
    ends = dict(_ends(folder))
    if not ends:
        raise CannotMerge(f"{folder} has no tokenizer_config.json that says how its texts end.")
    number, vocabulary = config.get("eos_token_id"), config.get("vocab_size")
    is_mistral = (config.get("model_type"), vocabulary) == ("mistral", MISTRAL_VOCABULARY)
    for token in ends.values():
        if is_mistral and (token, number) != MISTRAL_END:
            raise CannotMerge(
                f"{folder} ends its texts with {token!r} ({number}) and not with '</s>' (2);"
                " take a revision of zephyr-7b-alpha after 13 October 2023."
            )
    if len(set(ends.values())) > 1:
        raise CannotMerge(f"{folder}: {' and '.join(ends)} do not agree on how texts end.")
    token, ids = next(iter(ends.values())), _ids(folder)
    numbers = number if isinstance(number, list) else [number]
    if token in ids and ids[token] not in numbers:
        raise CannotMerge(
            f"{folder}: the tokenizer's {token!r} is {ids[token]}, config.json ends with {number}."
        )
    if (folder / "generation_config.json").exists():
        generated = read_object(folder / "generation_config.json").get("eos_token_id", number)
        if generated != number:
            raise CannotMerge(
                f"{folder}: generation_config.json ends texts with {generated}, config.json"
                f" with {number}."
            )
    for name, each in ids.items():
        if isinstance(vocabulary, int) and each >= vocabulary:
            raise CannotMerge(f"{folder}: the tokenizer's {name!r} lies beyond the vocabulary.")


def _ends(folder: Path) -> Iterator[tuple[str, str]]:
    for name in _MAPS:
        if (folder / name).exists():
            token = read_object(folder / name).get("eos_token")
            text = token.get("content") if isinstance(token, dict) else token
            if isinstance(text, str):
                yield name, text


def _ids(folder: Path) -> dict[str, int]:
    """The numbers of special tokens, as far as files tell them."""
    found: dict[str, Any] = {}
    if (folder / "tokenizer.json").exists():
        for entry in read_object(folder / "tokenizer.json").get("added_tokens") or []:
            if isinstance(entry, dict):
                found[str(entry.get("content"))] = entry.get("id")
    if (folder / "added_tokens.json").exists():
        found |= read_object(folder / "added_tokens.json")
    return {name: number for name, number in found.items() if isinstance(number, int)}
