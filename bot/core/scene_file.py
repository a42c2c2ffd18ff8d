"""A scene as a JSON file that people and tools write: read, and told what is wrong.

    {"character": {"name": "Lyra", "persona": "…"}, "players": [{"name": "Mara"}],
     "scenario": "…", "length": "medium", "note": {"text": "…", "depth": 4},
     "lore": [{"text": "…", "position": "before"}], "examples": [turns],
     "turns": [{"role": "player", "name": "Mara", "text": "…", "pinned": true}],
     "context_tokens": 4096, "reply_tokens": 256}

Only `character` is required, and null is the same as nothing. As in the files
of characters, `{{char}}` and `{{user}}` stand for the names, except in what
somebody says or notes during play.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from bot.core.lengths import Length, LengthStep
from bot.core.macros import Macros
from bot.core.plain_text import plain
from bot.core.profiles import ModelProfile
from bot.core.scene import Role
from bot.core.script import NOTE_DEPTH, Line, Lore, Note, Persona, Position, Script

MOST = 1_000_000
"""No number in a scene file makes sense beyond it."""
_NOBODY = "User"
"""Stands for a player where nobody is named."""
_SHOWN_CHARACTERS = 40
_LONGEST_NUMBER = 18

_Choice = TypeVar("_Choice", bound=StrEnum)


class SceneFileError(ValueError):
    """The file is no scene; `str()` is a sentence that names the field."""


@dataclass(frozen=True, slots=True)
class SceneFile:
    """What a scene file says.

    Attributes:
        script: its lines are the file's turns, one each.
        stays: indexes of lines that outlive a cut: pinned ones and the greeting.
    """

    script: Script
    stays: frozenset[int]
    context_tokens: int
    reply_tokens: int

    @property
    def budget(self) -> int:
        """How many tokens the prompt may have."""
        return self.context_tokens - self.reply_tokens


def read_scene_file(data: bytes, profile: ModelProfile) -> SceneFile:
    """Read a scene file; what it leaves open is as *profile* says.

    Raises:
        SceneFileError: it is no JSON, or a field is missing, unknown or of the wrong shape.
    """
    top = _Fields(_decoded(data), "")
    turns = list(top.objects("turns"))
    script = _names_filled_in(
        Script(
            character=_persona(top.object("character")),
            players=tuple(_persona(each) for each in top.objects("players")),
            scenario=top.text("scenario", ""),
            lore=tuple(_lore(each) for each in top.objects("lore")),
            examples=tuple(_line(each) for each in top.objects("examples")),
            lines=tuple(_line(each) for each in turns),
            note=_note(top.object("note")) if top.has("note") else None,
        )
    )
    pinned = {index for index, turn in enumerate(turns) if turn.flag("pinned")}
    for turn in turns:
        turn.refuse_unread()
    step = _step(top, profile)
    context_tokens = top.count("context_tokens", profile.context_tokens, least=1)
    reply_tokens = top.count("reply_tokens", step.max_new_tokens, least=1)
    top.refuse_unread()
    if reply_tokens >= context_tokens:
        raise SceneFileError(
            f"reply_tokens ({reply_tokens:,}) is to be less than context_tokens"
            f" ({context_tokens:,}): the prompt needs room as well."
        )
    return SceneFile(
        script=replace(script, length=step.name),
        stays=frozenset(pinned | set(_greeting(script.lines))),
        context_tokens=context_tokens,
        reply_tokens=reply_tokens,
    )


def _decoded(data: bytes) -> object:
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_Pairs, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise SceneFileError(f"The file is not UTF-8 text (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SceneFileError(f"The file is no JSON ({where}: {error.msg}).") from None
    except RecursionError:
        raise SceneFileError("The file is no scene: it is nested too deeply.") from None


class _Pairs(dict[str, object]):
    """An object that remembers the first field it was given `twice`."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.twice: str | None = None
        if len(self) < len(pairs):
            times = Counter(name for name, _ in pairs)
            self.twice = next(name for name in self if times[name] > 1)


def _whole(digits: str) -> float:
    """Read a whole number; one that is too long for any field is not worth the time."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf


def _persona(fields: "_Fields") -> Persona:
    persona = Persona(fields.text("name"), fields.text("persona", ""))
    if not persona.name.strip():
        raise SceneFileError(f"{fields.path('name')} is empty.")
    fields.refuse_unread()
    return persona


def _note(fields: "_Fields") -> Note:
    note = Note(fields.text("text"), fields.count("depth", NOTE_DEPTH))
    fields.refuse_unread()
    return note


def _lore(fields: "_Fields") -> Lore:
    lore = Lore(
        fields.text("text"),
        fields.choice("position", Position, Position.BEFORE),
        fields.count("depth", NOTE_DEPTH),
    )
    fields.refuse_unread()
    return lore


def _line(fields: "_Fields") -> Line:
    return Line(fields.choice("role", Role), fields.text("name", ""), fields.text("text"))


def _step(top: "_Fields", profile: ModelProfile) -> LengthStep:
    name = Length(top.text("length", profile.lengths.usual.name))
    step = profile.lengths.find(name)
    if step is None:
        names = [each.name for each in profile.lengths.choices]
        raise SceneFileError(f"length is to be {_listed(names)}.")
    return step


def _names_filled_in(script: Script) -> Script:
    """Say who speaks where a turn does not, and who is meant in the character's texts."""
    spoken = (line.name for line in script.lines if line.role is Role.PLAYER and line.name)
    user = script.players[0].name if script.players else next(spoken, _NOBODY)

    fill = Macros(char=script.character.name, user=user)
    return replace(
        script,
        character=replace(script.character, text=fill(script.character.text)),
        scenario=fill(script.scenario),
        lore=tuple(replace(each, text=fill(each.text)) for each in script.lore),
        examples=tuple(replace(each, text=fill(each.text)) for each in script.examples),
        lines=tuple(
            replace(line, name=user) if line.role is Role.PLAYER and not line.name else line
            for line in script.lines
        ),
    )


def _greeting(lines: Sequence[Line]) -> Iterator[int]:
    """The character's lines before the first player's; without a player, the first line."""
    played = next((at for at, line in enumerate(lines) if line.role is Role.PLAYER), 1)
    for at, line in enumerate(lines[:played]):
        if line.role is Role.CHARACTER:
            yield at


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _shown(name: str) -> str:
    """A field's name as one line can show it."""
    line = " ".join(plain(name).split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"


class _Fields:
    """An object of the file that knows where it stands and which fields were read."""

    def __init__(self, fields: object, path: str) -> None:
        if not isinstance(fields, _Pairs):
            raise SceneFileError(f"{path or 'A scene file'} is to be a JSON object.")
        self._fields = fields
        self._path = path
        self._read: set[str] = set()
        if fields.twice is not None:
            raise SceneFileError(f"{self.path(fields.twice)} stands there twice.")

    def path(self, name: str) -> str:
        """The full name of a field, as a sentence about it begins."""
        return f"{self._path}.{_shown(name)}" if self._path else _shown(name)

    def has(self, name: str) -> bool:
        return self._get(name) is not None

    def _get(self, name: str) -> object:
        self._read.add(name)
        return self._fields.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise SceneFileError(f"{self.path(name)} is to be a text.")
        return value

    def flag(self, name: str) -> bool:
        value = self._get(name)
        if value is not None and not isinstance(value, bool):
            raise SceneFileError(f"{self.path(name)} is to be true or false.")
        return bool(value)

    def count(self, name: str, default: int, *, least: int = 0) -> int:
        value = self._get(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST:
            return value
        raise SceneFileError(f"{self.path(name)} is to be a whole number from {least} to {MOST:,}.")

    def choice(self, name: str, choices: type[_Choice], default: _Choice | None = None) -> _Choice:
        value = self._get(name)
        if value is None and default is not None:
            return default
        for choice in choices:
            if choice.value == value:
                return choice
        names = _listed([choice.value for choice in choices])
        raise SceneFileError(f"{self.path(name)} is to be {names}.")

    def object(self, name: str) -> "_Fields":
        return _Fields(self._get(name), self.path(name))

    def objects(self, name: str) -> "Iterator[_Fields]":
        value = self._get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise SceneFileError(f"{self.path(name)} is to be a list.")
        for at, each in enumerate(value):
            yield _Fields(each, f"{self.path(name)}[{at}]")

    def refuse_unread(self) -> None:
        unread = next((name for name in self._fields if name not in self._read), None)
        if unread is not None:
            raise SceneFileError(f"{self.path(unread)} is no field of a scene file.")
