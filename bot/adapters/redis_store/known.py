"""What was read of late and only this process changes, so that a line costs no step for it."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

KNOWN_FOR_S = 300.0
"""What another process may have changed is asked for again after that.

A server's lines and commands are one process's. So it only matters for what a member
chooses everywhere, on a server that another process serves.
"""


class Known(Generic[Key, Value]):
    """Values that were read, for a while.

    Args:
        most: what all of them may weigh; what was read first goes if there is no room.
        weigh: what one of them weighs.
    """

    def __init__(
        self,
        most: int,
        weigh: Callable[[Value], int] = lambda _: 1,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._weigh = weigh
        self._monotonic = monotonic
        self._known: dict[Key, tuple[float, int, Value]] = {}
        self._weight = 0
        self._changes = 0

    def get(self, key: Key) -> Value | None:
        """What stands under *key*, if it was read not long ago."""
        found = self._known.get(key)
        return found[2] if found is not None and self._monotonic() < found[0] else None

    def mark(self) -> int:
        """What `note` has to be given for a reading that begins now."""
        return self._changes

    def note(self, key: Key, value: Value, mark: int) -> None:
        """Keep what was read since *mark*, unless something has changed meanwhile."""
        if mark != self._changes:
            return
        self._drop(key)
        weight = self._weigh(value)
        self._known[key] = self._monotonic() + KNOWN_FOR_S, weight, value
        self._weight += weight
        while self._weight > self._most:
            self._drop(next(iter(self._known)))

    def forget(self, key: Key) -> None:
        """Have it read again."""
        self._changes += 1
        self._drop(key)

    def _drop(self, key: Key) -> None:
        if (known := self._known.pop(key, None)) is not None:
            self._weight -= known[1]
