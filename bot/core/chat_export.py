"""A chat as a file, in the format that somebody asks for."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from bot.core.chat import Chat
from bot.core.chat_html import to_html
from bot.core.chat_lines import to_sillytavern
from bot.core.chat_markdown import to_markdown
from bot.core.chat_words import title_of

__all__ = ["ChatFormat", "exported", "file_name", "to_html", "to_markdown", "to_sillytavern"]

_NAME_CHARACTERS = 60


class ChatFormat(StrEnum):
    """What an export is for: reading, a page to keep, or playing on elsewhere."""

    MARKDOWN = "markdown"
    HTML = "html"
    SILLYTAVERN = "sillytavern"


_WRITERS: Mapping[ChatFormat, Callable[[Chat], bytes]] = {
    ChatFormat.MARKDOWN: to_markdown,
    ChatFormat.HTML: to_html,
    ChatFormat.SILLYTAVERN: to_sillytavern,
}
_ENDINGS = {
    ChatFormat.MARKDOWN: ".md",
    ChatFormat.HTML: ".html",
    ChatFormat.SILLYTAVERN: ".jsonl",
}


def exported(chat: Chat, chosen: ChatFormat) -> bytes:
    """Return the whole file."""
    return _WRITERS[chosen](chat)


def file_name(chat: Chat, chosen: ChatFormat) -> str:
    """Name the file after who plays, with nothing in it that a disk refuses."""
    said = "".join(char if char.isalnum() or char in " -_" else " " for char in title_of(chat))
    return (" ".join(said.split())[:_NAME_CHARACTERS].rstrip() or "chat") + _ENDINGS[chosen]
