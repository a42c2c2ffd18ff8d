"""How many tokens a text has: as somebody counted, or never fewer than there are."""

import re
import zlib
from math import ceil

from bot.core.generation import ModelLimits
from bot.core.profiles import ModelProfile

_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<blanks> +)(?=[A-Za-z])|[\x00-\x7f]|(?P<bytes>[^\x00-\x7f]+)"
)
_LETTERS_PER_TOKEN = 2
"""Of English nearly four, of other languages without accents two and a half."""
_LONGEST_WORD = 24
"""Longer ones are none: of gibberish every letter may be a token."""


def fingerprint(limits: ModelLimits, profile: ModelProfile) -> str:
    """Name what a count depends on beside the text: the tokenizer, and how lines are written."""
    named = f"{limits.model}\0{profile.name}"
    return f"{zlib.crc32(named.encode()):08x}"


def noted(tokens: int, text: str, tokenizer: str) -> str:
    """Write a count down so that another text or tokenizer does not take it for its own."""
    return f"{tokenizer}:{_digest(text)}:{tokens}"


def known(note: str, text: str, tokenizer: str) -> int | None:
    """Read a count back; None if it is not of this text by this tokenizer."""
    prefix = f"{tokenizer}:{_digest(text)}:"
    count = note.removeprefix(prefix)
    return int(count) if note.startswith(prefix) and count.isdecimal() else None


def estimate(text: str) -> int:
    """Count *text* without a tokenizer: rather too many than too few.

    A tokenizer with byte fallback never makes more tokens than bytes; words of
    Latin letters make far fewer, and one blank goes with the next word.
    """
    total = 1  # the begin token
    for piece in _PIECE.finditer(text):
        size = piece.end() - piece.start()
        match piece.lastgroup:
            case "word":
                total += size if size > _LONGEST_WORD else ceil(size / _LETTERS_PER_TOKEN)
            case "blanks":
                total += size - 1
            case "bytes":
                total += len(piece.group().encode("utf-8", "surrogatepass"))
            case _:
                total += 1
    return total


def _digest(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return f"{len(data):x}.{zlib.crc32(data):08x}"
