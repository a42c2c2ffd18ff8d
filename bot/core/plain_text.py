"""Text as people meant it: without what cannot be seen and only confuses."""

import re

# Line breaks of every kind become the one kind that prompts know.
_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

# Invisible characters that hide or reorder text. Zero-width joiner and
# non-joiner stay: emoji and Persian need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls but tab and newline
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks, zero-width space
    "\u202a-\u202e\u2060-\u206f"  # bidirectional controls, invisible operators
    "\ufeff\ufff9-\ufffb"  # byte order mark, annotations
    "\ud800-\udfff"  # halves of characters: no encoding takes them
    "\U000e0000-\U000e007f]"  # tags: a second, hidden alphabet
)

# Three marks on a letter are more than any living script stacks from these
# blocks; what is beyond only eats tokens and spills over other lines.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_HEAPED_MARKS = re.compile(f"({_MARK}{{3}}){_MARK}+")
_A_MARK = re.compile(_MARK)

_PLAIN_BYTES = bytes((*b"\t\n", *range(ord(" "), 0x7F)))


def plain(text: str) -> str:
    """Return *text* with one kind of line break and nothing invisible in it."""
    # A prompt is made of many texts, and nearly all are plain as they come: with
    # plain ASCII out of the way, a few quotation marks are left to look at.
    odd = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    if not odd:
        return text
    rare = odd.decode("utf-8", "surrogatepass")
    if not rare.isprintable():  # nothing that is to go is printable
        text = without_invisible(_BREAKS.sub("\n", text))
    return _HEAPED_MARKS.sub(r"\1", text) if _A_MARK.search(rare) else text


def without_invisible(text: str) -> str:
    """Return *text* without control, direction and zero-width characters."""
    return _INVISIBLE.sub("", text)


def utf16_units(text: str) -> int:
    """Count *text* in UTF-16 units: never fewer than its characters."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def shortened(text: str, most: int) -> str:
    """*text* as one line of at most so many characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
