"""Where a reply begins to tell what a player does.

A character may speak to a player by name, but a sentence of the narration that
begins with it is the player's own to write: "Mara nods", "Mara's hand shakes".
What stands in quotation marks is speech and left alone.
"""

import re
from collections.abc import Sequence

from bot.core.patterns import BLANK, COLON, any_of, beginnings, letters
from bot.core.sentences import ends_a_sentence

_QUOTES = {
    '"': '"',
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u00ab": "\u00bb",
    "\u2018": "\u2019",
    "\u300c": "\u300d",
}
# An apostrophe within a word closes nothing.
_QUOTE = re.compile('["\u201c\u201d\u201e\u00ab\u00bb\u2018\u300c\u300d]|\u2019(?!\\w)|\n\\s*\n')
_BLANK_LINE = re.compile(r"\n\s*\n")
_SAID = re.compile('[,;\u2013\u2014-]["\u201d\u00bb\u2019\u300d][*_]{0,3}\\Z')
_ACTED = re.compile(r"[^\s*_][*_]{1,3}\Z")

_OPENING = r"[*_~|(\[]{0,5}"
_EMPHASIS = "[*_]{0,3}"
_APOSTROPHE = "['\u2019]"
# Behind a name that a sentence begins with, these speak to its bearer.
_SPOKEN_TO = "[^\\s,.!?;\u2026\u2013\u2014-]"

# Names that begin any sentence cannot be told from what they are named after.
_COMMON = frozenset(
    (
        *("a", "an", "and", "as", "at", "but", "for", "he", "her", "here", "his", "how", "i", "if"),
        *("in", "it", "its", "my", "no", "not", "now", "of", "on", "one", "or", "our", "she", "so"),
        *("some", "that", "the", "their", "then", "there", "they", "this", "to", "we", "what"),
        *("when", "where", "who", "why", "with", "yes", "you", "your"),
    )
)


class Narration:
    """Finds narration of the players in a reply that grows.

    What it is asked depends on the text alone, and every position is asked
    about once, so one object belongs to one reply.
    """

    def __init__(self, own: str, players: Sequence[str]) -> None:
        watched = [name for name in players if name.casefold() not in _COMMON]
        told = [pattern for name in watched for pattern in _told(name)]
        # The character's own name may go on where a player's ends: Ann, Ann Vane.
        others = f"(?!{''.join([_EMPHASIS, *letters(own)])}(?!\\w))" if own else ""
        self._told = any_of([[f"(?P<opening>{_OPENING})", others, f"(?:{any_of(told).pattern})"]])
        self._told_begun = beginnings([[_OPENING, *pattern] for pattern in told])
        self._own_begun = beginnings([[_OPENING, *letters(own), r"[\s\S]"]] if own else [])
        self._heard = 0
        self._closing = ""  # the mark that ends the open quotation
        self._is_quoting = False  # speech has stood in quotation marks so far
        self._after_action = False

    def may_begin(self, said: str) -> bool:
        """Whether a sentence may begin behind *said* and a blank."""
        self._after_action = False
        if not said or ends_a_sentence(said) or _SAID.search(said, max(0, len(said) - 6)):
            return True
        # `*She waves* *Mara waves*`, but not `the *old* Mara`.
        self._after_action = bool(_ACTED.search(said, max(0, len(said) - 4)))
        return self._after_action

    def tells(self, text: str, said: str, blank: str, *, more: bool) -> bool | None:
        """Whether *text*, behind *said* and *blank*, tells what a player does.

        None while that depends on what comes next, if there is *more*.
        """
        if self._quoted(said, blank):
            return False
        if more and self._own_begun.fullmatch(text):
            return None
        if told := self._told.match(text):
            emphasised = not {"*", "_"}.isdisjoint(told["opening"])
            if self._after_action and not emphasised and "\n" not in blank:
                return False
            # Where speech has quotation marks, a comma is no sign of speech.
            return not told.group().endswith(",") or emphasised or self._is_quoting
        return None if more and self._told_begun.fullmatch(text) else False

    def _quoted(self, said: str, blank: str) -> bool:
        """Whether the text behind *said* and *blank* stands in an open quotation."""
        for match in _QUOTE.finditer(said, self._heard):
            mark = match.group()
            if self._closing:
                if mark == self._closing or mark.isspace():
                    self._closing = ""
            elif mark in _QUOTES:
                self._closing = _QUOTES[mark]
                self._is_quoting = True
        self._heard = len(said)
        if self._closing and _BLANK_LINE.search(blank):
            self._closing = ""
        return bool(self._closing)


def _told(name: str) -> list[list[str]]:
    """Return patterns for the beginnings of sentences about the bearer of *name*."""
    called = letters(name)
    return [
        [*called, _APOSTROPHE, "s" if name[-1] not in "sxz" else r"[s\s]"],
        [*called, _EMPHASIS, f"{BLANK}+", _SPOKEN_TO],
        [*called, _EMPHASIS, f"{BLANK}*", COLON],
        [*called, ","],
    ]
