"""One conversation from its file.

    names: {"<FIRST>": Lyra, "<SECOND>": Mara}      # the bot's character, the player
    personas: {"<FIRST>": …, "<SECOND>": …}
    scenario: …
    conversation:
      - {name: "<SECOND>", text: …}
      - {name: "<FIRST>", text: …}

The two signs may stand for the names in every text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import yaml

from bot.core.cards.rating import describes_minor
from bot.core.draft import player_name
from bot.core.names import clean_name
from bot.core.script import Persona
from recipe.dataset.exports import discord_trace, export_kind
from recipe.dataset.punctuation import normal
from recipe.refused import Refused

FIRST: Final = "<FIRST>"
SECOND: Final = "<SECOND>"
MOST_BYTES: Final = 2_000_000
_SIDES: Final = (FIRST, SECOND)
_FIELDS: Final = ("names", "personas", "scenario", "conversation")
_PLACEHOLDER = re.compile(
    r"<[A-Z][A-Z_]+\d*>|<(?:first|second|third|user|char|bot)>|\{\{\s*\w+\s*\}\}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says; `at` is where it stands in the file, from 0."""

    is_character: bool
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its names filled in.

    Attributes:
        file: its path below the folder that was read.
        source: the set it belongs to.
    """

    file: str
    source: str
    character: Persona
    player: Persona
    scenario: str
    turns: tuple[Turn, ...]


def read_conversation(data: bytes, file: str, source: str) -> Conversation:
    """Read the conversation in *data*, its names filled in and its texts as they are written.

    Raises:
        Refused: it is none, or is or quotes what people wrote to the bot.
    """
    kind = export_kind(data)
    if kind:
        raise Refused(f"{file} is {kind}: what people wrote is no training data.")
    fields = _Fields(file, _document(data, file))
    conversation = _conversation(fields, source)
    fields.refuse_traces(data)
    return conversation


def normalised(conversation: Conversation) -> Conversation:
    """*conversation* with its punctuation made one."""

    def written(persona: Persona) -> Persona:
        return Persona(persona.name, normal(persona.text))

    return replace(
        conversation,
        character=written(conversation.character),
        player=written(conversation.player),
        scenario=normal(conversation.scenario),
        turns=tuple(replace(turn, text=normal(turn.text)) for turn in conversation.turns),
    )


def refuse_minors(conversation: Conversation) -> None:
    """Refuse *conversation* if somebody is described as under 18.

    The project's own texts are for everyone and are not asked; what others hold
    is not known, and no text of theirs may be about a minor.

    Raises:
        Refused: that is so.
    """
    for side, persona in ((FIRST, conversation.character), (SECOND, conversation.player)):
        if describes_minor(persona.text):
            raise Refused(
                f"{conversation.file}: personas.{side} describes somebody under 18, and the "
                "texts are not the project's own."
            )
    if describes_minor(conversation.scenario):
        raise Refused(
            f"{conversation.file}: scenario describes somebody under 18, and the texts are "
            "not the project's own."
        )


def _conversation(fields: "_Fields", source: str) -> Conversation:
    names = {side: normal(fields.text("names", side)) for side in _SIDES}
    _check_names(names, fields.file)

    def told(*path: str | int) -> str:
        text = fields.text(*path)
        for side, name in names.items():
            text = text.replace(side, name)
        if left := _PLACEHOLDER.search(text):
            raise Refused(f"{fields.file}: {_path(path)} holds {left.group()}, which is no name.")
        return text.strip()

    turns = []
    for at in range(fields.length("conversation")):
        side = fields.text("conversation", at, "name")
        if side not in names:
            raise Refused(f"{fields.file}: conversation[{at}].name is to be {FIRST} or {SECOND}.")
        turns.append(Turn(side == FIRST, told("conversation", at, "text"), at))
    return Conversation(
        file=fields.file,
        source=source,
        character=Persona(names[FIRST], told("personas", FIRST)),
        player=Persona(names[SECOND], told("personas", SECOND)),
        scenario=told("scenario"),
        turns=tuple(turns),
    )


def _check_names(names: Mapping[str, str], file: str) -> None:
    hero, player = names[FIRST], names[SECOND]
    if clean_name(hero, fallback="") != hero:
        raise Refused(f"{file}: names.{FIRST} cannot stand before a colon as it is.")
    if player_name(player, hero) != player:
        raise Refused(
            f"{file}: names.{SECOND} is the other's name, or cannot stand before a colon."
        )


def _document(data: bytes, file: str) -> yaml.Node:
    if len(data) > MOST_BYTES:
        raise Refused(f"{file} is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{file} is not UTF-8 text.") from None
    try:
        # The safe loader only makes nodes here: nothing is constructed of them.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Refused(f"{file} is no YAML, {where}{error.problem}.") from None
    except (yaml.YAMLError, RecursionError):
        raise Refused(f"{file} is no YAML that can be read.") from None
    if not isinstance(node, yaml.MappingNode):
        raise Refused(f"{file} has no fields: {', '.join(_FIELDS)} are expected.")
    return node


class _Fields:
    """The fields of a file, as texts that know where they stand."""

    def __init__(self, file: str, document: yaml.Node) -> None:
        self.file = file
        self._texts: dict[tuple[str | int, ...], str] = {}
        self._lengths: dict[tuple[str | int, ...], int] = {}
        for path, value in self._walked(document, ()):
            self._texts[path] = value
        self._check_shape()

    def text(self, *path: str | int) -> str:
        """The text at *path*; refused if it is missing or empty."""
        text = self._texts.get(path, "")
        if not text.strip():
            raise Refused(f"{self.file}: {_path(path)} is to be a text.")
        return text

    def length(self, name: str) -> int:
        """How many items the list has."""
        length = self._lengths.get((name,), 0)
        if not length:
            raise Refused(f"{self.file}: {name} is to be a list of turns.")
        return length

    def refuse_traces(self, data: bytes) -> None:
        """Refuse what comes from Discord, wherever it stands."""
        for path, text in self._texts.items():
            if trace := discord_trace(text):
                raise Refused(f"{self.file}: {_path(path)} holds {trace}.")
        for number, line in enumerate(data.decode("utf-8-sig").splitlines(), 1):
            if trace := discord_trace(line):
                raise Refused(f"{self.file}: line {number} holds {trace}.")

    def _check_shape(self) -> None:
        for path in self._texts:
            match path:
                case ("names" | "personas", side) if side in _SIDES:
                    continue
                case ("scenario",) | ("conversation", int(), "name" | "text"):
                    continue
            raise Refused(f"{self.file}: {_path(path)} is no field of a conversation.")

    def _walked(
        self, node: yaml.Node, path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if len(path) > len(("conversation", 0, "text")):
            raise Refused(f"{self.file}: {_path(path)} is no field of a conversation.")
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    raise Refused(f"{self.file}: {_path((*path, name))} stands there twice.")
                seen.add(name)
                yield from self._walked(value, (*path, name))
        elif isinstance(node, yaml.SequenceNode):
            self._lengths[path] = len(node.value)
            for at, value in enumerate(node.value):
                yield from self._walked(value, (*path, at))
        else:
            yield path, str(node.value)


def _path(path: tuple[str | int, ...]) -> str:
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".") or "the file"
