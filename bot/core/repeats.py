"""Whether a reply says again what the character said just before.

Small models fall into a groove: they begin as they began last time and then go
on the same way. Words are compared without case, marks and punctuation.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

# Where words are not parted by blanks, each character counts as one.
_IDEOGRAPH = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = rf"[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+(?:['\u2019][^\W_{_IDEOGRAPH}]+)*"
_WORDS = re.compile(_WORD)
_WORD_OR_END = re.compile(rf"(?P<word>{_WORD})|[.!?\u2026\u3002\uff01\uff1f\n]")

LEAST_WORDS = 5
"""A reply, or its beginning, with fewer words is a formula and no repeat."""

MOST_WORDS = 12  # a longer sentence is judged by these
_CHANGED_WORDS = 5  # so many of the same allow for one that differs
_SAME_PAIRS = 0.6  # of two neighbouring words, in both replies


class Verdict(StrEnum):
    """What to do with the beginning of a reply."""

    HOLD = "hold"  # it may yet be a repeat: show nothing
    CLEAR = "clear"  # it is not: show it, and do not ask again
    REPEAT = "repeat"  # it is: throw it away and try again


class RepeatJudge:
    """Judges the beginning of one reply before its second sentence is shown."""

    def __init__(self, earlier: Sequence[str]) -> None:
        """Compare with *earlier*: what the character said last, in any order."""
        beginnings = (_words(text, MOST_WORDS + 2) for text in earlier)
        self._rivals = [_Rival(words) for words in beginnings if len(words) >= LEAST_WORDS]
        self._verdict = Verdict.HOLD if self._rivals else Verdict.CLEAR
        self._read = 0
        self._words = 0

    def verdict(self, text: str) -> Verdict:
        """Judge *text*, which only grows from call to call; CLEAR and REPEAT stay.

        A reply that ends on HOLD is a formula, or `is_near_repeat` knows better.
        """
        while self._verdict is Verdict.HOLD:
            match = _WORD_OR_END.search(text, self._read)
            if match is None:
                break
            word = match["word"]
            if word and _may_go_on(text, match.end()):
                # What it is so far may already be enough to tell.
                if not any(rival.resembles(_folded(word)) for rival in self._rivals):
                    self._verdict = Verdict.CLEAR
                break
            self._read = match.end()
            self._verdict = self._heard(word)
        return self._verdict

    def _heard(self, word: str | None) -> Verdict:
        """Judge after a whole *word*, or the end of a sentence."""
        if word:
            self._words += 1
            for rival in self._rivals:
                rival.hear(_folded(word))
            self._rivals = [rival for rival in self._rivals if rival.is_near]
        if not self._rivals:
            return Verdict.CLEAR
        enough = self._words >= (MOST_WORDS if word else LEAST_WORDS)
        return Verdict.REPEAT if enough else Verdict.HOLD


def is_near_repeat(text: str, earlier: Sequence[str]) -> bool:
    """Whether the whole of *text* is close to one of the *earlier* replies.

    Close is, of the pairs of neighbouring words of both, more than half in common.
    """
    pairs = _pairs(text)
    if pairs.total() < LEAST_WORDS - 1:
        return False
    for other in map(_pairs, earlier):
        if 2 * (pairs & other).total() >= _SAME_PAIRS * (pairs.total() + other.total()):
            return True
    return False


class _Rival:
    """An earlier reply, and how many words the new one would have to change to begin so.

    `_changes[n]` counts the changes that make the words heard so far the first
    *n* of the earlier reply: the rows of Levenshtein's table, one at a time.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._changes = list(range(len(words) + 1))
        self._heard = 0

    @property
    def is_near(self) -> bool:
        return min(self._changes) <= max(1, self._heard // _CHANGED_WORDS)

    def hear(self, word: str) -> None:
        self._changes = list(self._after(known == word for known in self._words))
        self._heard += 1

    def resembles(self, beginning: str) -> bool:
        """Whether it would still be near if the next word begins so."""
        changes = self._after(known.startswith(beginning) for known in self._words)
        return min(changes) <= max(1, (self._heard + 1) // _CHANGED_WORDS)

    def _after(self, same: Iterator[bool]) -> Iterator[int]:
        least = self._changes[0] + 1
        yield least
        for (diagonal, above), is_same in zip(pairwise(self._changes), same, strict=True):
            least = min(diagonal + (not is_same), above + 1, least + 1)
            yield least


def _may_go_on(text: str, end: int) -> bool:
    """Whether the word that ends there may be longer in a longer text."""
    return end == len(text) or (text[end] in "'\u2019" and end + 1 == len(text))


def _words(text: str, most: int | None = None) -> list[str]:
    found = []
    for match in _WORDS.finditer(text):
        found.append(_folded(match.group()))
        if len(found) == most:
            break
    return found


def _folded(word: str) -> str:
    return word.casefold().replace("\u2019", "'")


def _pairs(text: str) -> Counter[tuple[str, str]]:
    return Counter(pairwise(_words(text)))
