"""Where the whole sentences of an unfinished text end."""

import re

from bot.core.closing import without_dangling

_CLOSING = "\"'\u201d\u2019\u00bb)*_`|~"
_WIDE = "\u3002\uff01\uff1f\u300d\u300f\uff09"
_MARKS = ".!?\u2026"
# A mark that ends a sentence, with what closes behind it; or a quotation that
# ends without one: `"hi"`; or a line that does. Blank space or the text's end
# must follow. Quantifiers are possessive, lest a page of dots cost a minute.
_END = re.compile(
    f"(?<![{_MARKS}])(?:(?<=\\S)|(?<=\\w[ \u00a0\u202f]))[{_MARKS}]++[{_CLOSING}]*+(?=\\s|\\Z)"
    '|(?<=\\w)["\u201d](?=\\s|\\Z)'
    "|[\u3002\uff01\uff1f]++[\u300d\u300f\u201d\uff09]*+|(?<=\\w)[\u300d\u300f]"
    "|(?<=[\\w*_~)\\]])(?=[^\\S\\n]*\\n)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Lt|vs|etc|e\.g|i\.e)|\b[A-Z]|(?:\A|\n)\s*\d{1,3})\.\Z"
)
_LAST = _MARKS + _CLOSING + _WIDE
_LONGEST_ABBREVIATION = 12


def last_sentence_end(text: str, start: int = 0, *, whole: bool = True) -> int:
    """Return where the last whole sentence ends; *start* if none ends behind it.

    Unless the text is *whole*, an end at its very end does not count: what
    comes next may belong to it, as in `3.14`.
    """
    # The marks that end a sentence may have begun before the start.
    begin = len(text[:start].rstrip(_LAST))
    for match in reversed(list(_END.finditer(text, begin))):
        end = match.end()
        if end <= start:
            break
        if (
            (whole or end < len(text))
            and not _says_nothing(text, end)
            and not _abbreviates(text, end)
        ):
            return end
    return start


def ends_a_sentence(text: str) -> bool:
    """Whether a sentence is over where *text* ends and a blank follows."""
    if not text or text[-1] not in _LAST:  # most words: this is asked behind each of them
        return False
    return last_sentence_end(text, max(0, len(text) - 1)) == len(text)


def _says_nothing(text: str, end: int) -> bool:
    said = text[:end]
    return not said[:-1].strip() or without_dangling(said) != said


def _abbreviates(text: str, end: int) -> bool:
    said = text[max(0, end - _LONGEST_ABBREVIATION) : end]
    return said.endswith(".") and bool(_ABBREVIATION.search(said))
