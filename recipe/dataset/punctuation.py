"""One way to write punctuation, so that a model need not learn several."""

import re
from collections.abc import Sequence
from typing import Final

_RULES: Final[Sequence[tuple[re.Pattern[str], str]]] = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\r\n?", "\n"),
        (r"[ \t\u00a0]+", " "),
        ("[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033]", '"'),
        ("[\u2018\u2019\u201a\u201b\u2032]", "'"),
        ("\u2026", "..."),
        (r"\.{4,}", "..."),
        (r" ?-{3,} ?", "\u2014"),
        (r" (?=[!?,;:](?:[\s\"'!?,;:]|$))", ""),
        (r" ?\n ?", "\n"),
        (r"\n{3,}", "\n\n"),
    )
]


def normal(text: str) -> str:
    """Return *text* with straight quotes, three dots, one dash and no double blanks.

    Doing it twice changes nothing.
    """
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text.strip()
