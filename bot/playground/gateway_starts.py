"""How often the bot has begun a session, and how often it still may."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

A_DAY_S = 24 * 3600.0
_TOTAL = 1000
_CLOSED_KEPT = 64


@dataclass(slots=True)
class SessionStarts:
    """Discord's budget of IDENTIFYs, and what clients did.

    Attributes:
        remaining: may be set, with `resets_at` (monotonic), to try scarcity.
        identified: sessions begun.
        resumed: sessions gone on with.
        closed: with which codes clients said good-bye, oldest first.
    """

    total: int = _TOTAL
    remaining: int = _TOTAL
    resets_at: float = field(default_factory=lambda: time.monotonic() + A_DAY_S)
    identified: int = 0
    resumed: int = 0
    closed: deque[int] = field(default_factory=lambda: deque(maxlen=_CLOSED_KEPT))

    def take(self) -> bool:
        """Count one IDENTIFY; False if none was left."""
        self._reset_if_due()
        if self.remaining <= 0:
            return False
        self.remaining -= 1
        self.identified += 1
        return True

    def limit(self, remaining: int, reset_after_s: float) -> None:
        """Leave so many until then."""
        self.remaining = remaining
        self.resets_at = time.monotonic() + reset_after_s

    def told(self) -> dict[str, int]:
        """`session_start_limit` as Discord words it."""
        self._reset_if_due()
        left_ms = int((self.resets_at - time.monotonic()) * 1000)
        return {
            "total": self.total,
            "remaining": self.remaining,
            "reset_after": max(0, left_ms),
            "max_concurrency": 1,
        }

    def seen(self) -> dict[str, Any]:
        """What clients did, for tests."""
        return {
            "identified": self.identified,
            "resumed": self.resumed,
            "closed": list(self.closed),
        }

    def _reset_if_due(self) -> None:
        if time.monotonic() >= self.resets_at:
            self.remaining = self.total
            self.resets_at = time.monotonic() + A_DAY_S
