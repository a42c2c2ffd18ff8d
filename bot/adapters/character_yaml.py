"""One character as a host writes it: a YAML file, every complaint with its line."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from bot.adapters.character_cards import FIELDS_OF_CARDS
from bot.adapters.character_lore import read_lore
from bot.adapters.folder_files import NotReadable, printable, read_inside
from bot.adapters.plain_yaml import NotPlainYaml, NotText, read_nodes, text_in
from bot.core.cards.rating import judge
from bot.core.characters import Character, ExampleLine, Rating
from bot.core.greetings import all_greetings
from bot.core.lengths import Length
from bot.core.scene import CharacterKey, Role

FIELDS = (
    "name",
    "tagline",
    "persona",
    "scenario",
    "greetings",
    "group_greetings",
    "examples",
    "lore",
    "length",
    "rating",
    "avatar",
)

MAX_FILE_BYTES = 64 * 1024
MAX_AVATAR_BYTES = 1024 * 1024
MAX_NAME = 32
"""Longer names are cut in the prompt, and then screen and prompt would differ."""
MAX_KEY = 64
MAX_TAGLINE = 100
"""What Discord shows of a choice."""
LONG_PERSONA = 6000
"""About 1,500 tokens of a 4,096 token prompt, paid again for every reply."""

_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_CHAR_MACRO = re.compile(r"\{\{char\}\}", re.IGNORECASE)


def key_for(stem: str) -> CharacterKey:
    """Make the name members choose by out of a file's name; may come out empty."""
    return CharacterKey(re.sub(r"[\W_]+", "-", stem.casefold()).strip("-")[:MAX_KEY].strip("-"))


class BrokenCharacter(Exception):
    """The file cannot be used; carries a whole sentence for whoever loads it."""


class OfAnotherProgram(Exception):
    """The file is no character of ours, and may be somebody else's."""


class CharacterFile:
    """Reads one file; `warnings` grows by what is wrong but harmless."""

    def __init__(self, folder: Path, path: Path, lengths: Sequence[str]) -> None:
        self._lengths = lengths
        self._folder = folder
        self._path = path
        self.shown = printable(f"{folder.resolve().name}/{path.name}")
        self._name = ""
        self.face = ""
        self.warnings: list[str] = []

    def key(self) -> CharacterKey:
        """Make the name members choose by out of the file's own."""
        key = key_for(self._path.stem)
        if not key:
            raise self.broken("its name holds no letter or digit; rename it")
        return key

    def read(self) -> Character:
        """Make a character of the file.

        Raises:
            BrokenCharacter: it cannot be used; the sentence says why.
            OfAnotherProgram: it is no character of ours.
        """
        key = self.key()
        fields = self._fields(self._compose(self._text()))
        if "persona" not in fields and FIELDS_OF_CARDS & fields.keys():
            raise OfAnotherProgram
        self._warn_of_unknown(fields)
        self._name = self._name_of(fields)
        persona = self._required(fields, "persona", "write who the character is")
        if len(persona) > LONG_PERSONA:
            self._warn(
                f"`persona` has {len(persona)} characters and goes into every prompt; "
                f"under {LONG_PERSONA} leaves room for the story",
                fields["persona"],
            )
        character = Character(
            key=key,
            name=self._name,
            persona=persona,
            tagline=self._tagline(fields),
            scenario=self._prose(fields, "scenario"),
            greetings=self._greetings(fields, "greetings"),
            group_greetings=self._greetings(fields, "group_greetings"),
            examples=self._examples(fields),
            length=self._length(fields),
            rating=self._rating(fields),
            avatar=self._avatar(fields),
            book=read_lore(fields["lore"], self._warn) if "lore" in fields else None,
        )
        character = replace(character, is_minor=_is_minor(character))
        if character.rating is Rating.ADULT and character.is_minor:
            raise self.broken(
                "the character is described as under 18, so it can never be rated adult",
                fields["rating"],
            )
        return character

    def broken(self, what: str, node: yaml.Node | None = None) -> BrokenCharacter:
        """Make the sentence for a file that is left out."""
        return BrokenCharacter(self._sentence(what, node))

    def _warn(self, what: str, node: yaml.Node) -> None:
        self.warnings.append(self._sentence(what, node))

    def _sentence(self, what: str, node: yaml.Node | None) -> str:
        where = "" if node is None else f" line {node.start_mark.line + 1}:"
        return f"{self.shown}:{where} {what}{'' if what.endswith('?') else '.'}"

    # From bytes to nodes.

    def _text(self) -> str:
        data = self._bytes(self._path, MAX_FILE_BYTES)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.broken("it is not UTF-8 text; save it as UTF-8") from None

    def _bytes(self, path: Path, limit: int) -> bytes:
        try:
            return read_inside(self._folder, path, most_bytes=limit)
        except NotReadable as error:
            raise self.broken(str(error)) from error

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            return read_nodes(text)
        except NotPlainYaml as error:
            raise self.broken(str(error)) from error

    def _fields(self, root: yaml.Node | None) -> dict[str, yaml.Node]:
        if root is None:
            raise self.broken("it is empty; see characters/README.md for what belongs there")
        if not isinstance(root, yaml.MappingNode):
            raise self.broken("it must consist of `field: value` lines", root)
        fields: dict[str, yaml.Node] = {}
        for key, value in root.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in fields:
                raise self.broken(f"`{printable(name)}` is there twice; keep one", key)
            fields[name] = value
        return fields

    def _warn_of_unknown(self, fields: Mapping[str, yaml.Node]) -> None:
        for name, node in fields.items():
            if name not in FIELDS:
                nearest = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)[0]
                shown = printable(name[:MAX_KEY])
                self._warn(f"`{shown}` is not a field; did you mean `{nearest}`?", node)

    # From nodes to values.

    def _string(self, node: yaml.Node, what: str) -> str:
        try:
            return text_in(node)
        except NotText as error:
            raise self.broken(f"{what} {error}", node) from error

    def _line(self, fields: Mapping[str, yaml.Node], field: str) -> str:
        return (
            " ".join(self._string(fields[field], f"`{field}`").split()) if field in fields else ""
        )

    def _prose(self, fields: Mapping[str, yaml.Node], field: str) -> str:
        return self._story(fields[field], f"`{field}`") if field in fields else ""

    def _story(self, node: yaml.Node, what: str) -> str:
        """Read text for the prompt; `{{user}}` is filled in when somebody plays."""
        return _CHAR_MACRO.sub(lambda _: self._name, self._string(node, what))

    def _required(self, fields: Mapping[str, yaml.Node], field: str, advice: str) -> str:
        text = self._prose(fields, field)
        if not text:
            raise self.broken(f"`{field}` is missing; {advice}", fields.get(field))
        return text

    def _name_of(self, fields: Mapping[str, yaml.Node]) -> str:
        name = self._line(fields, "name")
        if not name:
            raise self.broken(
                "`name` is missing; write the name it speaks under", fields.get("name")
            )
        if len(name) > MAX_NAME:
            raise self.broken(
                f"`name` has {len(name)} characters; at most {MAX_NAME} fit", fields["name"]
            )
        return name

    def _tagline(self, fields: Mapping[str, yaml.Node]) -> str:
        tagline = self._line(fields, "tagline")
        if len(tagline) <= MAX_TAGLINE:
            return tagline
        self._warn(
            f"`tagline` has {len(tagline)} characters; only the first {MAX_TAGLINE} are shown",
            fields["tagline"],
        )
        return tagline[: MAX_TAGLINE - 1].rstrip() + "…"

    def _greetings(self, fields: Mapping[str, yaml.Node], field: str) -> tuple[str, ...]:
        node = fields.get(field)
        if node is None:
            return ()
        if isinstance(node, yaml.ScalarNode):
            texts = [self._story(node, f"`{field}`")]
        elif isinstance(node, yaml.SequenceNode):
            texts = [self._story(item, "a greeting") for item in node.value]
        else:
            raise self.broken(f"`{field}` must be a list of texts, each after a `-`", node)
        return tuple(text for text in texts if text)

    def _examples(self, fields: Mapping[str, yaml.Node]) -> tuple[ExampleLine, ...]:
        node = fields.get("examples")
        if node is None or (isinstance(node, yaml.ScalarNode) and not self._string(node, "")):
            return ()
        if not isinstance(node, yaml.SequenceNode):
            raise self.broken(
                "`examples` must be a list of `- player:` and `- character:` lines", node
            )
        return tuple(self._example(item) for item in node.value)

    def _example(self, node: yaml.Node) -> ExampleLine:
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            ((who, text),) = node.value
            if isinstance(who, yaml.ScalarNode) and who.value in set(Role):
                return ExampleLine(Role(who.value), self._story(text, "an example"))
        raise self.broken("each example must be one `- player:` or `- character:` line", node)

    def _length(self, fields: Mapping[str, yaml.Node]) -> Length | None:
        given = self._line(fields, "length").lower()
        if not given or given in self._lengths:
            return Length(given) if given else None
        nearest = difflib.get_close_matches(given, self._lengths, n=1, cutoff=0.0)[0]
        self._warn(
            f"`length` {printable(given[:MAX_KEY])!r} is unknown and left out; "
            f"did you mean {nearest}?",
            fields["length"],
        )
        return None

    def _rating(self, fields: Mapping[str, yaml.Node]) -> Rating:
        given = self._line(fields, "rating").lower() or Rating.EVERYONE
        # Guessing could put an adult's character in front of children.
        if given not in set(Rating):
            raise self.broken("`rating` must be everyone or adult", fields["rating"])
        return Rating(given)

    def _avatar(self, fields: Mapping[str, yaml.Node]) -> bytes | None:
        name = self._line(fields, "avatar")
        if not name:
            return None
        self.face = name
        try:
            data = self._bytes(self._folder / name, MAX_AVATAR_BYTES)
        except BrokenCharacter as broken:
            # A character without a face still plays.
            self.warnings.append(f"{broken} It plays without a picture.")
            return None
        if not data.startswith(_PNG_START):
            self._warn(
                f"`avatar` {printable(name)} is not a PNG picture; it plays without one",
                fields["avatar"],
            )
            return None
        return data


def _is_minor(character: Character) -> bool:
    spoken = [*all_greetings(character), *(line.text for line in character.examples)]
    entries = character.book.entries if character.book is not None else ()
    always = [entry.content for entry in entries if entry.constant and entry.enabled]
    return judge([character.persona, character.scenario, *spoken, *always], ()).is_minor
