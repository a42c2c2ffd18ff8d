"""A long reply as several Discord messages.

Discord's API counts code points (its staff:
https://github.com/discord/discord-api-docs/issues/1315), its clients count
UTF-16 units. The second is never less, so a part within the limit in UTF-16
units is within it in both.
"""

import re
import unicodedata
from collections.abc import Sequence

from bot.core.markup import Span, spans
from bot.core.plain_text import utf16_units

MESSAGE_UNITS = 2000

# Where to part, best first. The match is the blank space that goes.
_BREAKS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\s*\n\s*"),
    re.compile(r"(?<=[.!?…。\uff01\uff1f])[\"'”\u2019»」』)*_~|]*(\s+)|(?<=[。\uff01\uff1f])()"),
    re.compile(r"\s+"),
)

_JOINER = "\u200d"
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))  # a flag is two of them
_MARKS = frozenset("*_~|`\\")


def split(text: str, limit: int = MESSAGE_UNITS) -> list[str]:
    """Part *text* into messages of at most *limit* UTF-16 units (100 or more).

    Breaks at a paragraph, else a line, a sentence, a word, wherever that leaves
    a part at least half full and does not cut through markup. Markup longer
    than a part is closed and opened again in the next.

    While a text grows, only its last part changes: every break depends on
    nothing but the text that would fit in front of it.
    """
    parts: list[str] = []
    rest = text.strip()
    while utf16_units(rest) > limit:
        head, rest = _parted(rest, limit)
        parts.append(head)
    if rest:
        parts.append(rest)
    return parts


def _parted(text: str, limit: int) -> tuple[str, str]:
    """Cut one message off; what is left begins with the markup that goes on."""
    fitting = _fitting(text, limit)
    # One character more than fits: what it is decides whether a break is there.
    window = text[: fitting + 1]
    half = _fitting(text, limit // 2)
    found = spans(window)
    for through_markup in (False, True):
        for pattern in _BREAKS:
            for match in reversed(list(pattern.finditer(window, half))):
                start, end = match.span(match.lastindex or 0)
                held = [span for span in found if span.holds(start)]
                if held and not (through_markup and _can_part(held, window, start, end)):
                    continue
                head = window[:start].rstrip() + _closing(held)
                if utf16_units(head) <= limit:
                    return head, _opening(held) + _after(text, start, end, held)
    for cut in range(fitting, half, -1):  # a word, or a link, as long as half a message
        held = [span for span in found if span.holds(cut)]
        head = window[:cut] + _closing(held)
        if (
            _ends_a_cluster(window, cut)
            and _can_part(held, window, cut, cut)
            and utf16_units(head) <= limit
        ):
            return head, _opening(held) + text[cut:].lstrip()
    return window[:fitting], text[fitting:].lstrip()


def _fitting(text: str, limit: int) -> int:
    """Count the characters that fit into *limit* units."""
    used = 0
    for count, char in enumerate(text[: limit + 1]):
        used += 2 if char > "\uffff" else 1
        if used > limit:
            return count
    return min(len(text), limit)


def _can_part(held: Sequence[Span], window: str, start: int, end: int) -> bool:
    """Whether every span around the break can be closed before and opened behind it."""
    if start == end and not _MARKS.isdisjoint(window[start - 1 : start + 1]):
        return False  # between marks, or between a mark and its text
    return all(
        span.opening
        and start > span.start + len(span.opening)
        and not window.startswith(span.closing.strip(), end)
        for span in held
    )


def _closing(held: Sequence[Span]) -> str:
    return "".join(span.closing for span in reversed(held))


def _opening(held: Sequence[Span]) -> str:
    return "".join(span.opening for span in held)


def _after(text: str, start: int, end: int, held: Sequence[Span]) -> str:
    if not any(span.opening.endswith("\n") for span in held):
        return text[end:].lstrip()
    # Within a fence the indentation of the next line belongs to the code.
    newline = text.find("\n", start, end)
    return text[end if newline < 0 else newline + 1 :]


def _ends_a_cluster(window: str, cut: int) -> bool:
    """Whether no letter, flag or emoji is made of the characters around *cut*."""
    before, after = window[cut - 1], window[cut]
    if _JOINER in {before, after} or unicodedata.category(after)[0] == "M":
        return False
    if after in _SKIN_TONES:
        return False
    if after in _FLAG_LETTERS and before in _FLAG_LETTERS:
        flags = window[:cut]
        return (len(flags) - len(flags.rstrip("".join(_FLAG_LETTERS)))) % 2 == 0
    return True
