"""Whether a member's message is part of the story, and asks for an answer."""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

_BRACKETED = re.compile(r"\(\(|[(\[]\s*ooc\b", re.IGNORECASE)
_CLOSING = {"((": "))", "(": ")", "[": "]"}
_PREFIXED = re.compile(r"ooc\s*:", re.IGNORECASE)
_URL_WITHOUT_SCHEME = re.compile(r"//[^\s/]+\.\S+")

# Scripts that put no space between words: there a name is found inside text.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class Decision(StrEnum):
    """What becomes of a member's message."""

    ANSWER = "answer"  # part of the story; the character replies
    REMEMBER = "remember"  # part of the story, said to somebody else
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


def decide(
    *,
    players: int,
    mentioned: bool,
    replied_to_character: bool,
    text: str,
    names: Sequence[str],
) -> Decision:
    """Decide what a message in a live scene asks for.

    With one player, every line is said to the character. Among several, only a
    mention, a reply to its message, or its name calls it: it does not break
    into what they say to each other.
    """
    if not text.strip():
        return Decision.IGNORE_EMPTY
    if is_out_of_character(text):
        return Decision.IGNORE_OOC
    called = mentioned or replied_to_character or players <= 1 or calls_by_name(text, names)
    return Decision.ANSWER if called else Decision.REMEMBER


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _as_word(folded: str) -> re.Pattern[str]:
    before = "" if _UNSPACED.match(folded[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(folded[-1]) else r"(?!\w)"
    return re.compile(before + re.escape(folded) + after)
