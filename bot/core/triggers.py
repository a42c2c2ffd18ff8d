"""Whether a member's message is part of the story, and asks for an answer."""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from bot.core.scene import NO_TURN, ReplyMode, Role, Turn, TurnId

_BRACKETED = re.compile(r"\(\(|[(\[]\s*ooc\b", re.IGNORECASE)
_CLOSING = {"((": "))", "(": ")", "[": "]"}
_PREFIXED = re.compile(r"ooc\s*:", re.IGNORECASE)
_URL_WITHOUT_SCHEME = re.compile(r"//[^\s/]+\.\S+")

# Scripts that put no space between words: there a name is found inside text.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


ACTIVE_LINES = 20
ACTIVE_MS = 1_800_000
"""Who has written one of the last lines, and so long ago at most, is waited for."""


class Decision(StrEnum):
    """What becomes of a member's message."""

    ANSWER = "answer"  # part of the story; the character replies
    REMEMBER = "remember"  # part of the story, said to somebody else
    TOO_FAST = "too fast"  # part of the story, and one too many to be answered
    IGNORE_OOC = "out of character"
    IGNORE_EMPTY = "empty"


def is_out_of_character(text: str) -> bool:
    """Whether the whole message is talk beside the story.

    `((brb))`, `// brb`, `ooc: brb`, `(OOC brb)` and `[ooc] brb` are. A bracket
    that closes before the end is not: the story goes on behind it, and hiding
    that would lose a line.
    """
    said = text.strip()
    if said.startswith("//"):
        return not _URL_WITHOUT_SCHEME.fullmatch(said)
    if _PREFIXED.match(said):
        return True
    opening = _BRACKETED.match(said)
    if opening is None:
        return False
    if said[0] == "[":
        return True  # "[ooc] brb" is a label, not a bracket around the words
    closing = _CLOSING[said[:2] if said.startswith("((") else "("]
    return closing not in said or said.endswith(closing)


def calls_by_name(text: str, names: Sequence[str]) -> bool:
    """Whether *text* says any of *names* as a whole word, in any case."""
    said = _folded(text)
    return any(_as_word(folded).search(said) for name in names if (folded := _folded(name)))


def first_named(text: str, names: Sequence[str]) -> str | None:
    """Which of *names* the text says first; of two that begin together, the longer one."""
    said = _folded(text)
    found = []
    for name in names:
        folded = _folded(name)
        hit = _as_word(folded).search(said) if folded else None
        if hit is not None:
            found.append((hit.start(), -len(folded), name))
    return min(found)[2] if found else None


def all_have_written(turns: Sequence[Turn], *, answered: TurnId = NO_TURN) -> bool:
    """Whether everybody who plays along has written since the last reply.

    Who has not written for `ACTIVE_LINES` lines or `ACTIVE_MS` is not waited for.

    Args:
        turns: of the scene, oldest first; the newest line is among them.
        answered: a reply in the making: what it answers was said before it.
    """
    lines = [turn for turn in turns if turn.role is Role.PLAYER and turn.author is not None]
    if not lines:
        return False
    newest_ms = lines[-1].at_ms
    active = {turn.author for turn in lines[-ACTIVE_LINES:] if newest_ms - turn.at_ms <= ACTIVE_MS}
    replies = (turn.id for turn in turns if turn.role is Role.CHARACTER)
    begins = max((answered, *replies))
    return active <= {turn.author for turn in lines if turn.id > begins}


def decide(
    *,
    players: int,
    mentioned: bool,
    replied_to_character: bool,
    text: str,
    names: Sequence[str],
    mode: ReplyMode = ReplyMode.AUTO,
    is_round_over: bool = False,
) -> Decision:
    """Decide what a message in a live scene asks for.

    Unless the scene has another mode, every line of the only player is said to
    the character. Among several, only a mention, a reply to its message, or its
    name calls it: it does not break into what they say to each other.

    Args:
        is_round_over: whether everybody has written, as `all_have_written` tells.
    """
    if not text.strip():
        return Decision.IGNORE_EMPTY
    if is_out_of_character(text):
        return Decision.IGNORE_OOC
    if mode is ReplyMode.TURNS:
        called = is_round_over
    else:
        called = (
            mentioned
            or replied_to_character
            or mode is ReplyMode.ALWAYS
            or (mode is ReplyMode.AUTO and players <= 1)
            or (mode is not ReplyMode.MENTION and calls_by_name(text, names))
        )
    return Decision.ANSWER if called else Decision.REMEMBER


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _as_word(folded: str) -> re.Pattern[str]:
    before = "" if _UNSPACED.match(folded[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(folded[-1]) else r"(?!\w)"
    return re.compile(before + re.escape(folded) + after)
