"""JSON from strangers: bounded, an object at its top, one sentence when it is not."""

import json
from pathlib import Path
from typing import Any, Final

from recipe.merge.errors import CannotMerge

MOST_BYTES: Final = 64 * 1024 * 1024
"""A tokenizer.json of a large vocabulary has 10 to 20 MiB."""


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in *path*.

    Raises:
        CannotMerge: There is none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CannotMerge(f"{path} is larger than {MOST_BYTES} bytes.")
        return parse_object(path.read_bytes(), where=str(path))
    except OSError as error:
        raise CannotMerge(f"{path} cannot be read: {error.strerror}.") from error


def parse_object(raw: bytes, *, where: str) -> dict[str, Any]:
    """*raw* as a JSON object without doubled keys.

    Raises:
        CannotMerge: It is something else; the sentence begins with *where*.
    """
    try:
        value = json.loads(raw, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CannotMerge(f"{where} holds no valid JSON.") from error
    if not isinstance(value, dict):
        raise CannotMerge(f"{where} holds no JSON object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
