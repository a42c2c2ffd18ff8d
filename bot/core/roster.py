"""The roster: characters that members have brought along or made up themselves.

The host's characters come from files and play for everybody. One of the roster
belongs to a member, and plays for them everywhere or for a whole server.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.cards.portrait import Portrait
from bot.core.characters import Character, Rating
from bot.core.scene import CharacterKey, GuildId, MessageId, UserId

MOST_OF_MEMBER = 50
MOST_IN_SERVER = 100
MOST_RETIRED = 25
"""Deleted ones of a member that scenes may still play with; older ones are forgotten."""
MOST_RAW = 512 * 1024
"""Bytes of a card, packed, without its portrait."""
MEMBERS = "~"
"""Before the key of a character of the roster; no file's name becomes such a key."""


class Visibility(StrEnum):
    """For whom a character plays: its owner everywhere, or everybody in one server."""

    ME = "me"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Entry:
    """What lists tell of a character of the roster.

    Attributes:
        guild: where it plays for everybody; None if it is the owner's alone.
        rating: never lowered again.
        is_minor: states an age under 18, or is described as a child.
        at_ms: when it was taken in, in Unix milliseconds.
        version: grows with every change; 0 before the first one is stored.
        is_retired: deleted: nobody finds it, and scenes that have it go on.
    """

    key: CharacterKey
    owner: UserId
    name: str
    tagline: str = ""
    guild: GuildId | None = None
    rating: Rating = Rating.EVERYONE
    is_minor: bool = False
    at_ms: int = 0
    version: int = 0
    is_retired: bool = False

    @property
    def visibility(self) -> Visibility:
        return Visibility.ME if self.guild is None else Visibility.SERVER


@dataclass(frozen=True, slots=True)
class Stored:
    """A character of the roster as it is kept.

    Attributes:
        raw: the card's file, byte for byte, or what was read of its picture, as JSON.
        filename: of that file: says what a nameless card is called.
    """

    entry: Entry
    raw: bytes
    filename: str = ""
    portrait: Portrait | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks for characters, and in which server; None in direct messages."""

    user: UserId
    guild: GuildId | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A character that somebody may choose. `owner` is None for the host's."""

    key: CharacterKey
    name: str
    tagline: str
    rating: Rating
    is_minor: bool
    owner: UserId | None = None


def member_character_key(event: MessageId) -> CharacterKey:
    """Name a character after the interaction that brings it: twice the same is once."""
    return CharacterKey(f"{MEMBERS}{event}")


def is_members(key: CharacterKey) -> bool:
    """Whether *key* is of the roster."""
    return key.startswith(MEMBERS) and key[1:].isdecimal()


def sees(viewer: Viewer, entry: Entry) -> bool:
    """Whether *viewer* may choose, see and export it."""
    is_shared = entry.guild is not None and entry.guild == viewer.guild
    return not entry.is_retired and (entry.owner == viewer.user or is_shared)


def of_host(character: Character) -> Choice:
    """One of the host's characters as a choice."""
    return Choice(
        character.key, character.name, character.tagline, character.rating, character.is_minor
    )


def of_member(entry: Entry) -> Choice:
    """One of the roster as a choice."""
    return Choice(
        entry.key, entry.name, entry.tagline, entry.rating, entry.is_minor, owner=entry.owner
    )


def matching(text: str, choices: Iterable[Choice]) -> Sequence[Choice]:
    """Those whose key, name or tagline holds *text*, the best ones first."""
    wanted = text.strip().casefold()
    hits: list[tuple[int, str, Choice]] = []
    for choice in choices:
        name = choice.name.casefold()
        if name.startswith(wanted) or choice.key.startswith(wanted):
            hits.append((0, name, choice))
        elif wanted in name or wanted in choice.tagline.casefold():
            hits.append((1, name, choice))
    return [hit[2] for hit in sorted(hits, key=lambda hit: hit[:2])]


def named(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The one of that key or name; among those of the same name the first."""
    wanted = text.strip().casefold()
    by_key = next((each for each in choices if each.key == wanted), None)
    return by_key or next((each for each in choices if each.name.casefold() == wanted), None)
