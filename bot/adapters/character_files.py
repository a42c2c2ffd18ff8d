"""Characters out of a folder of YAML files, one file each.

A host writes these files by hand, so every complaint is a sentence that names
the file, the line and what to do, and one bad file never takes the others
along.
"""

import difflib
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.adapters.plain_yaml import NotPlainYaml, is_empty, read_nodes
from bot.core.characters import Character, ExampleLine, Rating
from bot.core.errors import StartupError
from bot.core.lengths import Length
from bot.core.scene import CharacterKey, Role

FIELDS = (
    "name",
    "tagline",
    "persona",
    "scenario",
    "greetings",
    "examples",
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

EXIT_CONFIG = 78

_SUFFIXES = {".yaml", ".yml"}
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_NO_TEXT = {"Cc", "Cs"}
_CHAR_MACRO = re.compile(r"\{\{char\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoadedCharacters:
    """What a folder held: the characters that can play, and what is wrong with the rest."""

    characters: Mapping[CharacterKey, Character]
    warnings: tuple[str, ...]


class DirectoryCharacters:
    """`CharacterSource` over a folder, read once when this is made."""

    def __init__(self, folder: Path, *, lengths: Sequence[str]) -> None:
        """Read *folder*; *lengths* are the names that a character may choose from."""
        self._loaded = load_characters(folder, lengths=lengths)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for every file or field that could not be used."""
        return self._loaded.warnings

    def characters(self) -> Mapping[CharacterKey, Character]:
        """All of them, by key."""
        return self._loaded.characters


def load_characters(folder: Path, *, lengths: Sequence[str]) -> LoadedCharacters:
    """Read every `*.yaml` of *folder*; what is broken is left out and said.

    Raises:
        StartupError: there is no such folder, or no character in it can play.
    """
    try:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
        )
    except OSError as error:
        raise StartupError(
            f"The character folder {folder} cannot be read ({error.strerror}); "
            "create it, or set BOT_CHARACTERS to the right one.",
            exit_code=EXIT_CONFIG,
        ) from error
    characters: dict[CharacterKey, Character] = {}
    warnings: list[str] = []
    for path in files:
        reader = _FileReader(folder, path, lengths)
        try:
            character = reader.read()
            if character.key in characters:
                raise reader.broken(f"the name `{character.key}` is taken; rename this file")
            characters[character.key] = character
        except _Broken as broken:
            warnings.append(str(broken))
        warnings.extend(reader.warnings)
    if not characters:
        raise StartupError(_nothing_to_play(folder, warnings), exit_code=EXIT_CONFIG)
    return LoadedCharacters(characters, (*warnings, *_same_names(characters)))


def key_for(stem: str) -> CharacterKey:
    """Make the name members choose by out of a file's name; may come out empty."""
    return CharacterKey(re.sub(r"[\W_]+", "-", stem.casefold()).strip("-")[:MAX_KEY].strip("-"))


def _nothing_to_play(folder: Path, warnings: list[str]) -> str:
    if not warnings:
        return f"There is no character in {folder}; put at least one .yaml file there."
    more = f" ({len(warnings) - 1} more like this)" if len(warnings) > 1 else ""
    return f"No character in {folder} can be used. {warnings[0]}{more}"


def _same_names(characters: Mapping[CharacterKey, Character]) -> list[str]:
    keys_of = defaultdict(list)
    for key, character in characters.items():
        keys_of[character.name.casefold()].append(key)
    return [
        f"{' and '.join(keys)} share the name {characters[keys[0]].name!r}; "
        "members cannot tell them apart, so give one another `name`."
        for keys in keys_of.values()
        if len(keys) > 1
    ]


class _Broken(Exception):
    """The file cannot be used; carries a whole sentence and never leaves this module."""


class _FileReader:
    """Reads one file; `warnings` grows by what is wrong but harmless."""

    def __init__(self, folder: Path, path: Path, lengths: Sequence[str]) -> None:
        self._lengths = lengths
        self._folder = folder
        self._path = path
        self._shown = _printable(f"{folder.resolve().name}/{path.name}")
        self._name = ""
        self.warnings: list[str] = []

    def read(self) -> Character:
        """Make a character of the file.

        Raises:
            _Broken: it cannot be used; the sentence says why.
        """
        key = key_for(self._path.stem)
        if not key:
            raise self.broken("its name holds no letter or digit; rename it")
        fields = self._fields(self._compose(self._text()))
        self._warn_of_unknown(fields)
        self._name = self._name_of(fields)
        persona = self._required(fields, "persona", "write who the character is")
        if len(persona) > LONG_PERSONA:
            self._warn(
                f"`persona` has {len(persona)} characters and goes into every prompt; "
                f"under {LONG_PERSONA} leaves room for the story",
                fields["persona"],
            )
        return Character(
            key=key,
            name=self._name,
            persona=persona,
            tagline=self._tagline(fields),
            scenario=self._prose(fields, "scenario"),
            greetings=self._greetings(fields),
            examples=self._examples(fields),
            length=self._length(fields),
            rating=self._rating(fields),
            avatar=self._avatar(fields),
        )

    def broken(self, what: str, node: yaml.Node | None = None) -> _Broken:
        """Make the sentence for a file that is left out."""
        return _Broken(self._sentence(what, node))

    def _warn(self, what: str, node: yaml.Node) -> None:
        self.warnings.append(self._sentence(what, node))

    def _sentence(self, what: str, node: yaml.Node | None) -> str:
        where = "" if node is None else f" line {node.start_mark.line + 1}:"
        return f"{self._shown}:{where} {what}{'' if what.endswith('?') else '.'}"

    # From bytes to nodes.

    def _text(self) -> str:
        data = self._bytes(self._path, MAX_FILE_BYTES)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.broken("it is not UTF-8 text; save it as UTF-8") from None

    def _bytes(self, path: Path, limit: int) -> bytes:
        """Read a plain file that lies inside the folder, links resolved."""
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self._folder.resolve()):
                raise self.broken(f"{_printable(path.name)} lies outside the character folder")
            if not stat.S_ISREG(real.stat().st_mode):  # opening a pipe would wait for ever
                raise self.broken(f"{_printable(path.name)} is not a file")
            with real.open("rb") as file:
                data = file.read(limit + 1)
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "it is no usable path"
            raise self.broken(f"{_printable(path.name)} cannot be read ({reason})") from error
        if len(data) > limit:
            raise self.broken(f"{_printable(path.name)} is larger than {limit // 1024} kB")
        return data

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
                raise self.broken(f"`{_printable(name)}` is there twice; keep one", key)
            fields[name] = value
        return fields

    def _warn_of_unknown(self, fields: Mapping[str, yaml.Node]) -> None:
        for name, node in fields.items():
            if name not in FIELDS:
                nearest = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)[0]
                shown = _printable(name[:MAX_KEY])
                self._warn(f"`{shown}` is not a field; did you mean `{nearest}`?", node)

    # From nodes to values.

    def _string(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.broken(f"{what} must be text, not a list or a group of fields", node)
        text = "" if is_empty(node) else str(node.value).strip()
        # Quoted YAML can spell out what the decoder has refused: "\\0", "\\ud800".
        if any(
            unicodedata.category(letter) in _NO_TEXT and letter not in "\n\t" for letter in text
        ):
            raise self.broken(f"{what} holds characters that text does not have", node)
        return text

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

    def _greetings(self, fields: Mapping[str, yaml.Node]) -> tuple[str, ...]:
        node = fields.get("greetings")
        if node is None:
            return ()
        if isinstance(node, yaml.ScalarNode):
            texts = [self._story(node, "`greetings`")]
        elif isinstance(node, yaml.SequenceNode):
            texts = [self._story(item, "a greeting") for item in node.value]
        else:
            raise self.broken("`greetings` must be a list of texts, each after a `-`", node)
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
            f"`length` {_printable(given[:MAX_KEY])!r} is unknown and left out; "
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
        try:
            data = self._bytes(self._folder / name, MAX_AVATAR_BYTES)
        except _Broken as broken:
            # A character without a face still plays.
            self.warnings.append(f"{broken} It plays without a picture.")
            return None
        if not data.startswith(_PNG_START):
            self._warn(
                f"`avatar` {_printable(name)} is not a PNG picture; it plays without one",
                fields["avatar"],
            )
            return None
        return data


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)
