"""Strangers' regular expressions, looked for by RE2.

RE2 takes time in proportion to the text, whatever the pattern, and a bounded
memory to read one. It knows no look-around and no back-references: such patterns
are refused. A backtracking engine with a time-out does not do: reading a pattern
of twenty characters can fill the memory before anything is looked for.
"""

import re
from functools import lru_cache
from time import monotonic

import re2  # type: ignore[import-untyped]  # it comes without types

from bot.core.lore_ports import Pattern, PatternRefused, PatternTooSlow

WITHIN_S = 0.3
MEMORY = 256 * 1024
_ESCAPE = re.compile(r"\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))")


class Re2PatternSearch:
    """A `PatternSearch` that spends so many seconds, and at most one search more."""

    def __init__(self, *, within_s: float = WITHIN_S) -> None:
        self._left_s = within_s

    def found(self, pattern: Pattern, text: str) -> bool:
        """Whether *pattern* stands in *text*."""
        if self._left_s <= 0:
            raise PatternTooSlow
        began = monotonic()
        try:
            compiled = _compiled(pattern)
            if compiled is None:
                raise PatternRefused
            return compiled.search(text.encode("utf-8", "replace")) is not None
        finally:
            self._left_s -= monotonic() - began


@lru_cache(maxsize=64)
def _compiled(pattern: Pattern) -> "re2._Regexp | None":
    """RE2's own form of *pattern*; None if it refuses it, which is remembered as well."""
    flags = "".join(flag for flag in "ims" if flag in pattern.flags)
    source = _ESCAPE.sub(lambda found: f"\\x{{{found[1] or found[2]}}}", pattern.source)
    written = f"(?{flags}){source}" if flags else source
    options = re2.Options()
    options.max_mem = MEMORY
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(written.encode("utf-8", "replace"), options)
    except re2.error:
        return None
