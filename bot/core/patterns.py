"""Patterns that can also tell, of a text that still grows, what it may become.

A pattern is a list of *atoms*, most of them one letter each.
"""

import re
from collections.abc import Sequence

BLANK = r"[^\S\n]"
COLON = "[:\uff1a]"
EMPHASIS = "[*_]{0,3}"  # `**Mara:** hello` is a line of Mara's as well


def letters(name: str) -> list[str]:
    """Return atoms for *name*, with any blanks for a space."""
    return [f"{BLANK}+" if char == " " else re.escape(char) for char in name]


def exact(text: str) -> list[str]:
    """Return atoms for *text* as it stands."""
    return [re.escape(char) for char in text]


def any_of(patterns: Sequence[Sequence[str]]) -> re.Pattern[str]:
    """Match what is one of *patterns*, in any case."""
    whole = "|".join("".join(atoms) for atoms in patterns)
    return re.compile(whole or r"(?!)", re.IGNORECASE)


def beginnings(patterns: Sequence[Sequence[str]]) -> re.Pattern[str]:
    """Match, with `fullmatch`, all that may still become one of *patterns*."""
    begun: list[str] = []
    for atoms in patterns:
        nested = ""
        for atom in reversed(atoms[:-1]):
            nested = f"{atom}(?:{nested})?" if nested else atom
        begun.append(nested)
    return re.compile("|".join(begun) or r"(?!)", re.IGNORECASE)
