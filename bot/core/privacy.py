"""What is left of a story without somebody: they are neither quoted nor named in it."""

import re
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bot.core.quotes import as_quoted
from bot.core.scene import GuildId, Role, Scene, SceneHead, Turn, UserId

SOMEBODY = "someone"
"""Stands for whoever is not to be named."""


class Reach(StrEnum):
    """Where somebody's data is."""

    HERE = "here"
    SERVER = "server"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody is not to be stored: in one server, or with None anywhere."""

    user: UserId
    guild: GuildId | None = None


class RefusalStore(Protocol):
    """Who is not to be stored. Every method raises StoreUnavailable or StoreRefusesWrites."""

    async def version(self) -> str:
        """Another after every change."""
        ...

    async def refusals(self) -> tuple[str, frozenset[Refusal]]:
        """All of them, and the version that has them."""
        ...

    async def put(self, refusal: Refusal, at_ms: int) -> None:
        """Note one; noted twice, it is noted."""
        ...

    async def drop(self, refusal: Refusal) -> None:
        """Take one back."""
        ...


def without(scene: Scene, users: Container[UserId]) -> Scene:
    """*scene* as if *users* had never written in it; the same one if they have not.

    Their turns go, what others' turns quote of them, and they are no players. Their
    names, unless others have them too, are the head's `unnamed`.
    """
    theirs = [turn for turn in scene.turns if turn.author is not None and turn.author in users]
    head = without_players(scene.head, users)
    if not theirs and head is scene.head:
        return scene
    gone = {turn.id for turn in theirs}
    kept = [turn for turn in scene.turns if turn.id not in gone]
    names = names_of(theirs) | head.unnamed
    said = {as_quoted(turn.name, text) for turn in theirs for text in (*turn.swipes, *turn.parts)}
    turns = tuple(_unquoted(turn, names, said) for turn in kept)
    others = {*head.players.values(), head.character_name, *(turn.name for turn in turns)}
    return Scene(replace(head, unnamed=frozenset(names - others)), turns)


def names_of(turns: Iterable[Turn]) -> frozenset[str]:
    """Under which names somebody has played in *turns* of theirs; a narrator's is nobody's."""
    return frozenset(turn.name for turn in turns if turn.role is Role.PLAYER and turn.name)


def without_players(head: SceneHead, users: Container[UserId]) -> SceneHead:
    """*head* with nobody of *users* among those who play; the same one if nobody is."""
    gone = {user: name for user, name in head.players.items() if user in users}
    if not gone:
        return head
    kept = {user: name for user, name in head.players.items() if user not in gone}
    unnamed = {*gone.values(), *head.unnamed} - {*kept.values(), head.character_name}
    return replace(head, players=kept, unnamed=frozenset(unnamed))


def nameless(scene: Scene) -> Scene:
    """*scene* with none of its head's `unnamed` in what is told of it."""
    head = scene.head
    names = sorted((name for name in head.unnamed if name.strip()), key=len, reverse=True)
    if not names:
        return scene
    listed = "|".join(map(re.escape, names))
    pattern = re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)

    def told(text: str) -> str:
        return pattern.sub(SOMEBODY, text)

    turns = tuple(
        replace(
            turn,
            quoted=told(turn.quoted),
            swipes=tuple(map(told, turn.swipes)),
            facts={name: told(text) for name, text in turn.facts.items()},
        )
        for turn in scene.turns
    )
    head = replace(
        head,
        scenario=told(head.scenario),
        note=told(head.note),
        instruction=told(head.instruction),
    )
    return Scene(head, turns)


def _unquoted(turn: Turn, names: Collection[str], said: Container[str]) -> Turn:
    """*turn* without a quote of somebody, known by their name or by what they said."""
    if not turn.quoted:
        return turn
    is_theirs = any(turn.quoted.startswith(f"{name}: “") for name in names)
    return replace(turn, quoted="") if is_theirs or turn.quoted in said else turn


class Kind(StrEnum):
    """Of what a receipt counts."""

    CHANNELS = "channels"
    LINES = "lines"
    QUOTES = "quotes"
    SAVES = "saves"
    STORIES = "stories"
    PERSONAS = "personas"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A receipt: how much of somebody was forgotten.

    Attributes:
        stories: scenes that only they had played, which went whole.
        quotes: others' lines that quoted them.
        saves: saved stories that held something of theirs.
        file_is_new: whether Redis' own file was written anew since; None if it keeps none.
    """

    channels: int = 0
    lines: int = 0
    stories: int = 0
    quotes: int = 0
    saves: int = 0
    personas: int = 0
    characters: int = 0
    missed: int = 0
    file_is_new: bool | None = None

    def counts(self) -> Mapping[Kind, int]:
        """How much was forgotten, by kind."""
        return {
            Kind.CHANNELS: self.channels,
            Kind.LINES: self.lines,
            Kind.QUOTES: self.quotes,
            Kind.SAVES: self.saves,
            Kind.STORIES: self.stories,
            Kind.PERSONAS: self.personas,
            Kind.CHARACTERS: self.characters,
        }
