"""Files of a folder that somebody else fills: plain ones that lie inside it, and no others."""

import stat
from pathlib import Path


class NotReadable(Exception):
    """The file cannot be used; `str()` says why, without a full stop."""


def read_inside(folder: Path, path: Path, *, most_bytes: int) -> bytes:
    """Read a plain file that lies inside *folder*, links resolved.

    Raises:
        NotReadable: it lies elsewhere, is none, cannot be read, or is larger than *most_bytes*.
    """
    shown = printable(path.name)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise NotReadable(f"{shown} lies outside the character folder")
        if not stat.S_ISREG(real.stat().st_mode):  # opening a pipe would wait for ever
            raise NotReadable(f"{shown} is not a file")
        with real.open("rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is no usable path"
        raise NotReadable(f"{shown} cannot be read ({reason})") from error
    if len(data) > most_bytes:
        raise NotReadable(f"{shown} is larger than {most_bytes // 1024} kB")
    return data


def printable(text: str) -> str:
    """Return *text* as it can stand in a line of a log."""
    return text if text.isprintable() else ascii(text)
