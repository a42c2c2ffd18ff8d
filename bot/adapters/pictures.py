"""Strangers' pictures, drawn anew by a child process."""

import subprocess
import sys
from pathlib import Path

from bot.core.cards.portrait import BadPicture, Portrait

WITHIN_S = 10.0
MOST_BYTES = 8 * 1024 * 1024
_PROGRAM = Path(__file__).with_name("redraw_picture.py")
_TOO_LARGE = 4


def redrawn(data: bytes) -> Portrait:
    """Draw a picture anew; blocks for some 0.1 s, so call it in a thread.

    Raises:
        BadPicture: it is none that can be drawn, or too large.
    """
    if len(data) > MOST_BYTES:
        raise BadPicture(f"it is larger than {MOST_BYTES // 1024**2} MB")
    try:
        done = subprocess.run(  # noqa: S603  # our own program, and nothing of the upload
            [sys.executable, "-I", str(_PROGRAM)],
            input=data,
            capture_output=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadPicture("it takes too long to be drawn") from None
    except OSError:
        raise BadPicture("it cannot be drawn right now") from None
    if done.returncode == _TOO_LARGE:
        raise BadPicture("it has too many pixels")
    parts = _parts(done.stdout)
    if done.returncode != 0 or len(parts) != 2:  # noqa: PLR2004  # the picture and the face
        raise BadPicture("it is damaged, or of a kind that is not shown")
    return Portrait(*parts)


def _parts(out: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 4 <= len(out):
        length = int.from_bytes(out[at : at + 4], "big")
        found.append(out[at + 4 : at + 4 + length])
        at += 4 + length
    return found
