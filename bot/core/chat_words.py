"""What an export says about a chat in its own words."""

from collections.abc import Sequence

from bot.core.chat import Chat
from bot.core.chat_dates import spelled_day
from bot.core.plain_text import plain
from bot.core.scene import Role

_NAME_CHARACTERS = 80


def shown_name(name: str) -> str:
    """A name as one line can show it."""
    line = " ".join(plain(name).split()) or "?"
    return line if len(line) <= _NAME_CHARACTERS else line[:_NAME_CHARACTERS].rstrip() + "…"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    *others, last = names or [""]
    return f"{', '.join(others)} and {last}" if others else last


def players_of(chat: Chat) -> list[str]:
    """Who plays, by their first line."""
    played = (each for each in chat.messages if each.role is Role.PLAYER and not each.hidden)
    return list(dict.fromkeys(shown_name(message.name) for message in played))


def title_of(chat: Chat) -> str:
    """Who plays with whom."""
    players = listed(players_of(chat))
    character = shown_name(chat.character_name)
    return f"{character} with {players}" if players else character


def extent(chat: Chat) -> str:
    """How much there is to read, and from when it is."""
    number = sum(not message.hidden for message in chat.messages)
    parts = ["1 line" if number == 1 else f"{number:,} lines"]
    times = [message.at_ms for message in chat.messages if message.at_ms is not None]
    if times:
        first, last = spelled_day(min(times)), spelled_day(max(times))
        parts.append(first if first == last else f"{first} to {last}")
    return " · ".join(parts)
