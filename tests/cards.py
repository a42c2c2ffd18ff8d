"""Character cards for tests: those of the collection, and some made on the spot."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.card_reader import read_card_file
from bot.core.cards import png
from bot.core.cards.card import Card, CardFileError

CARDS = Path(__file__).parent / "golden" / "cards"
FOLDERS = ("png", "json", "charx", "lore")
EXPECTED: dict[str, dict[str, Any]] = {
    f"{folder}/{name}": expected
    for folder in FOLDERS
    for name, expected in json.loads((CARDS / folder / "EXPECTED.json").read_text()).items()
}
IMPORTABLE = [name for name, expected in EXPECTED.items() if expected["outcome"] == "accept"]
DATA = {
    "name": "Aya",
    "description": "{{char}} is a kitsune.",
    "personality": "sly",
    "scenario": "A shrine at dusk.",
    "first_mes": "Welcome, {{user}}.",
    "mes_example": "",
    "creator_notes": "",
    "system_prompt": "",
    "post_history_instructions": "",
    "alternate_greetings": [],
    "tags": ["fox"],
    "creator": "t",
    "character_version": "1",
    "extensions": {},
}


def golden(name: str) -> Card:
    return read_card_file((CARDS / name).read_bytes(), Path(name).name)


def document(spec: str = "chara_card_v2", **data: Any) -> dict[str, Any]:
    return {"spec": spec, "spec_version": "2.0", "data": {**DATA, **data}}


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def card(**data: Any) -> Card:
    """A V2 card, of which *data* is written over the usual fields."""
    return read_card_file(as_json(document(**data)))


def in_picture(*texts: tuple[bytes, bytes], picture: bytes = b"") -> bytes:
    """A picture with tEXt chunks of these keywords and texts."""
    parts = (picture or png.plain_picture("x"))[: -len(png.chunk_of(b"IEND", b""))]
    chunks = [png.chunk_of(b"tEXt", keyword + b"\0" + text) for keyword, text in texts]
    return parts + b"".join(chunks) + png.chunk_of(b"IEND", b"")


def packed(value: object) -> bytes:
    """A document as pictures hold it."""
    return base64.b64encode(as_json(value))


def complaint(data: bytes, name: str = "") -> str:
    with pytest.raises(CardFileError) as raised:
        read_card_file(data, name)
    said = str(raised.value)
    assert said.endswith(".")
    assert "\n" not in said
    return said


def mentions(value: object, words: str) -> Iterator[object]:
    """The places in *value* where the text *words* stands."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from mentions(inner, words)
    elif isinstance(value, list):
        for inner in value:
            yield from mentions(inner, words)
    elif value == words:
        yield value
