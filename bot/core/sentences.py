"""Where the last whole sentence of an unfinished text ends."""

import re

# A mark that ends a sentence, with what closes behind it, or a quotation that
# ends without one: `"hi"`. Blank space or the text's end must follow.
_CLOSING = "[\"'\u201d\u2019\u00bb)*_`|~]*"
_END = re.compile(
    f'(?:(?:(?<=\\S)|(?<=\\w[ \u00a0\u202f]))[.!?\u2026]+{_CLOSING}|(?<=\\w)["\u201d])(?=\\s|\\Z)'
    "|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\uff09]*|(?<=\\w)[\u300d\u300f]"
)
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Lt|vs|etc|e\.g|i\.e)|\b[A-Z])\.\Z")


def last_sentence_end(text: str) -> int:
    """Return where the last whole sentence ends, 0 if none does."""
    for match in reversed(list(_END.finditer(text))):
        said = text[: match.end()]
        if said[:-1].strip() and match.group().strip("*_") and not _ABBREVIATION.search(said):
            return match.end()
    return 0
