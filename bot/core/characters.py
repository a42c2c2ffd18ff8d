"""A character, as the story needs it."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.lengths import Length
from bot.core.lorebook import Book
from bot.core.scene import CharacterKey, Role
from bot.core.script import Note


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
        group_greetings: further ones for scenes in which several play.
        examples: dialogue that shows its voice.
        is_minor: states an age under 18, or is described as a child.
        avatar: PNG bytes, or None.
        nickname: what `{{char}}` stands for, if that is not the name.
        system_prompt, post_history: what its author tells the model at the beginning
            and at the end of every prompt; depth_prompt, so many lines before the end.
        book: background that is told when it comes up.
    """

    key: CharacterKey
    name: str
    persona: str
    tagline: str = ""
    scenario: str = ""
    greetings: tuple[str, ...] = ()
    group_greetings: tuple[str, ...] = ()
    examples: tuple[ExampleLine, ...] = ()
    length: Length | None = None
    rating: Rating = Rating.EVERYONE
    is_minor: bool = False
    avatar: bytes | None = None
    nickname: str = ""
    system_prompt: str = ""
    post_history: str = ""
    depth_prompt: Note | None = None
    book: Book | None = None
