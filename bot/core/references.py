"""A short name for what went wrong: the same in a notice and in the log."""

import zlib

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that could be taken for another."""
_LENGTH = 5


def reference_to(what: str) -> str:
    """Five letters for a turn, or an interaction, by its id; always the same."""
    number = zlib.crc32(what.encode())
    found = ""
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_LETTERS))
        found += _LETTERS[place]
    return found
