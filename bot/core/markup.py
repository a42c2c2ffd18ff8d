"""Discord's inline markup: where its spans begin and end."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\\[\s\S]"  # escaped: plain text
    r"|```(?:[\w+#-]{0,20}\n)?"  # a fence, with its language
    r"|`+"
    r"|\*+|_+|~~|\|\|"
    r"|<[@#:a/][^\s<>]{1,80}>"  # a mention, a custom emoji
    r"|\[[^\[\]\n]{1,200}\]\([^\s()]{1,400}\)"  # a link with a text
    r"|\[[^\[\]\n]{1,80}(?:\](?:\([^\s()]{0,400})?)?\Z"  # and one that is still being written
    r"|https?://[^\s*|<>]+"
)

_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of markup, its marks included.

    Attributes:
        end: behind the closing mark; None if it is still open.
        opening: what opens it again; empty for what cannot be parted at all.
    """

    start: int
    end: int | None
    opening: str
    closing: str

    def holds(self, position: int) -> bool:
        """Whether a break at *position* would part it."""
        return self.start < position and (self.end is None or position < self.end)


def spans(text: str) -> list[Span]:
    """Find the spans of *text*, by where they begin; open ones have no end.

    An asterisk or underscore that opens a span while one of its kind is open
    shows that the earlier was only a character, as Discord reads it: a stray
    mark spoils nothing behind the next.
    """
    found: list[Span] = []
    open_marks: dict[str, int] = {}
    position = 0
    while match := _TOKEN.search(text, position):
        token, start, position = match.group(), match.start(), match.end()
        if token[0] == "`":
            span = _code(text, token, start)
            found.append(span)
            position = len(text) if span.end is None else span.end
        elif token[0] in "*_~|":
            _mark(text, token, start, open_marks, found)
        elif token[0] != "\\":
            found.append(Span(start, position, "", ""))
    found += [Span(start, None, mark, mark) for mark, start in open_marks.items()]
    return sorted(found, key=lambda span: span.start)


def _code(text: str, token: str, start: int) -> Span:
    """Find the end of code; nothing within it is markup."""
    inside = start + len(token)
    fence = token.startswith(_FENCE)
    mark = _FENCE if fence else token
    if fence:
        end = text.find(_FENCE, inside)
    else:
        closing = re.compile(rf"(?<!`){token}(?!`)").search(text, inside)
        end = closing.start() if closing else -1
    opening = token if not fence or token.endswith("\n") else _FENCE + "\n"
    return Span(start, None if end < 0 else end + len(mark), opening, "\n```" if fence else mark)


def _mark(text: str, token: str, start: int, open_marks: dict[str, int], found: list[Span]) -> None:
    before = text[start - 1 : start]
    after = text[start + len(token) : start + len(token) + 1]
    opens = bool(after) and not after.isspace()
    closes = bool(before) and not before.isspace()
    if token[0] == "_":  # within a word it is a letter like any other
        opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
    if token[0] in "~|":
        opens = closes = True
    marks = {3: (token[:2], token[0])}.get(len(token), (token,))
    if len(token) > 3:  # noqa: PLR2004  # four and more are a line or censored letters
        return
    if closes and any(mark in open_marks for mark in marks):
        end = start + len(token)
        closed = [mark for mark in reversed(marks) if mark in open_marks]
        found += [Span(open_marks.pop(mark), end, mark, mark) for mark in closed]
    elif opens:
        offset = 0
        for mark in marks:
            open_marks[mark] = start + offset
            offset += len(mark)
