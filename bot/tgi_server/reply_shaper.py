"""Makes what a small model streams look like a reply of ZephRP.

Prose without asterisks, whole sentences, no word of the players, about as long
as wanted. It works on the stream: what it has let through is never taken back.
"""

import re
from enum import Enum, auto
from typing import Final

from bot.tgi_server.small_model import Plan

_SENTENCE_ENDS: Final = frozenset(".!?…")
_CLOSERS: Final = frozenset("\"'”)")
_ABBREVIATION: Final = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St)\.$")
_NEVER_BEGINS: Final = ("You", "Your", "User", "Note", "###", "<", "[")
_LOOP_WORDS: Final = 3


class Ended(Enum):
    """Why the reply is over."""

    ENOUGH = auto()
    PARAGRAPH = auto()
    PLAYER = auto()
    LOOP = auto()


class ReplyShaper:
    """Feed it the model's text piece by piece; show what it returns.

    Attributes:
        ended: set once the reply is over; what is fed later is ignored.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._unwanted = (*_NEVER_BEGINS, *plan.players)
        self._visible = ""
        self._held: str | None = None  # the beginning of a sentence, until it is known whose
        self._in_speech = False
        self._narrates = False
        self._sentence_from = 0
        self._sentences: set[str] = set()
        self.ended: Ended | None = None
        if plan.continues:
            self._in_speech = plan.continues.count('"') % 2 == 1
        else:
            self._visible = " "  # as a reply to "Name:" begins

    @property
    def words(self) -> int:
        """Shown so far."""
        return len(self._visible.split())

    def open(self) -> str:
        """What is shown before the model has written anything."""
        begun = "" if self._plan.continues else " "
        return begun + self.feed(self._plan.opening)

    def begin_paragraph(self) -> str:
        """Go on after an end that came too early."""
        shown = self.close() + "\n\n"
        self._visible += "\n\n"
        self._sentence_from = len(self._visible)
        self._narrates = False
        self.ended = None
        return shown + self.feed(self._plan.paragraph)

    def feed(self, piece: str) -> str:
        """Take what the model wrote, return what may be shown."""
        shown = []
        for character in piece:
            if self.ended:
                break
            shown.append(self._take(character))
        return "".join(shown)

    def close(self) -> str:
        """What completes the last sentence."""
        shown = ""
        if self._held is not None and self._held.strip() and self.ended is None:
            shown = self._release()
        self._held = None
        last = self._visible.rstrip()[-1:]
        if last and (last.isalnum() or last in ",;:-—"):
            shown += self._show("." if last.isalnum() else "")
        if self._in_speech:
            shown += self._show('"')
            self._in_speech = False
        return shown

    def _take(self, character: str) -> str:
        if character == "\n" and self.words >= self._plan.span.least:
            if self.words > 0:
                self.ended = Ended.PARAGRAPH
            return ""
        if character == "*":
            return self._mark()
        if self._held is not None:
            return self._hold(character)
        if character.isspace():
            return self._space(character)
        if character in ",;" and self.words >= self._plan.span.too_many:
            self.ended = Ended.ENOUGH
            return self._show(".")
        if character == '"':
            self._in_speech = not self._in_speech
        return self._show(character)

    def _mark(self) -> str:
        """An asterisk: a narrated part begins or ends; it is not shown itself."""
        if self._in_speech:
            return ""
        shown = self._release() if self._held is not None else ""
        self._narrates = not self._narrates
        if not self._narrates and self._visible[-1:].isalnum():
            shown += self._show(".")
        return shown

    def _space(self, character: str) -> str:
        if self._visible[-1:].isspace():
            return ""
        if not self._at_sentence_end():
            return self._show(character)
        if self._repeats_itself():
            self.ended = Ended.LOOP
        elif self.words >= self._plan.span.enough:
            self.ended = Ended.ENOUGH
        else:
            self._held = character
        return ""

    def _hold(self, character: str) -> str:
        """Wait until the sentence's first word shows whose it is."""
        self._held = f"{self._held}{character}"
        begun = self._held.lstrip()
        if self._in_speech or not begun:
            return self._release()
        if any(_begins_with(begun, word) for word in self._unwanted):
            self.ended = Ended.PLAYER
            return ""
        if any(name.startswith(begun) for name in self._unwanted):
            return ""
        return self._release()

    def _release(self) -> str:
        held, self._held = self._held or "", None
        if held.count('"') % 2:
            self._in_speech = not self._in_speech
        return self._show(held)

    def _show(self, text: str) -> str:
        self._visible += text
        return text

    def _at_sentence_end(self) -> bool:
        told = self._visible.rstrip("".join(_CLOSERS))
        return told[-1:] in _SENTENCE_ENDS and not _ABBREVIATION.search(told)

    def _repeats_itself(self) -> bool:
        sentence = self._visible[self._sentence_from :].strip()
        self._sentence_from = len(self._visible)
        words = re.findall(r"\w+", sentence.lower())
        key = " ".join(words)
        if len(words) >= _LOOP_WORDS and key in self._sentences:
            return True
        self._sentences.add(key)
        return False


def _begins_with(text: str, word: str) -> bool:
    """Whether *text* begins with the whole of *word*, which may be a mark."""
    if not text.startswith(word):
        return False
    return not word[-1].isalnum() or (text != word and not text[len(word)].isalnum())
