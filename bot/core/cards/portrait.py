"""A character's portrait, as it is kept: drawn anew, so that only pixels are left of an upload."""

from collections.abc import Callable
from dataclasses import dataclass


class BadPicture(ValueError):
    """The picture cannot be used; `str()` says why, as the second half of a sentence."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """Two PNG files.

    Attributes:
        picture: the whole of it, for previews and exports.
        face: a square of it, for over a message.
    """

    picture: bytes
    face: bytes


Redraw = Callable[[bytes], Portrait]
"""Draws a picture anew; raises BadPicture."""
