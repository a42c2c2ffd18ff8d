"""Names that can stand where they are put: in a prompt, over a message."""

import re
import unicodedata
from functools import lru_cache

from bot.core.plain_text import plain, utf16_units
from bot.core.split import MESSAGE_UNITS

NAME_CHARACTERS = 32
_NAME_READ = 8 * NAME_CHARACTERS  # enough where most of a name is taken out
_NAMES_KNOWN = 1024  # of the scenes that are played just now; a prompt says each many times
WEBHOOK_NAME_UNITS = 80  # Discord's limit for the name of a webhook message

# A colon ends the name of a speaker, a hash begins a header, and brackets make
# special tokens and length modifiers.
_BREAKS_A_LINE = re.compile(r"[:#\[\]{}<>|]")

_HAIR_SPACE = "\u200a"  # narrow enough not to show, wide enough for Discord's filter
_FORBIDDEN = re.compile(r"(c)(lyde)|(d)(iscord)", re.IGNORECASE)
_FORBIDDEN_WHOLE = re.compile(r"(e)(veryone)|(h)(ere)", re.IGNORECASE)
_NAME_LINE = re.compile(r"\A\*\*(?:\\.|[^\\*\n])+\*\*\n")
_BLANKS_BUT_HAIR = re.compile(rf"[^\S{_HAIR_SPACE}]+")


def clean_name(name: str, *, fallback: str) -> str:
    """Make *name* fit to begin a speaker's line: `Name: what was said`.

    One line of at most 32 characters without colons, hashes and brackets.
    Cleaning a clean name changes nothing. *fallback*, a clean name, stands in
    for a name of which nothing is left.
    """
    return _speakable(name[:_NAME_READ]) or fallback


@lru_cache(maxsize=_NAMES_KNOWN)
def _speakable(name: str) -> str:
    once = _normal(name)
    # Taking something out may bring together what then composes, or heaps up.
    while (again := _normal(once)) != once:
        once = again
    return once


def _normal(name: str) -> str:
    if not name.isascii():
        visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
        name = unicodedata.normalize("NFKC", visible)
    spoken = _BREAKS_A_LINE.sub(" ", plain(name))
    return " ".join(spoken.split())[:NAME_CHARACTERS].rstrip()


def webhook_name(name: str, *, fallback: str = "Character") -> str:
    """Make *name* fit to stand over a webhook's message.

    Discord refuses names that contain "clyde" or "discord" and would let one
    pass for everyone or here: a hair space after the first letter breaks both.
    """
    shown = _BLANKS_BUT_HAIR.sub(" ", plain(name)).strip()
    shown = _FORBIDDEN.sub(_broken, shown)
    if _FORBIDDEN_WHOLE.fullmatch(shown.lstrip("@")):
        shown = _FORBIDDEN_WHOLE.sub(_broken, shown)
    while utf16_units(shown) > WEBHOOK_NAME_UNITS:
        shown = shown[:-1]
    return shown.strip() or fallback


def under_name(name: str, text: str) -> str:
    """Return *text* below a line with *name* in bold, if both fit into a message.

    So a character speaks where there are no webhooks.
    """
    marked = "".join(f"\\{sign}" if sign in "\\*_~`|" else sign for sign in name)
    named = f"**{marked}**\n{text}"
    return named if utf16_units(named) <= MESSAGE_UNITS else text


def without_name(text: str) -> str:
    """Undo `under_name`."""
    return _NAME_LINE.sub("", text, count=1)


def _broken(match: re.Match[str]) -> str:
    first, rest = (part for part in match.groups() if part is not None)
    return f"{first}{_HAIR_SPACE}{rest}"
