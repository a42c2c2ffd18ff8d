"""Keeps text from posing as the structure around it."""

import re
from collections.abc import Iterable

from bot.core.profiles import ModelProfile

_BLANKS = r"[^\S\n]*"
_WIDE_COLON = "\uff1a"


class Guard:
    """Keeps text from looking like structure, for one set of names."""

    def __init__(self, profile: ModelProfile, names: Iterable[str]) -> None:
        known = "|".join(re.escape(name) for name in dict.fromkeys(names))
        before, _, after = profile.persona_line.partition("{text}")[0].rstrip().partition("{name}")
        scenario = profile.scenario_line.partition("{text}")[0].rstrip()
        structure = "|".join(
            (
                re.escape(profile.header_mark),
                rf"(?:{known}){_BLANKS}[:{_WIDE_COLON}]",
                rf"{re.escape(before)}(?:{known}){re.escape(after)}",
                re.escape(scenario),
            )
        )
        self._forged = re.compile(rf"\n(?={_BLANKS}(?:{structure}))", re.IGNORECASE)
        self._stuffed = re.compile(rf"\n (?={_BLANKS}(?:{structure}))", re.IGNORECASE)

    def stuff(self, text: str) -> str:
        """Put a space before each forged line but the first, which has a label."""
        return self._forged.sub("\n ", text)

    def unstuff(self, text: str) -> str:
        """Undo `stuff`."""
        return self._stuffed.sub("\n", text)
