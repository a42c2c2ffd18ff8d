"""Changes that Redis has taken, as they can be said again to a server that has lost them.

Said again, they must do nothing where nothing was lost, and else what they did: in
the order in which they were made, from whichever of them on. Scripts of a channel
know their own writes. Where that is not enough, this module says what is kept
otherwise than it was sent (a + tells the script), and what is not to be said any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Part = str | int

_LENDS = {"take": 15, "lease": 8}
"""Scripts that lend a channel: the place of the fence under which its owner has it already."""
_MARKED = {"start": 4, "commit": 5, "apply": 4}
"""Scripts that have to know that they are said again: the place of the word that tells them."""
_FENCE_OF_ABANDON = 4
_FIELD_OF_SET = 3
_LENT = "lend"
"""Under this name a lease is kept that was given out anew."""
_SET = "set_field "
"""Under this name, with that of the field."""
_ANSWERED = "2"
_CHANGED_NOTHING = {"ingest": ("unlisted", "no scene"), "start": ("taken",)}

OVER: Mapping[str, Sequence[str]] = {
    "intent": ("intent",),
    "posted": ("intent",),
    "commit": (f"{_SET}next_length",),  # it is used up
    "lease": ("lease",),
    _LENT: ("release",),
    "start": ("purge", _SET),
    "purge": ("",),
}
"""How the names of changes of a channel begin that are wrong, or used up, after one so named."""


@dataclass(frozen=True, slots=True)
class Said:
    """A change that was taken.

    Attributes:
        place: what it changes; of a channel the first of its keys.
        words: the command; or what follows a script: how many keys, the keys, the rest.
        text: of the script; empty for a command.
        fence: under which the channel was lent by it.
    """

    name: str
    place: str
    words: tuple[Part, ...]
    text: str = ""
    sha: str = ""
    fence: str = ""

    def ends(self, other: "Said") -> bool:
        """Whether *other*, which came before in the same place, is not to be said again."""
        if self.name.startswith(_SET):
            return self.name == other.name
        if self.fence and self.fence == other.fence:
            return True
        return other.name.startswith(tuple(OVER.get(self.name, ())))

    def command(self, *, is_known: bool) -> tuple[Part, ...]:
        """As it is sent to a server that knows the script, or does not."""
        if not self.text:
            return self.words
        return ("EVALSHA", self.sha, *self.words) if is_known else ("EVAL", self.text, *self.words)


def kept_of(said: Said, answer: Any) -> Said | None:
    """What to keep of a script that has answered so; None if it is not to be said again."""
    if _is_nothing(said, answer):
        return None
    if said.name == "set_field":
        return replace(said, name=f"{_SET}{said.words[_first(said) + _FIELD_OF_SET]}")
    if said.name in _LENDS:
        return _lent(said, _first(said) + _LENDS[said.name], answer)
    at = _MARKED.get(said.name)
    return said if at is None else _marked(said, _first(said) + at)


def _is_nothing(said: Said, answer: Any) -> bool:
    """Whether it changed nothing, or could change too much if it were said again."""
    match said.name:
        case "ingest" | "start":
            return answer[0] in _CHANGED_NOTHING[said.name]
        case "edit" | "annotate" | "intent" | "posted" | "apply":
            return not answer  # what it was for may have come since
        case "take" | "lease":
            return answer is None or (said.name == "take" and answer[1] == _ANSWERED)
        case "abandon":  # without a fence it could be another try of the same reply by then
            return said.words[_first(said) + _FENCE_OF_ABANDON] == ""
    return False


def _lent(said: Said, at: int, answer: Any) -> Said:
    """One that lends the channel: another fence would be no use to who has been given one."""
    if said.words[at] != "":
        return said
    fence = str(answer[0] if said.name == "take" else answer)
    words = (*said.words[:at], fence, *said.words[at + 1 :])
    return replace(_marked(replace(said, words=words), at), name=_LENT, fence=fence)


def _marked(said: Said, at: int) -> Said:
    """Let the script know, by a + before the word at that place if there is one."""
    word = said.words[at]
    if word == "":
        return said
    return replace(said, words=(*said.words[:at], f"+{word}", *said.words[at + 1 :]))


def _first(said: Said) -> int:
    """The place of the first word behind the keys."""
    return 1 + int(said.words[0])
