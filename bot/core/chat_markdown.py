"""A chat as Markdown: what Discord's markup and Markdown share stays, the rest is made text."""

import re
from collections.abc import Iterator

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_words import extent, shown_name, title_of
from bot.core.markup import spans
from bot.core.plain_text import plain
from bot.core.scene import Role

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~&])")
_HTML = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#?\w{1,32};)")
_FENCE = re.compile(r"```(?:([\w+#-]{0,20})\n)?(.*?)\n?```", re.DOTALL)
_TILDES = re.compile(r"^(\s*)(?=~~~)", re.MULTILINE)  # a fence in Markdown, not in Discord
_QUOTE_ENDS = re.compile(r"^(>.*\n)(?=[^>\n])", re.MULTILINE)
_BREAK = re.compile(r"(?<=[^\n])\n(?=[^\n])")
_BLOCK = re.compile(r"```|>|#{1,6}\s|[-*+]\s|\d+[.)]\s")


def to_markdown(chat: Chat) -> bytes:
    """Return a Markdown file in which every line break is one, and HTML is text."""
    return ("\n\n".join(_paragraphs(chat)) + "\n").encode()


def _paragraphs(chat: Chat) -> Iterator[str]:
    yield f"# {_literal(title_of(chat))}"
    yield f"*{extent(chat)}*"
    if chat.scenario:
        yield _quoted(_text(chat.scenario))
    yield "---"
    for message in chat.messages:
        yield _told(message)
        for other in message.others:
            yield _quoted(f"*Another version:*\n\n{_text(other)}")


def _told(message: ChatMessage) -> str:
    name = _literal(shown_name(message.name))
    mark = "*" if message.role is Role.NARRATOR else "**"
    hidden = " *(hidden)*" if message.hidden else ""
    text = _text(message.text)
    return f"{mark}{name}:{mark}{hidden}" + ("\n\n" if _BLOCK.match(text) else " ") + text


def _text(text: str) -> str:
    """Bring Discord's markup into Markdown's."""
    text = plain(text).strip()
    parts: list[str] = []
    position = 0
    for span in spans(text):
        if not span.opening.startswith("`") or span.start < position:
            continue
        parts.append(_prose(text[position : span.start]))
        if span.end is None:  # Discord shows the marks; Markdown would wait for the end
            ticks = len(text[span.start :]) - len(text[span.start :].lstrip("`"))
            parts.append("\\`" * ticks)
            position = span.start + ticks
            continue
        code = text[span.start : span.end]
        fence = _FENCE.fullmatch(code)
        parts.append(f"\n\n```{fence[1] or ''}\n{fence[2]}\n```\n\n" if fence else code)
        position = span.end
    parts.append(_prose(text[position:]))
    return "".join(parts).strip()


def _prose(text: str) -> str:
    text = _TILDES.sub(r"\1\\", _HTML.sub(r"\\\g<0>", text))
    return _BREAK.sub("  \n", _QUOTE_ENDS.sub(r"\1\n", text))


def _literal(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
