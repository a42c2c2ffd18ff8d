"""A chat as one page of HTML that is pleasant to read.

It runs no script and loads nothing, and its policy forbids both: whatever
somebody wrote is text, and stays it.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from itertools import groupby

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_dates import iso_date, spelled_day
from bot.core.chat_style import SPEAKER_COLOURS, STYLE
from bot.core.chat_words import extent, listed, players_of, shown_name, title_of
from bot.core.markup_html import html_of
from bot.core.scene import Role

_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)
_HEAD = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
"""


def to_html(chat: Chat) -> bytes:
    """Return the page: complete in itself, and safe to open whatever was said."""
    return "".join(_Page(chat).whole()).encode()


class _Page:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._names = dict(_names_of_ids(chat.messages))
        spoken = (message for message in chat.messages if message.role is not Role.NARRATOR)
        shown = dict.fromkeys(shown_name(message.name) for message in spoken)
        self._colours = {name: at % len(SPEAKER_COLOURS) for at, name in enumerate(shown)}

    def whole(self) -> Iterator[str]:
        title = escape(title_of(self._chat))
        yield f"{_HEAD}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        yield f"<header>\n<h1>{escape(shown_name(self._chat.character_name))}</h1>\n"
        if players := players_of(self._chat):
            yield f'<p class="with">with {escape(listed(players))}</p>\n'
        yield f'<p class="facts">{extent(self._chat)}</p>\n'
        if self._chat.scenario:
            yield f'<div class="scenario">{html_of(self._chat.scenario, self._names)}</div>\n'
        yield "</header>\n<main>\n"
        yield from self._turns()
        yield "</main>\n</body>\n</html>\n"

    def _turns(self) -> Iterator[str]:
        day, before = "", ""
        for hidden, group in groupby(self._chat.messages, key=lambda each: each.hidden):
            messages = list(group)
            if hidden:
                yield from self._hidden(messages)
                before = ""
                continue
            for message in messages:
                today = "" if message.at_ms is None else spelled_day(message.at_ms)
                if today and today != day:
                    yield _day(message.at_ms or 0)
                    day, before = today, ""
                yield self._turn(message, goes_on=_speaker(message) == before)
                before = _speaker(message)

    def _hidden(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        who = listed(list(dict.fromkeys(shown_name(message.name) for message in messages)))
        lines = "A line" if len(messages) == 1 else f"{len(messages):,} lines"
        yield f'<details class="hidden"><summary>{lines} by {escape(who)}, hidden</summary>\n'
        for message in messages:
            yield self._turn(message, goes_on=False)
        yield "</details>\n"

    def _turn(self, message: ChatMessage, *, goes_on: bool) -> str:
        text = html_of(message.text, self._names) or '<p class="small">(no text)</p>'
        others = "".join(self._others(message))
        if message.role is Role.NARRATOR and not message.hidden:
            return f'<article class="turn told">{text}{others}</article>\n'
        name = shown_name(message.name)
        colour = f" s{self._colours[name]}" if name in self._colours else ""
        if goes_on:
            return f'<article class="turn on{colour}">{text}{others}</article>\n'
        face = escape(name[:1].upper())
        heading = f'<h2><span class="face" aria-hidden="true">{face}</span>{escape(name)}</h2>'
        return f'<article class="turn{colour}">{heading}{text}{others}</article>\n'

    def _others(self, message: ChatMessage) -> Iterator[str]:
        if not message.others:
            return
        number = len(message.others)
        versions = "1 other version" if number == 1 else f"{number:,} other versions"
        yield f'<details class="others"><summary>{versions}</summary><ol>'
        for other in message.others:
            yield f"<li>{html_of(other, self._names)}</li>"
        yield "</ol></details>"


def _names_of_ids(messages: Sequence[ChatMessage]) -> Iterator[tuple[str, str]]:
    """Who is meant by which id of Discord's, as far as an export said it."""
    for message in messages:
        extra = message.fields.get("extra")
        discord = extra.get("discord") if isinstance(extra, Mapping) else None
        author = discord.get("author") if isinstance(discord, Mapping) else None
        if isinstance(author, str):
            yield author, message.name


def _speaker(message: ChatMessage) -> str:
    return "" if message.role is Role.NARRATOR else shown_name(message.name)


def _day(at_ms: int) -> str:
    return (
        f'<p class="day"><time datetime="{iso_date(at_ms)[:10]}">{spelled_day(at_ms)}</time></p>\n'
    )
