"""Discord's markup as HTML that can do nothing but be read.

No link leads anywhere and nothing is loaded: an address is a text like any other.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from bot.core.markup import spans
from bot.core.plain_text import plain

_TAGS = {
    "*": ("<em>", "</em>"),
    "_": ("<em>", "</em>"),
    "**": ("<strong>", "</strong>"),
    "__": ("<u>", "</u>"),
    "~~": ("<s>", "</s>"),
    # A box that is ticked: so it needs no script, and opens by keyboard too.
    "||": (
        '<label class="spoiler"><input type="checkbox" aria-label="Show the spoiler"><span><span>',
        "</span></span></label>",
    ),
}
_FENCE = re.compile(r"```(?:[\w+#-]{0,20}\n)?(.*?)\n?```", re.DOTALL)
_CODE = re.compile(r"(`+)(.+)\1", re.DOTALL)
_BULLETS = ("-", "*")
_KINDS_OF_MANY_LINES = ("text", "quote")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_MENTION = re.compile(r"<@!?(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_COMMAND = re.compile(r"<(/[^:>]+):\d+>")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(([^\s()]+)\)")
_LINE_MARK = re.compile(r"(>>>|>|#{1,3}|-#|[-*])[ \t]+")


class _Edit(NamedTuple):
    """What stands in place of `text[start:end]`: a tag that opens or closes, or HTML."""

    start: int
    end: int
    opens: str = ""
    closes: str = ""
    html: str = ""
    is_block: bool = False


def html_of(text: str, names: Mapping[str, str]) -> str:
    """Return *text* as paragraphs of HTML; *names* says who has which id."""
    text = plain(text).strip()
    writer = _Writer()
    position = 0
    for edit in _edits(text, names):
        writer.write(text[position : edit.start])
        writer.apply(edit)
        position = edit.end
    writer.write(text[position:])
    return "".join(_paragraphs(writer.lines))


def _edits(text: str, names: Mapping[str, str]) -> list[_Edit]:
    found: list[_Edit] = []
    used: dict[int, int] = {}  # of marks that end two spans, what the outer one has taken
    for span in spans(text):
        if span.end is None:
            continue
        if span.opening in _TAGS:
            length = len(span.opening)
            end = span.end - used.get(span.end, 0)
            used[span.end] = used.get(span.end, 0) + length
            found.append(_Edit(span.start, span.start + length, opens=span.opening))
            found.append(_Edit(end - length, end, closes=span.opening))
        else:
            found.append(_atom(text[span.start : span.end], span.start, names))
    return sorted(found, key=lambda edit: edit.start)


def _atom(marked: str, start: int, names: Mapping[str, str]) -> _Edit:
    """What Discord shows in place of code, a mention, an emoji or a link."""
    end = start + len(marked)
    if fence := _FENCE.fullmatch(marked):
        return _Edit(start, end, html=f"<pre>{escape(fence[1])}</pre>", is_block=True)
    if code := _CODE.fullmatch(marked):
        return _Edit(start, end, html=f"<code>{escape(code[2].strip())}</code>")
    if mention := _MENTION.fullmatch(marked):
        shown = "@" + names.get(mention[1], "somebody")
    elif emoji := _EMOJI.fullmatch(marked):
        shown = f":{emoji[1]}:"
    elif command := _COMMAND.fullmatch(marked):
        shown = command[1]
    elif link := _LINK.fullmatch(marked):
        shown = f"{link[1]} ({link[2]})"
    else:
        shown = marked
    return _Edit(start, end, html=escape(plain(shown)))


@dataclass(slots=True)
class _Line:
    """A line on its way to HTML; `mark` is the sign at its beginning that Discord reads."""

    parts: list[str] = field(default_factory=list)
    mark: str = ""
    is_begun: bool = False
    is_block: bool = False

    @property
    def html(self) -> str:
        return "".join(self.parts) if self.is_begun else ""


class _Writer:
    """Writes lines each of which closes what it opens: a tag may reach over many."""

    def __init__(self) -> None:
        self.lines = [_Line()]
        self._open: list[str] = []

    def write(self, text: str) -> None:
        first, *others = text.split("\n")
        self._add(first)
        for other in others:
            self._break()
            self._add(other)

    def apply(self, edit: _Edit) -> None:
        if edit.opens:
            self._open.append(edit.opens)
            self.lines[-1].parts.append(_TAGS[edit.opens][0])
        elif edit.closes:
            self._close(edit.closes)
        elif edit.is_block:
            self._break()
            self.lines[-1] = _Line([edit.html], is_begun=True, is_block=True)
            self._break(closes=False)
        else:
            self.lines[-1].parts.append(edit.html)
            self.lines[-1].is_begun = True

    def _add(self, text: str) -> None:
        line = self.lines[-1]
        if not line.is_begun and (mark := _LINE_MARK.match(text)):
            line.mark, text = mark[1], text[mark.end() :]
        if text.strip():
            line.is_begun = True
        line.parts.append(escape(_ESCAPED.sub(r"\1", text)))

    def _close(self, tag: str) -> None:
        """Close *tag*; what was opened within it and is not yet closed opens again behind it."""
        at = len(self._open) - 1 - self._open[::-1].index(tag)
        inner = self._open[at + 1 :]
        parts = self.lines[-1].parts
        parts += [_TAGS[each][1] for each in reversed(self._open[at:])]
        parts += [_TAGS[each][0] for each in inner]
        self._open[at:] = inner

    def _break(self, *, closes: bool = True) -> None:
        if closes:
            self.lines[-1].parts += [_TAGS[each][1] for each in reversed(self._open)]
        self.lines.append(_Line([_TAGS[each][0] for each in self._open]))


def _paragraphs(lines: Sequence[_Line]) -> Iterator[str]:
    """Group lines as Discord shows them."""
    paragraph: list[str] = []
    kind = ""
    is_quoted = False  # `>>>` quotes all that follows
    for line in lines:
        is_quoted = is_quoted or line.mark == ">>>"
        of_kind = _kind(line, is_quoted=is_quoted)
        if of_kind != kind or kind not in _KINDS_OF_MANY_LINES:
            yield from _wrapped(paragraph, kind)
            paragraph, kind = [], of_kind
        if line.html:
            paragraph.append(f"• {line.html}" if line.mark in _BULLETS else line.html)
    yield from _wrapped(paragraph, kind)


def _kind(line: _Line, *, is_quoted: bool) -> str:
    if not line.html:
        return "blank"
    if line.is_block:
        return "block"
    if is_quoted or line.mark == ">":
        return "quote"
    return {"-#": "small"}.get(line.mark, "heading" if line.mark.startswith("#") else "text")


def _wrapped(lines: Sequence[str], kind: str) -> Iterator[str]:
    if not lines:
        return
    text = "<br>".join(lines)
    if kind == "block":
        yield text
    elif kind == "quote":
        yield f'<blockquote><p dir="auto">{text}</p></blockquote>'
    else:
        yield (
            f'<p dir="auto" class="{kind}">{text}</p>'
            if kind != "text"
            else f'<p dir="auto">{text}</p>'
        )
