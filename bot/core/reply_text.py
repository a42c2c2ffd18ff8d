"""A model's raw stream as the text of one reply.

The model was trained on whole conversations and goes on to write the next
header and the player's next line. None of that may be seen, not for a moment:
what could still become a stop is held back until it cannot. Nor is anything
taken back: every text that was shown begins all that are shown after it.

Whether something is a stop depends on the text alone, never on how the stream
was cut into pieces. Work is done on the undecided end only.
"""

from collections.abc import Sequence
from enum import Enum, auto

from bot.core.closing import closers, without_dangling
from bot.core.defang import Defanger
from bot.core.facts import Ending
from bot.core.names import clean_name
from bot.core.narration import Narration
from bot.core.plain_text import without_invisible
from bot.core.profiles import ModelProfile
from bot.core.scene import GuardLevel
from bot.core.sentences import last_sentence_end
from bot.core.stops import Stops

_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_PLAIN_GAPS = frozenset(("", " ", "\n", "\n\n"))


class _At(Enum):
    """Where the undecided text stands."""

    LINE_START = auto()
    SENTENCE_START = auto()  # as far as narration is watched for
    WITHIN = auto()


class ReplyText:
    """One reply, growing.

    A stop is, at the start of a line or of the reply: a header mark, or another
    speaker's name and a colon, in any case and with blanks around; anywhere: a
    special-token string, the length modifier, or a stop of the profile's own.
    With a strict guard it is also the start of a sentence that tells what one
    of *players* does. The character's own name at the start of a line is taken
    out and the reply goes on: the words behind it are its own. So is a length
    modifier before the first word.

    Links that the reply has lead nowhere unless it *keeps_links*.

    *spoken* is what a reply that goes on has said before: it counts as shown,
    without the blanks at its end.
    """

    def __init__(
        self,
        character: str,
        others: Sequence[str],
        profile: ModelProfile,
        *,
        guard: GuardLevel = GuardLevel.NORMAL,
        players: Sequence[str] | None = None,
        spoken: str = "",
        keeps_links: bool = True,
    ) -> None:
        """Watch for the lines of *others*, and for narration of *players*: all of them if None."""
        self._links = None if keeps_links else Defanger(spoken.rstrip())
        own = clean_name(character, fallback="")
        self._stops = Stops(own, _rivals(own, others), profile)
        self._narration: Narration | None = None
        if guard is GuardLevel.STRICT:
            watched = others if players is None else players
            self._narration = Narration(own, _rivals(own, watched))
        self._kept = spoken.rstrip()  # certain to stay
        self._shown = self._kept
        self._blank = ""  # seen behind `_kept`; written only when text follows
        self._tail = ""  # undecided
        self._at = _At.WITHIN if self._kept else _At.LINE_START
        self._after_label = False
        self._shows_sentences = False
        self._searched = 0  # where sentences end before this is known
        self._done = False
        self._finished = False
        self._ended_by: Ending | None = None

    @property
    def shown(self) -> str:
        """The text that may be on the screen now; after `finish`, all of it."""
        return self._shown

    @property
    def done(self) -> bool:
        """Whether the reply has ended: what the model writes now is not part of it."""
        return self._done

    @property
    def ended_by(self) -> Ending | None:
        """What in the text ended it; None if nothing did."""
        return self._ended_by

    def feed(self, delta: str) -> None:
        """Take the next piece of the stream; after the end it changes nothing."""
        if self._done:
            return
        text = without_invisible(delta)
        self._tail += text if self._links is None else self._links.feed(text)
        self._read(more=True)
        if self._shows_sentences:
            self._show_sentences()
        else:
            self._show(without_dangling(self._kept))

    def whole_sentences(self) -> None:
        """From now on show no more than whole sentences.

        A reply that then runs out of tokens can end with one, and nothing that
        was shown need be taken back.
        """
        self._shows_sentences = True

    def finish(self, *, cut: bool) -> str:
        """End the reply and return its text, which begins with what was shown.

        With *cut*, the stream broke off: the model ran out of tokens, the server
        was lost, or somebody pressed Stop. The reply then ends with the last
        whole sentence behind what is shown; without one it is what is shown, or,
        where that is nothing, all there is.

        Marks that open at the very end are never shown and go; an emphasis,
        quotation or code fence that the last paragraph leaves open is closed.
        """
        if self._finished:
            return self._shown
        if not self._done and not cut:
            self._tail += "" if self._links is None else self._links.finish()
            self._read(more=False)
        if cut and self._ended_by is None:
            said = self._kept + self._gap()
            self._show(said[: last_sentence_end(said, len(self._shown))])
        if not cut or self._ended_by or not self._shown:
            self._show(without_dangling(self._kept))
        self._shown += closers(self._shown)
        self._done = self._finished = True
        return self._shown

    def _show_sentences(self) -> None:
        """Show up to where a sentence ends for certain."""
        said = self._kept + self._gap()
        start = max(len(self._shown), self._searched)
        end = last_sentence_end(said, start, whole=self._done)
        if end > start:
            self._show(said[:end])
        self._searched = len(self._kept) - 1  # the last mark may not have been certain

    def _show(self, text: str) -> None:
        if len(text) > len(self._shown):
            self._shown = text

    def _read(self, *, more: bool) -> None:
        """Decide as much of the tail as can be decided, all of it if there is no *more*."""
        while self._tail and not self._done:
            text = self._tail.lstrip()
            if len(text) < len(self._tail):
                blank, self._tail = self._tail[: len(self._tail) - len(text)], text
                self._skip(blank)
                continue
            decide = self._within if self._at is _At.WITHIN else self._start
            if not decide(more=more):
                break

    def _start(self, *, more: bool) -> bool:
        """Decide what a line or sentence begins with; False: not yet."""
        text = self._tail
        rest: str | None = text
        if self._at is _At.LINE_START:
            if ending := self._stops.at_line_start(text):
                self._end(ending)
                return True
            rest = self._stops.without_label(text, more=more)
        if rest == text:
            return self._told(text, more=more)
        if rest is not None:
            self._tail = rest
            self._after_label = True
        return rest is not None

    def _told(self, text: str, *, more: bool) -> bool:
        """Decide whether *text* tells what a player does; False: not yet."""
        tells: bool | None = False
        if self._narration is not None:
            tells = self._narration.tells(text, self._kept, self._gap(), more=more)
        if tells:
            self._end(Ending.PLAYER)
        else:
            self._at = self._at if tells is None else _At.WITHIN
        return tells is not None

    def _within(self, *, more: bool) -> bool:
        """Take text up to the next blank space or special string; False: not yet."""
        pause = self._stops.pause.search(self._tail)
        start = pause.start() if pause else len(self._tail)
        if not start:
            return self._special_string(more=more)
        self._write(self._tail[:start])
        self._tail = self._tail[start:]
        return True

    def _special_string(self, *, more: bool) -> bool:
        length = self._stops.modifier_length(self._tail)
        if length and not self._kept:
            self._tail = self._tail[length:]
            self._at = _At.LINE_START
        elif length:
            self._end(Ending.SPECIAL)
        elif ending := self._stops.anywhere(self._tail):
            self._end(ending)
        elif more and self._stops.may_come(self._tail):
            return False
        else:
            self._write(self._tail[0])
            self._tail = self._tail[1:]
        return True

    def _skip(self, blank: str) -> None:
        """Take the *blank* that was cut off the tail."""
        if not _LINE_BREAKS.isdisjoint(blank):
            self._at = _At.LINE_START
        elif self._at is _At.WITHIN and self._narration and self._narration.may_begin(self._kept):
            self._at = _At.SENTENCE_START
        self._blank += self._without_label_gap(blank)
        if self._kept and self._stops.in_blanks(self._blank):
            self._end(Ending.STOP_STRING)

    def _write(self, text: str) -> None:
        self._kept = self._kept + self._gap() + text if self._kept else text
        self._blank = ""
        self._after_label = False

    def _gap(self) -> str:
        """The blanks behind what is kept, with one kind of line break and none before it."""
        if self._blank in _PLAIN_GAPS:
            return self._blank
        *ended, last = f"{self._blank}.".splitlines()
        return "\n" * len(ended) + last[:-1]

    def _end(self, by: Ending) -> None:
        self._done = True
        self._ended_by = by
        self._tail = self._blank = ""

    def _without_label_gap(self, blank: str) -> str:
        """Drop the blanks that parted the own name from its words."""
        if not self._after_label or not blank:
            return blank
        newline = blank.find("\n")
        kept = blank[newline:] if newline >= 0 else ""
        self._after_label = not kept
        return kept


def _rivals(own: str, names: Sequence[str]) -> list[str]:
    cleaned = {clean_name(name, fallback="") for name in names} - {""}
    return sorted(name for name in cleaned if name.casefold() != own.casefold())
