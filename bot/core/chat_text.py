"""Chats as plain text: `Name: what was said`, a blank line between messages.

So SillyTavern exports them too. A text does not say who is a player; who speaks
first is taken for the character, and everybody else for players.
"""

import re
from collections import Counter
from collections.abc import Iterator

from bot.core.chat import NARRATOR
from bot.core.chat_shapes import Message, Shaped

_NAMED = re.compile(r"([^\s:#*\"“”.!?,;()<>][^:*\"“”!?,;()<>\n]{0,39}):(?:[ \t]+(.*))?")
_PLAYERS = frozenset(("you", "user", "me", "player"))
_MOST_WORDS = 4
_TWICE = 2


def shaped_text(text: str) -> Shaped | None:
    """Bring *text* into SillyTavern's form; None if nobody answers anybody in it."""
    lines = text.strip().splitlines()
    speakers = _speakers(lines)
    if len(speakers) < _TWICE:
        return None
    characters = (each for each in speakers if each.lower() not in {*_PLAYERS, NARRATOR.lower()})
    character = next(characters, "")
    parts = _parts(lines, frozenset(speakers))
    return Shaped({}, [_message(name, said, character=character) for name, said in parts])


def _speakers(lines: list[str]) -> list[str]:
    """Who speaks, by first appearance; nobody if the first line is nobody's.

    What stands once may only look like a name: it is one if nobody else answers.
    """
    begun = _NAMED.fullmatch(lines[0]) if lines else None
    if begun is None or not _is_spelled_like_a_name(begun[1]):
        return []
    named = (match[1] for line in lines if (match := _NAMED.fullmatch(line)))
    found = Counter(filter(_is_spelled_like_a_name, named))
    often = [name for name, times in found.items() if times >= _TWICE or name == begun[1]]
    return often if len(often) > 1 else list(found)[:_TWICE]


def _is_spelled_like_a_name(text: str) -> bool:
    words = text.split()
    if text.lower() in _PLAYERS:
        return True
    return len(words) <= _MOST_WORDS and not any(word[0].islower() for word in words)


def _parts(lines: list[str], speakers: frozenset[str]) -> Iterator[tuple[str, str]]:
    name, said = "", list[str]()
    for line in lines:
        named = _NAMED.fullmatch(line)
        if named is not None and named[1] in speakers:
            if name:
                yield name, "\n".join(said).strip()
            name, said = named[1], [named[2] or ""]
        else:
            said.append(line)
    yield name, "\n".join(said).strip()


def _message(name: str, text: str, *, character: str) -> Message:
    if name == NARRATOR:
        return {"name": name, "is_user": False, "mes": text, "extra": {"type": "narrator"}}
    return {"name": name, "is_user": name != character, "mes": text}
