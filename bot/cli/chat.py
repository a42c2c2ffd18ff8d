"""`chat show`: a chat file as it is read."""

import json
from collections.abc import Iterator
from typing import Any

from bot.cli.input_file import EXIT_USAGE, read_input
from bot.core.chat import Chat, ChatMessage
from bot.core.chat_files import MOST_BYTES, ChatFileError, read_chat
from bot.core.chat_words import extent, shown_name, title_of
from bot.core.errors import StartupError
from bot.core.plain_text import plain


def show_chat(path: str, *, as_json: bool) -> bytes:
    """Return what is to be printed.

    Raises:
        StartupError: there is no chat in the file.
    """
    data = read_input(path, most_bytes=MOST_BYTES)
    try:
        chat = read_chat(data, path)
    except ChatFileError as error:
        raise StartupError(str(error), exit_code=EXIT_USAGE) from None
    shown = _as_json(chat) if as_json else "\n\n".join(_as_text(chat))
    return shown.encode() + b"\n"


def _as_json(chat: Chat) -> str:
    shown: dict[str, Any] = {
        "messages": [
            {
                "name": message.name,
                "role": message.role.value,
                "text": message.text,
                "swipes": message.swipes,
                "hidden": message.hidden,
            }
            for message in chat.messages
        ],
        "warnings": chat.warnings,
    }
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _as_text(chat: Chat) -> Iterator[str]:
    yield f"{title_of(chat)} · {extent(chat)}"
    if chat.note:
        yield f"Author's note: {plain(chat.note)}"
    if chat.summary:
        yield f"Summary: {plain(chat.summary)}"
    for message in chat.messages:
        yield f"{shown_name(message.name)}{_marks(message)}: {plain(message.text)}"
    yield from (f"Warning: {warning}" for warning in chat.warnings)


def _marks(message: ChatMessage) -> str:
    marks = [message.role.value]
    if len(message.swipes) > 1:
        marks.append(f"swipe {message.current + 1} of {len(message.swipes)}")
    if message.hidden:
        marks.append("hidden")
    return f" ({', '.join(marks)})"
