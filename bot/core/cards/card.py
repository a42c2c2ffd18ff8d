"""The values of a character card: V2's data, with what V3 adds.

The document that was read stays with them, so that an export gives back what
nothing here knows the meaning of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.cards.archive import Member
from bot.core.characters import Rating
from bot.core.errors import UserError
from bot.core.lorebook import DEPTH, Book

Json = Mapping[str, object]


class CardFileError(UserError):
    """There is no card in the file that can be read; `str()` says what to do."""


class CardRefused(CardFileError):
    """The card can be read, and is never taken, whatever anybody sets."""


@dataclass(frozen=True, slots=True)
class DepthPrompt:
    """A note of the card's author, told again with every reply."""

    prompt: str
    depth: int = DEPTH
    role: str = "system"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that belongs to a card."""

    type: str
    uri: str
    name: str = ""
    ext: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A character as its author wrote it down; empty texts and lists for what is not said.

    Attributes:
        spec: what it was written as: v1, v2, v3, the name of a program, or lorebook.
        is_minor: it states an age under 18, or describes a child: never to be rated adult.
        assets: what belongs to it; where that lies depends on the kind of file.
        avatar: the path of its portrait within an archive.
        picture: the portrait's file, of whatever kind.
        members: the files of an archive, as they lie there.
        document: what was read; written again on export.
        warnings: every repair, a sentence each.
    """

    name: str
    description: str = ""
    personality: str = ""
    scenario: str = ""
    first_mes: str = ""
    mes_example: str = ""
    creator_notes: str = ""
    system_prompt: str = ""
    post_history_instructions: str = ""
    alternate_greetings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    creator: str = ""
    character_version: str = ""
    character_book: Book | None = None
    extensions: Json = field(default_factory=dict, hash=False)
    nickname: str = ""
    creator_notes_multilingual: Mapping[str, str] = field(default_factory=dict, hash=False)
    group_only_greetings: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    creation_date: int | None = None
    modification_date: int | None = None
    assets: tuple[Asset, ...] = field(default=(), compare=False)
    depth_prompt: DepthPrompt | None = None
    rating: Rating = Rating.EVERYONE
    is_minor: bool = False
    spec: str = field(default="v3", compare=False)
    avatar: str | None = field(default=None, compare=False)
    picture: bytes | None = field(default=None, compare=False, repr=False)
    members: tuple[Member, ...] = field(default=(), compare=False, repr=False)
    document: Json = field(default_factory=dict, hash=False, compare=False, repr=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def greetings(self) -> tuple[str, ...]:
        """What it may open a scene with; the first is the usual one."""
        return tuple(text for text in (self.first_mes, *self.alternate_greetings) if text.strip())

    @property
    def is_only_lore(self) -> bool:
        """Whether there is a lorebook here and no character."""
        said = (self.description, self.personality, self.scenario, self.system_prompt)
        return self.character_book is not None and not self.greetings and not any(said)
