"""A model's raw stream as the text of one reply.

The model was trained on whole conversations and goes on to write the next
header and the player's next line. None of that may be seen, not for a moment:
what could still become a stop is held back until it cannot.

Whether something is a stop depends on the text alone, never on how the stream
was cut into pieces. Work is done on the undecided end only.
"""

import re
from collections.abc import Sequence

from bot.core.markup import spans
from bot.core.names import clean_name
from bot.core.plain_text import without_invisible
from bot.core.profiles import ZEPHRP, ModelProfile
from bot.core.sentences import last_sentence_end

_BLANK = r"[^\S\n]"
_COLON = "[:\uff1a]"
_EMPHASIS = "[*_]"  # `**Mara:** hello` is a line of Mara's as well
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_LEAST_KEPT = 0.5  # of a reply that ran out of tokens


class ReplyText:
    """One reply, growing.

    A stop is, at the start of a line or of the reply: a header mark, or another
    speaker's name and a colon, in any case and with blanks around; anywhere: a
    special-token string or the length modifier. The character's own name at
    the start of a line is taken out and the reply goes on: the words behind it
    are its own. So is a length modifier before the first word.
    """

    def __init__(
        self, character: str, others: Sequence[str], profile: ModelProfile = ZEPHRP
    ) -> None:
        own = clean_name(character, fallback="")
        names = {clean_name(name, fallback="") for name in others} - {""}
        rivals = sorted(name for name in names if name.casefold() != own.casefold())
        mark = [re.escape(char) for char in profile.header_mark]
        emphasis = [f"{_EMPHASIS}{{0,3}}"]
        end = [f"{_BLANK}*", _COLON]
        stops = [mark, *(emphasis + _atoms(name) + emphasis + end for name in rivals)]
        labels = [_atoms(own) + end] if own else []
        self._stop = _any_of(stops)
        self._label = _any_of(labels)
        self._label_begun = _beginnings([*stops, *labels])
        modifier = _modifier_atoms(profile)
        self._modifier = _any_of(modifier)
        specials = [[re.escape(char) for char in token] for token in profile.special_tokens]
        self._special = _any_of(specials)
        self._special_begun = _beginnings([*specials, *modifier])
        firsts = {atoms[0] for atoms in (*specials, *modifier)}
        self._pause = re.compile("|".join((r"(?P<blank>\s+)", *sorted(firsts))))
        self._shown = ""
        self._blank = ""  # seen behind `_shown`; written only when text follows
        self._tail = ""  # undecided
        self._at_line_start = True
        self._after_label = False
        self._done = False

    @property
    def shown(self) -> str:
        """The text that may be on the screen now; after `finish`, all of it."""
        return self._shown

    @property
    def done(self) -> bool:
        """Whether the reply has ended: what the model writes now is not part of it."""
        return self._done

    def feed(self, delta: str) -> None:
        """Take the next piece of the stream; after the end it changes nothing."""
        if self._done:
            return
        self._tail += without_invisible(delta)
        while self._tail and not self._done:
            decided = self._line_start() if self._at_line_start else self._within_line()
            if not decided:
                return

    def finish(self, *, cut: bool) -> str:
        """End the reply and return its text, which begins with what was shown.

        With *cut*, the model ran out of tokens in mid-sentence. The reply then
        ends with its last whole sentence, if that keeps at least half: the one
        case in which shown text is taken back. An emphasis, quotation or code
        fence that the last paragraph leaves open is closed.
        """
        stopped, self._done = self._done, True
        if not stopped and not cut and self._tail:
            self._write(self._tail.rstrip())
        if cut and not stopped:
            end = last_sentence_end(self._shown)
            if end >= len(self._shown) * _LEAST_KEPT:
                self._shown = self._shown[:end]
            self._shown = _without_dangling(self._shown)
        self._shown += _closers(self._shown)
        self._tail = self._blank = ""
        return self._shown

    def _line_start(self) -> bool:
        """Decide whether the line begins with a label; False: not yet."""
        text = self._tail.lstrip()
        blank = self._tail[: len(self._tail) - len(text)]
        self._blank += self._without_label_gap(blank)
        self._tail = text
        if not text:
            return True
        if self._stop.match(text):
            self._end()
        elif label := self._label.match(text):
            self._tail = text[label.end() :]
            self._after_label = True
        elif self._label_begun.fullmatch(text):
            return False
        else:
            self._at_line_start = False
        return True

    def _within_line(self) -> bool:
        """Take text up to the next blank space or special string; False: not yet."""
        pause = self._pause.search(self._tail)
        if pause is None:
            self._write(self._tail)
            self._tail = ""
            return True
        if pause.start():
            self._write(self._tail[: pause.start()])
            self._tail = self._tail[pause.start() :]
            return True
        if blank := pause["blank"]:
            self._blank += blank
            self._tail = self._tail[len(blank) :]
            self._at_line_start = self._at_line_start or not _LINE_BREAKS.isdisjoint(blank)
            return True
        return self._special_string()

    def _special_string(self) -> bool:
        modifier = self._modifier.match(self._tail)
        if modifier and not self._shown:
            self._tail = self._tail[modifier.end() :]
            self._at_line_start = True
        elif modifier or self._special.match(self._tail):
            self._end()
        elif self._special_begun.fullmatch(self._tail):
            return False
        else:
            self._write(self._tail[0])
            self._tail = self._tail[1:]
        return True

    def _write(self, text: str) -> None:
        self._shown += (self._blank if self._shown else "") + text
        self._blank = ""
        self._after_label = False

    def _end(self) -> None:
        self._done = True
        self._tail = self._blank = ""

    def _without_label_gap(self, blank: str) -> str:
        """Drop the blanks that parted the own name from its words."""
        if not self._after_label or not blank:
            return blank
        newline = blank.find("\n")
        kept = blank[newline:] if newline >= 0 else ""
        self._after_label = not kept
        return kept


def _atoms(name: str) -> list[str]:
    """Return patterns for *name*, letter by letter."""
    return [f"{_BLANK}+" if char == " " else re.escape(char) for char in name]


def _modifier_atoms(profile: ModelProfile) -> list[list[str]]:
    """Return patterns for the length modifier with each of the model's words."""
    template = profile.modifier.strip()
    if not template:
        return []
    texts = dict.fromkeys(template.format(step=word) for word in profile.length_words.values())
    return [[f"{_BLANK}*" if char == " " else re.escape(char) for char in text] for text in texts]


def _any_of(alternatives: Sequence[Sequence[str]]) -> re.Pattern[str]:
    whole = "|".join("".join(atoms) for atoms in alternatives)
    return re.compile(whole or r"(?!)", re.IGNORECASE)


def _beginnings(alternatives: Sequence[Sequence[str]]) -> re.Pattern[str]:
    """Match, with `fullmatch`, all that may still become one of *alternatives*."""
    begun: list[str] = []
    for atoms in alternatives:
        nested = ""
        for atom in reversed(atoms[:-1]):
            nested = f"{atom}(?:{nested})?" if nested else atom
        begun.append(nested)
    return re.compile("|".join(begun) or r"(?!)", re.IGNORECASE)


def _closers(text: str) -> str:
    """Return what closes the markup and the quotation left open at the end."""
    paragraph = text.rfind("\n\n") + 1
    open_spans = [span for span in spans(text) if span.end is None and span.opening]
    if any(span.closing.startswith("\n") for span in open_spans):
        return "\n```"
    missing = [(span.start, span.closing) for span in open_spans if span.start >= paragraph]
    quotes = [match.start() for match in re.finditer('"', text) if match.start() >= paragraph]
    if len(quotes) % 2 and not _dangles(text):
        missing.append((quotes[-1], '"'))
    return "".join(closing for _, closing in sorted(missing, reverse=True))


def _dangles(text: str) -> bool:
    """Whether *text* ends in a mark that only opens: `He says: "`."""
    return bool(re.search(r'(?:\A|\s)["*_]+\Z', text))


def _without_dangling(text: str) -> str:
    return re.sub(r'(?:\A|\s+)["*_]+\Z', "", text)
