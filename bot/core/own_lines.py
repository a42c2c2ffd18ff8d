"""What the model writes for a player, made fit to be sent as the player's own line."""

import re
from collections.abc import Sequence

from bot.core.closing import closers
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.plain_text import plain, utf16_units
from bot.core.sentences import last_sentence_end
from bot.core.triggers import is_out_of_character

DRAFT_UNITS = 1_600
"""UTF-16 units of a draft: it stands in a message, below a line of ours."""
ACTION_UNITS = 80
"""Of a suggested action: as much as Discord writes on a button."""
HINT_CHARACTERS = 200
SUGGESTIONS = 3

_LETTERS = re.compile(r"\W+")
_CUT = "…"


def as_draft(text: str) -> str:
    """Return *text*, shortened to whole sentences where it is too long for a draft."""
    return _fitted(plain(text).strip(), DRAFT_UNITS)


def as_action(text: str) -> str:
    """Return the beginning of *text* as one short line; empty where it says nothing."""
    return _fitted(" ".join(plain(text).split()), ACTION_UNITS)


def is_news(action: str, others: Sequence[str]) -> bool:
    """Whether *action* says something, and something else than each of *others*."""
    said = _said(action)
    return bool(said) and all(said != _said(other) for other in others)


def hint_of(text: str) -> str:
    """A member's hint in one line, as long as one may be."""
    return " ".join(plain(text).split())[:HINT_CHARACTERS].rstrip()


def hinted(player: str, hint: str) -> str:
    """What the model is told of a hint; empty without one."""
    return f"{player} goes on: {hint}" if hint else ""


def sendable(text: str) -> str:
    """Return *text* as it is sent.

    Raises:
        UserError: it is no line of the story, or too long.
    """
    line = plain(text).strip()
    if not line:
        raise UserError(phrase("There are no words in this line."))
    if utf16_units(line) > DRAFT_UNITS:
        raise UserError(
            phrase(
                "A line that I send for you has at most {draft_units:,} characters.",
                draft_units=DRAFT_UNITS,
            )
        )
    if is_out_of_character(line):
        raise UserError(phrase("This line is out of character, so it is no part of the story."))
    return line


def _fitted(text: str, most: int) -> str:
    if utf16_units(text) <= most:
        return text
    cut = _shortened(text, most - len(_CUT))
    # What closes an emphasis or a quotation needs room, too.
    while utf16_units(cut + closers(cut)) > most:
        cut = cut[:-1].rstrip()
    return cut + closers(cut)


def _shortened(text: str, most: int) -> str:
    """As many whole sentences as fit, else as many words."""
    cut = text[:most]
    while utf16_units(cut) > most:
        cut = cut[:-1]
    if end := last_sentence_end(cut, whole=False):
        return cut[:end]
    ends_a_word = text[len(cut) : len(cut) + 1].isspace()
    words = cut if ends_a_word else cut.rpartition(" ")[0] or cut
    return words.rstrip() + _CUT


def _said(text: str) -> str:
    return _LETTERS.sub(" ", text).casefold().strip()
