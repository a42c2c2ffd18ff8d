"""Which files are read: what is on the allow-list, and never what must not be.

A *source* is a folder of conversations directly below the folder that is read, or
that folder itself. The project's own sources may be read as they are; others are
named by who knows where their texts come from.
"""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recipe.dataset.conversation import MOST_BYTES
from recipe.dataset.exports import discord_trace, export_kind
from recipe.refused import Refused

OWN: Final = tuple(Path(__file__).parents[1] / name for name in ("data", "drill"))
"""Folders whose sources are the project's own."""
ENDINGS: Final = frozenset((".yaml", ".yml"))
MOST_FILES: Final = 100_000

_NEVER_FOLDERS: Final = ("loli", "shota", "underage", "ponyville", "fallen")
_NEVER_FILES: Final = ("lolicit", "lolicon", "shotacon", "underage", "ponyville")
"""Sets with sexual texts about minors, or that trainers have left out for their like."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A conversation's file.

    Attributes:
        file: its path below the folder that is read.
        is_own: whether the text is the project's own.
    """

    path: Path
    file: str
    source: str
    is_own: bool

    def read(self) -> bytes:
        """Return what it holds.

        Raises:
            Refused: it cannot be read.
        """
        return _read(self.path, self.file)


@dataclass(frozen=True, slots=True)
class Sources:
    """What to read, in order, and which sources are passed over."""

    files: Sequence[SourceFile]
    passed_over: Sequence[str]


def find_sources(folder: Path, allowed: Sequence[str]) -> Sources:
    """Find the conversations in *folder* whose source is *allowed*, or our own.

    Raises:
        Refused: there are none, or there is something that is never to be read.
    """
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder.")
    if trace := discord_trace(folder.resolve().name):
        raise Refused(f"{folder} has {trace} in its name.")
    found = list(_walked(folder))
    for path, file in found:
        _refuse_bad_names(Path(file), path)
        _refuse_bad_names(path.resolve(), path)
        if trace := discord_trace(file):
            raise Refused(f"{file} has {trace} in its name.")
        if path.suffix.lower() not in ENDINGS:
            _refuse_exports(path, file)
    is_own = _is_own(folder)
    files = [
        SourceFile(path, file, _source(folder, file), is_own)
        for path, file in found
        if path.suffix.lower() in ENDINGS
    ]
    names = sorted({each.source for each in files})
    known = [name for name in names if name in allowed or (is_own and not allowed)]
    if missing := [name for name in allowed if name not in names]:
        raise Refused(f"{folder} has no source {missing[0]}.")
    if not known:
        raise Refused(
            f"No source of {folder} is on the allow-list: name with --source whose texts you know."
            if names
            else f"There are no conversations in {folder}."
        )
    return Sources(
        files=[each for each in files if each.source in known],
        passed_over=[name for name in names if name not in known],
    )


def _walked(folder: Path) -> Iterator[tuple[Path, str]]:
    """All files, in an order that no file system has a say in."""
    number = 0
    for root, folders, names in os.walk(folder, onerror=_unreadable):
        folders.sort()
        for name in (*folders, *sorted(names)):
            path = Path(root, name)
            file = path.relative_to(folder).as_posix()
            if name in folders:
                _refuse_bad_names(Path(file, "-"), path)
                continue
            number += 1
            if number > MOST_FILES:
                raise Refused(f"{folder} has more than {MOST_FILES:,} files.")
            yield path, file


def _unreadable(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be read: {error.strerror}.")


def _source(folder: Path, file: str) -> str:
    first, separator, _ = file.partition("/")
    return first if separator else folder.resolve().name


def _is_own(folder: Path) -> bool:
    resolved = folder.resolve()
    return any(resolved.is_relative_to(own.resolve()) for own in OWN)


def _refuse_bad_names(path: Path, shown: Path) -> None:
    """Refuse a file that lies where such texts lie, however the name is written."""
    *folders, name = (_folded(part) for part in path.parts)
    for part in folders:
        if any(never in part for never in _NEVER_FOLDERS):
            raise Refused(f"{shown} lies in a set that is never read, whatever is allowed.")
    if any(never in name for never in _NEVER_FILES):
        raise Refused(f"{shown} belongs to a set that is never read, whatever is allowed.")


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def _refuse_exports(path: Path, file: str) -> None:
    if path.is_file() and (kind := export_kind(_read(path, file))):
        raise Refused(f"{file} is {kind}: what people wrote is no training data.")


def _read(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None
