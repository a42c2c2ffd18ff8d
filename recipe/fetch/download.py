"""Files of one commit into a folder: resumed where they broke off, named when they are whole."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from recipe.fetch.errors import CannotFetch
from recipe.fetch.hub import Hub, HubFile, Lost
from recipe.merge.base_model import BESIDE_WEIGHTS
from recipe.merge.checkpoint import INDEX
from recipe.merge.merging import SOURCE

TRIES: Final = 6
PAUSE_S: Final = 2.0
"""Before the second try; doubled before each other."""
CHUNK_BYTES: Final = 1024 * 1024
MOST_BYTES: Final = 200 * 10**9
WANTED_OF_A_BASE: Final = ("*.safetensors", INDEX, *BESIDE_WEIGHTS)
WANTED_OF_AN_ADAPTER: Final = ("adapter_config.json", "adapter_model.*", "LICENSE*", "NOTICE*")

Say = Callable[[str], None]
Pause = Callable[[float], None]


def fetch_base(hub: Hub, repository: str, revision: str, to: Path, say: Say) -> None:
    """Fetch weights, configuration and tokenizer into the folder *to*.

    Raises:
        CannotFetch: The hub lacks them, or what it sends is not what it lists.
    """
    found = listed(hub, repository, revision)
    files = [f for f in found if "/" not in f.path and _is_wanted(f.path, WANTED_OF_A_BASE)]
    if not any(file.path.endswith(".safetensors") for file in files):
        raise CannotFetch(f"{repository} at {revision} holds no .safetensors.")
    fetch(hub, repository, revision, files, to, say=say)


def fetch_adapter(hub: Hub, repository: str, revision: str, to: Path, say: Say) -> None:
    """Fetch the one adapter of a commit, in whatever folder it lies there.

    Raises:
        CannotFetch: The hub has none or several, or what it sends is not what it lists.
    """
    found = listed(hub, repository, revision)
    folders = {f.path.rpartition("/")[0] for f in found if _name(f) == "adapter_config.json"}
    if len(folders) != 1:
        raise CannotFetch(f"{repository} at {revision} holds {len(folders)} adapters, not one.")
    [folder] = folders
    files = [
        file
        for file in found
        if file.path.rpartition("/")[0] == folder and _is_wanted(_name(file), WANTED_OF_AN_ADAPTER)
    ]
    fetch(hub, repository, revision, files, to, say=say)


def listed(
    hub: Hub, repository: str, revision: str, *, pause: Pause = time.sleep
) -> Sequence[HubFile]:
    """The files of a commit, asked for again while the hub is busy.

    Raises:
        CannotFetch: The hub stays busy, or does not have the commit.
    """
    last = ""
    for attempt in range(TRIES):
        if attempt:
            pause(PAUSE_S * 2 ** (attempt - 1))
        try:
            return hub.files(repository, revision)
        except Lost as error:
            last = str(error)
    raise CannotFetch(f"The hub cannot be asked for {repository}: {last}.")


def fetch(
    hub: Hub, repository: str, revision: str, files: Sequence[HubFile], to: Path,
    *, say: Say, pause: Pause = time.sleep,
) -> None:  # fmt: skip
    """Fetch *files* into *to*, without their folders, and note where they are from.

    Raises:
        CannotFetch: There is no room, or what arrives is not what was listed.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        _check_room(files, to)
        sums = {}
        for file in files:
            target = to / _name(file)
            if not _is_whole(target, file):
                say(f"{repository}: {file.path}, {file.size / 1e6:,.0f} MB")
                _fetch_one(hub, repository, revision, file, target, pause=pause)
            sums[target.name] = {"size": file.size, "sha256": _sha256(target)}
        _note(to, {"repository": repository, "revision": revision, "files": sums})
    except OSError as error:
        raise CannotFetch(f"{error.filename or to} cannot be written: {error.strerror}.") from error


def _fetch_one(
    hub: Hub, repository: str, revision: str, file: HubFile, target: Path, *, pause: Pause
) -> None:
    """Each try goes on where the last one broke off; only tries without progress count."""
    part = target.with_name(target.name + ".part")
    tries, last = 0, ""
    while tries < TRIES:
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(hub, repository, revision, file, part)
        except Lost as error:
            last = str(error)
        if part.exists() and part.stat().st_size == file.size:
            break
        grew = part.exists() and part.stat().st_size > before
        tries = 1 if grew else tries + 1
        pause(PAUSE_S * 2 ** (tries - 1))
    else:
        raise CannotFetch(f"{file.path} of {repository} broke off too often: {last}.")
    if not _is_right(part, file):
        part.unlink()
        raise CannotFetch(f"{file.path} of {repository} is not what the hub's hash was taken of.")
    part.replace(target)


def _append(hub: Hub, repository: str, revision: str, file: HubFile, part: Path) -> None:
    start = part.stat().st_size if part.exists() else 0
    if start > file.size:
        part.unlink()
        start = 0
    if start == file.size and part.exists():
        return
    with hub.opened(repository, revision, file.path, start) as body, part.open("ab") as target:
        target.truncate(body.start)  # the hub may have begun from the beginning
        left = file.size - body.start
        while raw := body.read(min(CHUNK_BYTES, left + 1)):
            if len(raw) > left:
                raise CannotFetch(f"{file.path} of {repository} is longer than the hub lists it.")
            target.write(raw)
            left -= len(raw)
        if left:
            raise Lost("it ended early")


def _check_room(files: Sequence[HubFile], to: Path) -> None:
    needed = sum(file.size for file in files)
    if needed > MOST_BYTES:
        raise CannotFetch(f"{needed / 1e9:.0f} GB is more than any model this is for.")
    there = sum(path.stat().st_size for path in to.iterdir() if path.is_file())
    free = shutil.disk_usage(to).free
    if needed - there > free:
        raise CannotFetch(
            f"{to} has {free / 1e9:.1f} GB left on its disk and needs {needed / 1e9:.1f}."
        )


def _is_whole(path: Path, file: HubFile) -> bool:
    return path.exists() and path.stat().st_size == file.size and _is_right(path, file)


def _is_right(path: Path, file: HubFile) -> bool:
    if file.sha256 is not None:
        return _sha256(path) == file.sha256
    with path.open("rb") as content:
        blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)  # as git does
        while raw := content.read(CHUNK_BYTES):
            blob.update(raw)
    return blob.hexdigest() == file.git_sha1


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _note(to: Path, source: dict[str, Any]) -> None:
    unnamed = to / (SOURCE + ".tmp")
    unnamed.write_text(json.dumps(source, indent=2) + "\n", encoding="utf-8")
    unnamed.replace(to / SOURCE)


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _name(file: HubFile) -> str:
    return file.path.rpartition("/")[2]
