"""Names that pass for somebody else's: a moderator's, the bot's, a system's.

Two names look alike if they have the same *skeleton* (Unicode's UTS #39): each
letter is replaced by the one it is drawn like. Beside that, case, accents, signs
and blanks do not tell two names apart here, nor do `i` and `l`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.core.errors import UserError
from bot.core.lookalike_table import LOOKALIKES
from bot.core.names import NAME_CHARACTERS, clean_name
from bot.core.phrases import phrase, template
from bot.core.plain_text import shortened

_SKELETONS_KNOWN = 4_096
_NAME_SHOWN = 40
_CHARACTERS_MARK = " (character)"

_MARKS = re.compile("[\u0300-\u036f\u115f\u1160]")  # and letters that show nothing
_WORDS = re.compile(r"[\W_]+")
_DRAWN_LIKE = str.maketrans(
    {
        sign: like
        for like, _, signs in (entry.partition(":") for entry in LOOKALIKES.split())
        for sign in signs
    }
)

_SYSTEM = "discord clyde system everyone here admin admins administrator administrators automod"
_STAFF = "mod mods moderator moderators staff"
_TITLES = "the a an of official bot team support help helper server channel guild chat app owner"


class Whose(StrEnum):
    """To whom a name belongs that nobody else may have."""

    MODERATOR = "moderator"
    BOT = "bot"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name that is somebody's already."""

    name: str
    whose: Whose


_IS_LIKE = {
    Whose.MODERATOR: template(
        "“{shown}” looks like a moderator's name here. Please choose another name."
    ),
    Whose.BOT: template("“{shown}” looks like my own name here. Please choose another name."),
    Whose.CHARACTER: template(
        "“{shown}” looks like a character's name here. Please choose another name."
    ),
}


class NameTaken(UserError):
    """A name could pass for somebody else's; `str()` says whose."""


def fit_name(name: str, known: Iterable[KnownName] = ()) -> str:
    """Return *name* fit for a prompt and over messages, if it is nobody else's.

    Raises:
        NameTaken: it looks like a name of *known*, of Discord's, or of a server's staff.
        UserError: nothing is left of it that could be read.
    """
    cleaned = clean_name(name, fallback="")
    if not skeletons(cleaned):
        raise UserError(phrase("A name has at least one letter or digit."))
    shown = shortened(cleaned, _NAME_SHOWN)
    if _is_reserved(cleaned):
        raise NameTaken(
            phrase(
                "“{shown}” looks like a name of Discord's or of a server's staff. "
                "Please choose another name.",
                shown=shown,
            )
        )
    for each in known:
        if looks_like(cleaned, each.name):
            raise NameTaken(phrase(_IS_LIKE[each.whose], shown=shown))
    return cleaned


def distinct_name(name: str, known: Iterable[KnownName] = (), *, fallback: str) -> str:
    """Return a character's *name* so that it is nobody else's; a mark tells it apart.

    *fallback* stands in for a name of which nothing is left.
    """
    cleaned = clean_name(name, fallback=fallback)
    try:
        return fit_name(cleaned, known)
    except UserError:
        cut = cleaned[: NAME_CHARACTERS - len(_CHARACTERS_MARK)].rstrip()
        return cut + _CHARACTERS_MARK


def looks_like(name: str, other: str) -> bool:
    """Whether *name* could pass for *other*, whatever titles stand beside either."""
    drawn, others = (skeletons(each) | skeletons(_without_titles(each)) for each in (name, other))
    return not drawn.isdisjoint(others)


@lru_cache(maxsize=_SKELETONS_KNOWN)
def skeletons(name: str) -> frozenset[str]:
    """How *name* is drawn, as it stands and in small letters; empty if it has no letters.

    Both, because some letters look like others in one case only.
    """
    whole = unicodedata.normalize("NFKC", name)
    return frozenset({_drawn(whole), _drawn(whole.casefold())} - {""})


def _drawn(text: str) -> str:
    small = _replaced(_replaced(text).casefold())
    return "".join(char for char in small.casefold() if char.isalnum()).replace("i", "l")


def _replaced(text: str) -> str:
    # Some letters with a mark are one letter to Unicode, such as ø.
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return _MARKS.sub("", unicodedata.normalize("NFD", bare.translate(_DRAWN_LIKE)))


def _words_of(words: str) -> frozenset[str]:
    return frozenset(skeleton for word in words.split() for skeleton in skeletons(word))


_RESERVED = _words_of(f"{_SYSTEM} {_STAFF}")
_BESIDE = _words_of(_TITLES)


def _is_reserved(name: str) -> bool:
    """Whether it says nothing but who rules here, in one word or several."""
    if not _RESERVED.isdisjoint(skeletons(name)):
        return True
    words = [skeletons(word) for word in _WORDS.split(name) if skeletons(word)]
    rules = [not _RESERVED.isdisjoint(word) for word in words]
    return any(rules) and all(
        rule or not _BESIDE.isdisjoint(word) for rule, word in zip(rules, words, strict=True)
    )


def _without_titles(name: str) -> str:
    titles = _RESERVED | _BESIDE
    return " ".join(word for word in _WORDS.split(name) if titles.isdisjoint(skeletons(word)))
