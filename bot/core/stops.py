"""What ends a reply wherever it stands, and the character's own label."""

import re
from collections.abc import Sequence

from bot.core.facts import Ending
from bot.core.patterns import BLANK, COLON, EMPHASIS, any_of, beginnings, exact, letters
from bot.core.profiles import ModelProfile

_ANY_WORD = r"[^\W\d_]{1,20}"


class Stops:
    """The stops of one reply, as questions about the text that is not decided yet.

    Blanks around a stop of the profile's own do not count, but a line break in
    front of it does: it is one at the start of a line only.
    """

    def __init__(self, own: str, rivals: Sequence[str], profile: ModelProfile) -> None:
        own_stops = [text for text in profile.stops if text not in profile.special_tokens]
        at_lines = [exact(stop.strip()) for stop in own_stops if _begins_a_line(stop)]
        anywhere = [
            exact(stop.strip()) for stop in own_stops if stop.strip() and not _begins_a_line(stop)
        ]
        self._blanks = [stop for stop in own_stops if not stop.strip()]

        headers = [[EMPHASIS, *exact(profile.header_mark)]]
        lines = [[EMPHASIS, *letters(name), EMPHASIS, f"{BLANK}*", COLON] for name in rivals]
        label = [EMPHASIS, *letters(own), EMPHASIS, f"{BLANK}*", COLON]
        self._header, self._name = any_of(headers), any_of(lines)
        self._line_stop = _any_exactly(at_lines)
        self._label = any_of([_label(own)] if own else [])
        self._line_begun = beginnings([*headers, *lines, *at_lines, *([label] if own else [])])

        modifier = _modifier(profile)
        specials = [exact(token) for token in profile.special_tokens]
        self._modifier, self._special = any_of(modifier), any_of(specials)
        self._stop = _any_exactly(anywhere)
        self._begun = beginnings([*specials, *modifier, *anywhere])
        # What text is taken up to: a blank, or what may begin one of them.
        firsts = {atoms[0] for atoms in (*specials, *modifier, *anywhere)}
        cases = {case for first in firsts for case in (first.lower(), first.upper())}
        self.pause = re.compile(rf"[\s{''.join(sorted(cases))}]")

    def at_line_start(self, text: str) -> Ending | None:
        """What ends a reply whose line begins with *text*."""
        if self._header.match(text):
            return Ending.HEADER
        if self._name.match(text):
            return Ending.NAME
        return Ending.STOP_STRING if self._line_stop.match(text) else None

    def without_label(self, text: str, *, more: bool) -> str | None:
        """Return the line *text* without the character's name in front.

        None while it may still become a label, or a stop at a line start, if
        there is *more*. Emphasis around the label goes with it; emphasis that
        it opens stays: `*Lyra: nods*` is `*nods*`.
        """
        label = self._label.match(text)
        if label is None:
            return None if more and self._line_begun.fullmatch(text) else text
        before, within, behind = label["before"], label["within"], label["behind"]
        closing = before[::-1]
        if not before or within == closing:
            return text[label.start("behind") :]
        if more and label.end() == len(text):
            return None
        if behind.startswith(closing):
            return text[label.start("behind") + len(closing) :]
        return before + behind + text[label.end() :]

    def modifier_length(self, text: str) -> int:
        """How long the length modifier is that *text* begins with; 0: there is none."""
        found = self._modifier.match(text)
        return found.end() if found else 0

    def anywhere(self, text: str) -> Ending | None:
        """What ends a reply at *text*, wherever it stands."""
        if self._special.match(text):
            return Ending.SPECIAL
        return Ending.STOP_STRING if self._stop.match(text) else None

    def may_come(self, text: str) -> bool:
        """Whether *text* may become one of those that end a reply anywhere."""
        return self._begun.fullmatch(text) is not None

    def in_blanks(self, blank: str) -> bool:
        """Whether *blank* holds a stop that is nothing but blanks."""
        return any(stop in blank for stop in self._blanks)


def _begins_a_line(stop: str) -> bool:
    return bool(stop.strip()) and "\n" in stop[: len(stop) - len(stop.lstrip())]


def _label(own: str) -> list[str]:
    return [
        f"(?P<before>{EMPHASIS})",
        *letters(own),
        f"(?P<within>{EMPHASIS}){BLANK}*{COLON}(?P<behind>{EMPHASIS}){BLANK}*",
    ]


def _modifier(profile: ModelProfile) -> list[list[str]]:
    """Return patterns for the length modifier, with the model's words and those it makes up."""
    before, placed, behind = profile.modifier.strip().partition("{length}")
    if not placed:
        return []
    words = [_spaced(step.name) for step in profile.lengths.steps]
    return [[*_spaced(before), *word, *_spaced(behind)] for word in (*words, [_ANY_WORD])]


def _spaced(text: str) -> list[str]:
    return [f"{BLANK}*" if char == " " else re.escape(char) for char in text]


def _any_exactly(patterns: Sequence[Sequence[str]]) -> re.Pattern[str]:
    """Match what is one of *patterns*, letter by letter: `END` does not end `friend`."""
    return re.compile("|".join("".join(atoms) for atoms in patterns) or r"(?!)")
