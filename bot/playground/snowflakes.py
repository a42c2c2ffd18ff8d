"""Ids that sort by time, as Discord mints them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
_SEQUENCE_BITS = 22


class Snowflakes:
    """Mints ids, each greater than the one before, whatever the clock does."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last = 0

    def mint(self) -> int:
        """Return the next id."""
        now = int(self._clock() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, now << _SEQUENCE_BITS)
        return self._last

    def after(self, known: int) -> None:
        """Mint only ids greater than *known* from now on."""
        self._last = max(self._last, known)


def timestamp(snowflake: int) -> str:
    """When *snowflake* was minted, as Discord writes times."""
    return iso(((snowflake >> _SEQUENCE_BITS) + EPOCH_MS) / 1000)


def iso(seconds: float) -> str:
    """Write a Unix time as Discord does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
