"""How a text that ends early is closed."""

import re

from bot.core.markup import spans

# Marks that only open where a blank stands in front of them.
_OPENING = '"*_~|\u201c\u201e\u00ab\u2018(['
_FENCE = "```"
_QUOTES = (('"', '"'), ("\u201c", "\u201d"))


def without_dangling(text: str) -> str:
    """Return *text* without marks at its end that only open: `He says: "`."""
    while text and text[-1] in _OPENING:
        if text.endswith(_FENCE) and text.count(_FENCE) % 2 == 0:
            break  # on a line of its own it closes as well
        bare = text.rstrip(_OPENING)
        if bare and not bare[-1].isspace():
            break
        text = bare.rstrip()
    return text


def closers(text: str) -> str:
    """Return what closes the markup and the quotation left open at the end."""
    paragraph = text.rfind("\n\n") + 1
    open_spans = [span for span in spans(text) if span.end is None and span.opening]
    if any(span.closing.startswith("\n") for span in open_spans):
        return "\n```"
    missing = [(span.start, span.closing) for span in open_spans if span.start >= paragraph]
    if without_dangling(text) == text:
        missing += _open_quotes(text, paragraph)
    return "".join(closing for _, closing in sorted(missing, reverse=True))


def _open_quotes(text: str, paragraph: int) -> list[tuple[int, str]]:
    found = []
    for opening, closing in _QUOTES:
        marks = [
            (match.start(), match.group())
            for match in re.compile(f"[{opening}{closing}]").finditer(text, paragraph)
        ]
        if opening == "\u201c" and "\u201e" in text[paragraph:]:
            continue  # where that mark opens, this one closes
        if opening == closing:
            # The odd one out may have closed a quotation that nothing opened.
            is_open = len(marks) % 2 == 1 and bool(text[marks[-1][0] + 1 :][:1].strip())
        else:
            is_open = bool(marks) and marks[-1][1] == opening
        if is_open:
            found.append((marks[-1][0], closing))
    return found
