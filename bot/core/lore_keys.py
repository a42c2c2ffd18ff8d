"""Whether the keys of a lore entry stand in a text."""

import re
from functools import lru_cache

from bot.core.lore_ports import Pattern, PatternRefused, PatternSearch, PatternTooSlow

MOST_PATTERN = 200
_LITERAL = re.compile(r"/(.+?)/([gimsuy]*)", re.DOTALL)
_BARE_SLASH = re.compile(r"(?:^|[^\\])/")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@lru_cache(maxsize=4096)
def pattern_of(key: str) -> Pattern | None:
    """Read a key that is a regular expression; None for one of plain text.

    As in SillyTavern only `/…/` with known flags is one, whatever the book says
    of `use_regex`: its exports say that of every entry.
    """
    found = _LITERAL.fullmatch(key)
    if found is None or _BARE_SLASH.search(found[1]):
        return None
    return Pattern(found[1].replace("\\/", "/"), found[2])


class KeySearch:
    """Looks for keys, and notes which patterns it could not look for."""

    def __init__(self, patterns: PatternSearch) -> None:
        self._patterns = patterns
        self._known: dict[tuple[str, str], bool] = {}
        self.too_slow: dict[str, None] = {}
        """Patterns that took too long; they count as not found."""
        self.refused: dict[str, None] = {}
        """Patterns that are none, or not taken; they are looked for as plain text."""

    def found(self, key: str, text: str, *, whole_words: bool, case_sensitive: bool) -> bool:
        """Whether *key* stands in *text*."""
        pattern = pattern_of(key)
        if pattern is not None:
            answer = self._matched(key, pattern, text)
            if answer is not None:
                return answer
        return _stands_in(key, text, whole_words=whole_words, case_sensitive=case_sensitive)

    def _matched(self, key: str, pattern: Pattern, text: str) -> bool | None:
        """None if the key is to be looked for as plain text."""
        if len(pattern.source) > MOST_PATTERN:
            self.refused[key] = None
        if key in self.refused:
            return None
        if (key, text) not in self._known:
            try:
                self._known[key, text] = self._patterns.found(pattern, text)
            except PatternRefused:
                self.refused[key] = None
                return None
            except PatternTooSlow:
                self.too_slow[key] = None
                return False
        return self._known[key, text]


def _stands_in(key: str, text: str, *, whole_words: bool, case_sensitive: bool) -> bool:
    if not case_sensitive:
        key, text = key.lower(), _lower(text)
    if not key or not whole_words or len(key.split()) > 1:
        return bool(key) and key in text
    at = text.find(key)
    while at >= 0:
        # ASCII only, as authors know it: words of languages without spaces are found.
        end = at + len(key)
        if text[at - 1 : at] not in _WORD and text[end : end + 1] not in _WORD:
            return True
        at = text.find(key, at + 1)
    return False


@lru_cache(maxsize=64)
def _lower(text: str) -> str:
    return text.lower()
