"""A `PatternSearch` on Python's own `re`: for the patterns of our own tests only."""

import re

from bot.core.lore_ports import Pattern, PatternRefused, PatternTooSlow

FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class PlainPatternSearch:
    """Looks for so many patterns; any further one would take too long."""

    def __init__(self, *, searches: int = 1000) -> None:
        self._left = searches

    def found(self, pattern: Pattern, text: str) -> bool:
        if not self._left:
            raise PatternTooSlow
        self._left -= 1
        flags = re.NOFLAG
        for flag in pattern.flags:
            flags |= FLAGS.get(flag, re.NOFLAG)
        try:
            return re.search(pattern.source, text, flags) is not None
        except re.error as error:
            raise PatternRefused from error
