"""Chat files for tests: those of the collection, and some made on the spot."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.chat import Chat
from bot.core.chat_files import ChatFileError, read_chat

CHATS = Path(__file__).parent / "golden" / "chats"
HEADER = {"user_name": "Anon", "character_name": "Aya", "chat_metadata": {}}


def golden(name: str) -> Chat:
    return read_chat((CHATS / name).read_bytes(), name)


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(each) for each in objects).encode()


def message(text: Any = "Hi", **fields: Any) -> dict[str, Any]:
    return {"name": "Aya", "is_user": False, "mes": text, **fields}


def complaint(data: bytes, name: str = "") -> str:
    with pytest.raises(ChatFileError) as raised:
        read_chat(data, name)
    said = str(raised.value)
    assert said.endswith(".")
    assert "\n" not in said
    return said
