"""Links that nobody can click: what a model writes leads nowhere.

A blank behind the colon parts an address from its scheme, so that no client
makes a link of it, masked by other words or not, and has nothing to preview;
of invitations the code goes. Text that was shown is never taken back for it:
what is shown of a beginning begins what is shown of all.
"""

import re

_SCHEMES = "https?|ftp|discord|steam"
_SCHEME = re.compile(rf"((?:{_SCHEMES}):)(?=//)", re.IGNORECASE)
_HALF = re.compile(rf"(?:{_SCHEMES}):/\Z", re.IGNORECASE)
_INVITE = re.compile(
    r"((?:discord(?:app)?\.com/invite|discord\.(?:gg|me|li)|dsc\.gg|invite\.gg)/)[^\s<>)\]]*",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\S*\Z")
LONGEST_WORD = 200
"""So far back is looked for the beginning of an address."""


def defanged(text: str) -> str:
    """Return *text* without a link that works. Doing it twice changes nothing more."""
    return _INVITE.sub(r"\1…", _SCHEME.sub(r"\1 ", text))


class Defanger:
    """Does that to a text that grows.

    Args:
        before: what was there before, and is as it should be.
    """

    def __init__(self, before: str = "") -> None:
        self._word = _word_at_end(before)  # undecided: no link goes over a blank
        self._lead = ""
        if _HALF.search(self._word):  # it ended so, and is not to become a whole one
            self._word, self._lead = "", " "
        self._given = len(_certain(self._word))

    def feed(self, more: str) -> str:
        """What is to be added to the text for *more*."""
        if more:
            more, self._lead = self._lead + more, ""
        self._word += more
        grown = _certain(self._word)
        new = grown[self._given :]
        self._word = _word_at_end(self._word)
        self._given = len(_certain(self._word))
        return new

    def finish(self) -> str:
        """What was held back."""
        rest = defanged(self._word)[self._given :]
        self._word, self._given = "", 0
        return rest


def _certain(word: str) -> str:
    """As much of it defanged as nothing behind it changes."""
    return defanged(word[:-1] if _HALF.search(word) else word)


def _word_at_end(text: str) -> str:
    found = _LAST_WORD.search(text, max(len(text) - LONGEST_WORD, 0))
    return found.group() if found is not None else ""
