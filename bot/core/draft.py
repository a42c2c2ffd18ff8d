"""A script made fit for a prompt, while every text still knows what it is.

`clean` and `pieces` of `prompt.py` both begin here: one folds the draft into
what the format has signs for, the other writes it down.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from bot.core.lengths import AUTO, Length
from bot.core.names import NAME_CHARACTERS, clean_name
from bot.core.plain_text import plain
from bot.core.profiles import ModelProfile
from bot.core.scene import Role
from bot.core.script import Line, Part, Persona, Position, Script

NEUTRAL_PLAYER = "User"
NEUTRAL_CHARACTER = "Character"

_PLAYERS_KNOWN = 1024
_SHORTEST_TOKEN = 2


class Entry(NamedTuple):
    """A line in its place; `at` is where a story line stands in the script as given."""

    part: Part
    line: Line
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A clean script whose texts stand in their order, but are not yet folded."""

    character: Persona
    players: tuple[Persona, ...]
    scenario: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    entries: tuple[Entry, ...]
    length: Length

    @property
    def names(self) -> Iterable[str]:
        """Everybody who may stand before a colon."""
        yield self.character.name
        yield from (player.name for player in self.players)
        yield from (entry.line.name for entry in self.entries if entry.line.name)


def draft(script: Script, profile: ModelProfile) -> Draft:
    """Clean names and texts, and put examples, lore and note in their places."""
    cleaner = Cleaner(profile)
    hero = hero_name(script)
    story = [
        Entry(Part.STORY, line, index)
        for index, given in enumerate(script.lines)
        if (line := _clean_line(given, hero, cleaner))
    ]
    players = _players(script, story, hero, cleaner)
    examples = [
        Entry(Part.EXAMPLES, _played(line, players))
        for given in script.examples
        if (line := _clean_line(given, hero, cleaner))
    ]
    _place(story, _at_depths(script, cleaner))
    return Draft(
        character=Persona(hero, cleaner.text(script.character.text)),
        players=tuple(Persona(name, text) for name, text in players.items()),
        scenario=cleaner.text(script.scenario),
        before=_lore(script, Position.BEFORE, cleaner),
        after=_lore(script, Position.AFTER, cleaner),
        entries=(*examples, *story),
        length=clean_length(script.length, profile),
    )


class Cleaner:
    """Cleans texts for one profile."""

    def __init__(self, profile: ModelProfile) -> None:
        self._profile = profile
        # What closes a block must not stand in a text either.
        closing = profile.block_end.strip()
        usable = len(closing) >= _SHORTEST_TOKEN and not any(char.isspace() for char in closing)
        self._tokens = (*profile.special_tokens, *((closing,) if usable else ()))
        self._firsts = tuple({token[0] for token in self._tokens})

    def text(self, text: str) -> str:
        """Return *text* without invisible characters, outer blanks and special tokens."""
        text = plain(text).strip()
        for first in self._firsts:
            if first in text:
                return self._broken_up(text)
        return text

    def length(self, line: Line) -> Length:
        """What may stand over *line*: nobody but a character is told a length."""
        if line.length == AUTO or line.role is not Role.CHARACTER:
            return AUTO
        return clean_length(line.length, self._profile)

    def _broken_up(self, text: str) -> str:
        unbroken = True
        while unbroken:  # breaking one may leave another that overlapped it
            before = text
            for token in self._tokens:
                text = text.replace(token, f"{token[0]} {token[1:]}")
            unbroken = text != before
        return text


def hero_name(script: Script) -> str:
    """The name of the character whose reply it is."""
    return clean_name(script.character.name, fallback=NEUTRAL_CHARACTER)


def speaker(line: Line, hero: str) -> str:
    """The name before the line's colon; empty for a narrator."""
    match line.role:
        case Role.NARRATOR:
            return ""
        case Role.CHARACTER:
            return clean_name(line.name, fallback=hero)
        case Role.PLAYER:
            return player_name(line.name, hero)


@lru_cache(maxsize=_PLAYERS_KNOWN)
def player_name(name: str, hero: str) -> str:
    """Clean a player's name so that a list of players can be read back.

    A comma and the word "and" would part it in two, and the character's own
    name would make its lines the character's.
    """
    spoken = clean_name(name, fallback=NEUTRAL_PLAYER).replace(",", " ")
    candidate = listed = _listable(spoken) or NEUTRAL_PLAYER
    for number in count(2):
        if candidate.casefold() != hero.casefold():
            break
        mark = f" ({number})"
        candidate = _listable(listed[: NAME_CHARACTERS - len(mark)]) + mark
    return candidate


def clean_length(name: str, profile: ModelProfile) -> Length:
    """The step of that name, or `AUTO` where the model is told no length."""
    step = profile.lengths.find(name) if profile.modifier else None
    return step.name if step else AUTO


def _listable(name: str) -> str:
    return " ".join("&" if word == "and" else word for word in name.split())


def _clean_line(line: Line, hero: str, cleaner: Cleaner) -> Line | None:
    text = cleaner.text(line.text)
    if not text:
        return None
    name, length = speaker(line, hero), cleaner.length(line)
    # Most lines are clean as they come, and making a new one costs more than looking.
    if text is line.text and name == line.name and length == line.length:
        return line
    return Line(line.role, name, text, length)


def _players(script: Script, story: Iterable[Entry], hero: str, cleaner: Cleaner) -> dict[str, str]:
    """Everybody who plays, with their personas: the listed ones, then who else speaks."""
    players: dict[str, str] = {}
    for player in script.players:
        name = player_name(player.name, hero)
        players[name] = players.get(name) or cleaner.text(player.text)
    for entry in story:
        if entry.line.role is Role.PLAYER:
            players.setdefault(entry.line.name, "")
    return players or {player_name(NEUTRAL_PLAYER, hero): ""}


def _played(line: Line, players: dict[str, str]) -> Line:
    if line.role is Role.PLAYER and line.name not in players:
        return replace(line, name=next(iter(players)))
    return line


def _lore(script: Script, position: Position, cleaner: Cleaner) -> tuple[str, ...]:
    texts = (cleaner.text(lore.text) for lore in script.lore if lore.position is position)
    return tuple(filter(None, texts))


def _at_depths(script: Script, cleaner: Cleaner) -> Iterator[tuple[int, Entry]]:
    """What is told at a depth: all lore, and behind it the note."""
    told = [
        (lore.depth, Part.LORE, lore.text)
        for lore in script.lore
        if lore.position is Position.DEPTH
    ]
    if script.note:
        told.append((script.note.depth, Part.NOTE, script.note.text))
    for depth, part, text in told:
        if cleaned := cleaner.text(text):
            yield depth, Entry(part, Line(Role.NARRATOR, "", cleaned))


def _place(story: list[Entry], told: Iterable[tuple[int, Entry]]) -> None:
    """Put each text before the line that is *depth* lines before the end.

    Where the story is not that long, it stands before the first line.
    """
    places: dict[int, list[Entry]] = {}
    for depth, entry in told:
        places.setdefault(max(0, len(story) - max(0, depth)), []).append(entry)
    for place in sorted(places, reverse=True):
        story[place:place] = places[place]
