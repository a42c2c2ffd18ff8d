"""A character, as the story needs it."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.lengths import Length
from bot.core.scene import CharacterKey, Role


class Rating(StrEnum):
    """Who a character is for; `ADULT` plays in age-restricted channels only."""

    EVERYONE = "everyone"
    ADULT = "adult"


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """One line of example dialogue: who says it, and what."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Character:
    """Who speaks.

    Attributes:
        key: the name members choose it by; unique, lower case.
        name: as it stands over its messages and in the prompt.
        tagline: a sentence for lists and autocomplete.
        persona: goes into every prompt, whole.
        greetings: what it may open a scene with; the first is the usual one.
        examples: dialogue that shows its voice.
        is_minor: states an age under 18, or is described as a child.
        avatar: PNG bytes, or None.
    """

    key: CharacterKey
    name: str
    persona: str
    tagline: str = ""
    scenario: str = ""
    greetings: tuple[str, ...] = ()
    examples: tuple[ExampleLine, ...] = ()
    length: Length | None = None
    rating: Rating = Rating.EVERYONE
    is_minor: bool = False
    avatar: bytes | None = None


def filled(text: str, *, char: str, user: str) -> str:
    """Put the names in for `{{char}}` and `{{user}}`. Never used on what players write."""
    return text.replace("{{char}}", char).replace("{{user}}", user)
