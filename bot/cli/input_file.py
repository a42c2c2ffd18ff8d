"""A file that somebody names on the command line, or pipes in."""

import sys
from pathlib import Path

from bot.core.errors import StartupError

EXIT_USAGE = 2
STDIN = "-"


def read_input(path: str, *, most_bytes: int) -> bytes:
    """Return what *path* holds; `-` is standard input.

    Raises:
        StartupError: it cannot be read, or is larger than *most_bytes*.
    """
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # the latter for a path with a null in it
        reason = getattr(error, "strerror", None) or error
        raise StartupError(f"{path} cannot be read: {reason}.", exit_code=EXIT_USAGE) from None
    if len(data) > most_bytes:
        sentence = f"The file is larger than {most_bytes // 1_000_000} MB."
        raise StartupError(sentence, exit_code=EXIT_USAGE)
    return data
