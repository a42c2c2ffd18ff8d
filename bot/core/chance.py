"""Chance that comes out the same whenever it is asked the same."""

import hashlib
from collections.abc import Callable

Chance = Callable[[str, int], int]
"""Throws a die for something: what for, and how many sides; from 0."""


def seeded(*seed: object) -> Chance:
    """Throw dice that fall the same for the same *seed*, in every process and version."""
    root = hashlib.sha256("\0".join(map(str, seed)).encode("utf-8", "replace"))

    def throw(what: str, sides: int) -> int:
        thrown = root.copy()
        thrown.update(f"\0{what}".encode("utf-8", "replace"))
        return int.from_bytes(thrown.digest()[:8], "big") % sides

    return throw
