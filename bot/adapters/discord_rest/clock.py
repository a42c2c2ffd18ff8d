"""What time it is at Discord, as its answers tell.

Members' lines bear Discord's time, and how old one is decides whether it is answered.
The clock of a host may jump, be wrong until the network has set it, and differ from
that of the host whose work is taken over.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

BELIEVED_MS = 2_000
"""An answer tells whole seconds, and is on its way for a while: this much is no difference."""
SLOW_S = 5.0
"""An answer that took longer, or that a frozen process read late, tells what time it was."""


class DiscordClock:
    """Goes by the host's clock as it was at the start, until Discord says otherwise.

    Args:
        host_ms: what the host takes for Unix time, in milliseconds.
        clock_s: seconds that pass, whatever becomes of the date.
    """

    def __init__(
        self,
        *,
        host_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock_s = clock_s
        self._host_ms = host_ms
        self._ahead_ms = host_ms() - clock_s() * 1000

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return round(self._clock_s() * 1000 + self._ahead_ms)

    def ahead_s(self) -> float:
        """How far the host's clock is ahead of Discord's, as far as Discord has told."""
        return (self._host_ms() - self.now_ms()) / 1000

    def hear(self, date: str) -> None:
        """Take notice of the `Date` of an answer that has just come."""
        try:
            told_ms = parsedate_to_datetime(date).timestamp() * 1000
        except (ValueError, OverflowError):
            return
        if abs(told_ms - self.now_ms()) > BELIEVED_MS:
            self._ahead_ms = told_ms - self._clock_s() * 1000

    def listen(self) -> aiohttp.TraceConfig:
        """Goes to a session that asks Discord only; every answer is heard."""

        async def on_start(
            _session: aiohttp.ClientSession, asked: SimpleNamespace, _: object
        ) -> None:
            asked.at_s = self._clock_s()

        async def on_end(
            _session: aiohttp.ClientSession,
            asked: SimpleNamespace,
            answer: aiohttp.TraceRequestEndParams,
        ) -> None:
            date = answer.response.headers.get("Date")
            if date is not None and self._clock_s() - asked.at_s < SLOW_S:
                self.hear(date)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(on_start)
        trace.on_request_end.append(on_end)
        return trace
