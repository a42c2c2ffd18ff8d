"""Characters out of a folder of YAML files, one file each, and of other programs' cards.

A host writes these files by hand, so every complaint is a sentence that names
the file, the line and what to do, and one bad file never takes the others
along.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.character_cards import CARD_SUFFIXES, UnusableCard, read_playing_card
from bot.adapters.character_yaml import BrokenCharacter, CharacterFile, OfAnotherProgram
from bot.core.characters import Character
from bot.core.errors import StartupError
from bot.core.scene import CharacterKey

EXIT_CONFIG = 78

_SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class LoadedCharacters:
    """What a folder held: the characters that can play, and what is wrong with the rest."""

    characters: Mapping[CharacterKey, Character]
    warnings: tuple[str, ...]


class DirectoryCharacters:
    """`CharacterSource` over a folder, read when this is made and whenever it is asked to."""

    def __init__(self, folder: Path, *, lengths: Sequence[str]) -> None:
        """Read *folder*; *lengths* are the names that a character may choose from."""
        self._folder, self._lengths = folder, lengths
        self._loaded = load_characters(folder, lengths=lengths)

    def reload(self) -> Sequence[str]:
        """Read the folder again; returns the warnings. Blocks while it reads.

        Raises:
            StartupError: nobody in it can play; then all is as it was.
        """
        self._loaded = load_characters(self._folder, lengths=self._lengths)
        return self._loaded.warnings

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for every file or field that could not be used."""
        return self._loaded.warnings

    def characters(self) -> Mapping[CharacterKey, Character]:
        """All of them, by key."""
        return self._loaded.characters


def load_characters(folder: Path, *, lengths: Sequence[str]) -> LoadedCharacters:
    """Read every YAML file and card of *folder*; what is broken is left out and said.

    Raises:
        StartupError: there is no such folder, or no character in it can play.
    """
    loading = _Loading(folder, lengths)
    files = _files_in(folder)
    # A picture that is somebody's face is no card; who has a face is known after these.
    for path in files:
        if path.suffix.lower() in _SUFFIXES:
            loading.read(path)
    for path in files:
        if path.suffix.lower() in CARD_SUFFIXES and path.name not in loading.faces:
            loading.read_card(path)
    characters = dict(sorted(loading.characters.items()))
    if not characters:
        raise StartupError(_nothing_to_play(folder, loading.warnings), exit_code=EXIT_CONFIG)
    return LoadedCharacters(characters, (*loading.warnings, *_same_names(characters)))


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise StartupError(
            f"The character folder {folder} cannot be read ({error.strerror}); "
            "create it, or set BOT_CHARACTERS to the right one.",
            exit_code=EXIT_CONFIG,
        ) from error


class _Loading:
    """The characters of a folder, as far as they have been read."""

    def __init__(self, folder: Path, lengths: Sequence[str]) -> None:
        self._folder = folder
        self._lengths = lengths
        self.characters: dict[CharacterKey, Character] = {}
        self.warnings: list[str] = []
        self.faces: set[str] = set()

    def read(self, path: Path) -> None:
        """Read a YAML file, of ours or of another program."""
        reader = CharacterFile(self._folder, path, self._lengths)
        try:
            self._add(reader.read(), reader)
        except OfAnotherProgram:
            self.read_card(path)
        except BrokenCharacter as broken:
            self.warnings.append(str(broken))
        self.warnings.extend(reader.warnings)
        self.faces.add(reader.face)

    def read_card(self, path: Path) -> None:
        """Read a card of another program."""
        reader = CharacterFile(self._folder, path, self._lengths)
        try:
            found = read_playing_card(self._folder, path, reader.key())
            self._add(found.character, reader)
        except UnusableCard as error:
            self.warnings.append(f"{reader.shown}: {error}")
        except BrokenCharacter as broken:
            self.warnings.append(str(broken))
        else:
            self.warnings.extend(f"{reader.shown}: {warning}" for warning in found.warnings)

    def _add(self, character: Character, reader: CharacterFile) -> None:
        if character.key in self.characters:
            raise reader.broken(f"the name `{character.key}` is taken; rename this file")
        self.characters[character.key] = character


def _nothing_to_play(folder: Path, warnings: list[str]) -> str:
    if not warnings:
        return f"There is no character in {folder}; put at least one .yaml file or card there."
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
