"""Who may play where, as far as age goes: one function decides, and nothing switches it off.

An adult character plays only where Discord's channel is age-restricted; one who
is described as under 18 never plays there. A thread has its parent's flag.
"""

from collections.abc import Iterable
from typing import Protocol

from bot.core.characters import Character, Rating
from bot.core.errors import UserError
from bot.core.phrases import joined, phrase

UNKNOWN_PLACE = phrase(
    "I cannot tell whether this channel is age-restricted. Please try again in a moment."
)


class Rated(Protocol):
    """As much of a character, or of a choice of one, as decides where it plays."""

    @property
    def name(self) -> str: ...

    @property
    def rating(self) -> Rating: ...

    @property
    def is_minor(self) -> bool: ...


def why_not(character: Rated, *, is_age_restricted: bool | None) -> str:
    """Say why *character* may not play there; empty if it may.

    Args:
        is_age_restricted: whether the channel is; None if nobody knows.
    """
    is_adult = character.rating is Rating.ADULT
    if is_adult and character.is_minor:
        return phrase(
            "{name} is described as under 18 and rated adult, and plays nowhere.",
            name=character.name,
        )
    if is_age_restricted is None and (is_adult or character.is_minor):
        return UNKNOWN_PLACE
    if is_adult and not is_age_restricted:
        return phrase(
            "{name} is for adults and plays only in age-restricted channels.", name=character.name
        )
    if character.is_minor and is_age_restricted:
        return phrase(
            "{name} is described as under 18 and never plays in an age-restricted channel.",
            name=character.name,
        )
    return ""


def check_age(character: Character, *, is_age_restricted: bool | None) -> None:
    """Raise UserError where *character* may not play."""
    if reason := why_not(character, is_age_restricted=is_age_restricted):
        raise UserError(reason)


def why_paused(people: Iterable[Character], *, is_age_restricted: bool | None) -> str:
    """Say why a scene with *people* waits; empty if it goes on."""
    for character in people:
        if reason := why_not(character, is_age_restricted=is_age_restricted):
            return joined(reason, phrase("The scene waits until the channel is changed back."))
    return ""


def is_gated(people: Iterable[Character]) -> bool:
    """Whether it matters to *people* where they play."""
    return any(each.rating is Rating.ADULT or each.is_minor for each in people)
