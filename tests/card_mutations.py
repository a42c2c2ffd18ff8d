"""Cards of the collection, spoiled by chance: bytes, chunks and values."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.cards import CARDS, EXPECTED, as_json, in_picture, packed

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 4, 1e308, 10**39, "", " ", "0", "-1", "4.5", "true", "in_chat"),
    *([], {}, [[]], [None], {"a": None}, {"0": {}}, ["a", 5, {}], "a, b", "/a/i", "\ud800", "\0"),
    *("@@depth 3\nx", "Age: 16", "nsfw", "{{char}}", "x" * 20_000, "\u202e", "2023-01-01", "NaN"),
)
NAMES = (
    *("data", "spec", "name", "first_mes", "description", "tags", "extensions", "character_book"),
    *("entries", "keys", "key", "content", "position", "persona", "attributes", "assets", "uri"),
    *("creation_date", "depth_prompt", "depth", "secondary_keys", "kind", "greeting", "source"),
)
BYTES = (b"\0", b"\xff", b"{", b"[", b'"', b"\\u", b"IEND", b"tEXt", b"PK\5\6", b"\x7f\xff\xff\xff")


def spoiled(seed: int) -> Iterator[bytes]:
    """Files without end, the same ones for the same *seed*."""
    chance = random.Random(seed)
    files = [(CARDS / name).read_bytes() for name in EXPECTED]
    documents = [each for each in map(_document, files) if isinstance(each, dict)]
    while True:
        if chance.random() < 0.5:
            yield _spoiled_bytes(chance.choice(files), chance)
        else:
            value = _spoiled_value(json.loads(json.dumps(chance.choice(documents))), chance)
            wrapped = chance.random() < 0.3
            yield in_picture((b"ccv3", packed(value))) if wrapped else as_json(value)


def _document(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _spoiled_bytes(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data = data[:at] + chance.choice(BYTES) + data[at + chance.randrange(5) :]
            case 1:
                data = data[:at]
            case 2:
                data = data[:at] + data[at + chance.randrange(40) :]
            case _:
                data = data[:at] + chance.randbytes(2) + data[at + 2 :]
    return data


def _spoiled_value(value: Any, chance: random.Random) -> Any:
    for _ in range(chance.randint(1, 5)):
        places = [(value, None)] if not isinstance(value, (dict, list)) else list(_places(value))
        inner, key = chance.choice(places) if places else (value, None)
        if isinstance(inner, dict) and chance.random() < 0.3:
            inner[chance.choice(NAMES)] = deepcopy(chance.choice(ODD))
        elif isinstance(inner, (dict, list)) and key is not None:
            inner[key] = deepcopy(chance.choice(ODD))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])
