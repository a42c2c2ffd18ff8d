"""Discord's limits, learnt from its headers and met before they are hit.

A limit belongs to a bucket and a major id (channel or webhook); which routes
share a bucket is only known once Discord has named it. On top of that: 50
requests a second for the bot, and 50 more for the address it calls from, under
which the calls without token are counted.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.adapters.discord_rest.refusals import NotTaken
from bot.adapters.discord_rest.routes import Route

WINDOWS_KEPT = 4096
"""Windows last for seconds: the one that was used longest ago is long over."""

PROBE_S = 2.0
"""Others wait so long for the answer to the one that went first."""
PROBE_LOOK_S = 0.02

INVALID_WINDOW_S = 600.0
INVALID_KEPT = 10_000
"""With as many 401, 403 and 429 in that time Discord shuts our address out."""


@dataclass(slots=True)
class _Window:
    """What is left of one limit. Unknown limits let everything through."""

    limit: float = math.inf
    left: float = math.inf
    resets_at: float = -math.inf
    lasts_s: float = 0.0
    closed_until: float = -math.inf
    must_probe: bool = False  # it was closed: after that one goes first and finds out
    probed_at: float = -math.inf

    def wait_s(self, now: float) -> float:
        if now < self.closed_until:
            return self.closed_until - now
        if self.left < 1:
            return self.resets_at - now
        return PROBE_LOOK_S if now < self.probed_at + PROBE_S else 0.0

    def refresh(self, now: float) -> None:
        # Strictly our own clock: it runs late by the way the answer took, so
        # the window we believe over is over at Discord too.
        if self.left < self.limit and now >= self.resets_at:
            self.left = self.limit
            self.resets_at = now + self.lasts_s  # until an answer says better

    def close(self, until: float) -> None:
        self.closed_until = max(self.closed_until, until)
        self.must_probe = True
        self.probed_at = -math.inf

    def found_out(self, now: float) -> None:
        # What was asked before it was closed says nothing of what holds now.
        if now >= self.closed_until:
            self.must_probe = False
            self.probed_at = -math.inf


class RateLimits:
    """Says when a request may leave. For one bot in one process."""

    def __init__(self, *, clock: Callable[[], float], per_second: int = 50) -> None:
        self._clock = clock
        self._buckets: dict[str, str] = {}
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._sent_at = {
            authorized: deque[float](maxlen=per_second) for authorized in (True, False)
        }
        self._closed_until = {True: -math.inf, False: -math.inf}
        self._invalid_at: deque[float] = deque(maxlen=INVALID_KEPT)

    async def turn(self, route: Route, *, until: float) -> float:
        """Wait until *route* may be sent, and count it as sent; returns for how many seconds.

        Raises:
            NotTaken: that would be after *until*.
        """
        waited_s = 0.0
        while (wait := self._wait_s(route)) > 0:
            if self._clock() + wait > until:
                raise NotTaken(f"{route.name}: limited for {wait:.1f} s more")
            waited_s += wait
            await asyncio.sleep(wait)
        window = self._window(route)
        window.left -= 1
        if window.must_probe:
            window.probed_at = self._clock()
        self._sent_at[route.authorized].append(self._clock())
        return waited_s

    def learn(self, route: Route, headers: Mapping[str, str]) -> None:
        """Take over what an answer says about its limit."""
        unnamed = self._window(route)
        unnamed.found_out(self._clock())
        bucket = headers.get("X-RateLimit-Bucket")
        left = _number(headers.get("X-RateLimit-Remaining"))
        reset_s = _number(headers.get("X-RateLimit-Reset-After"))
        if bucket is None or left is None or reset_s is None:
            return
        self._buckets[route.name] = bucket
        window = self._window(route)
        if window is not unnamed and unnamed.must_probe:
            window.close(unnamed.closed_until)  # before it had its name
        window.found_out(self._clock())
        window.limit = _number(headers.get("X-RateLimit-Limit")) or window.limit
        # Answers overtake each other; what we have sent since is in our own
        # count only. The smaller number is right within a window.
        window.left = min(window.left, left)
        window.resets_at = self._clock() + reset_s
        window.lasts_s = max(window.lasts_s, reset_s)

    def close(self, route: Route, seconds: float) -> None:
        """Let nothing of *route*'s limit leave for *seconds*."""
        self._window(route).close(self._clock() + seconds)

    def close_all(self, seconds: float, *, authorized: bool) -> None:
        """Let nothing that is counted with *authorized* leave for *seconds*."""
        self._closed_until[authorized] = max(
            self._closed_until[authorized], self._clock() + seconds
        )

    def note_invalid(self) -> None:
        """Count an answer that brings us nearer to being shut out."""
        self._invalid_at.append(self._clock())

    @property
    def invalid_lately(self) -> int:
        """How many such answers came in the last ten minutes."""
        oldest = self._clock() - INVALID_WINDOW_S
        while self._invalid_at and self._invalid_at[0] < oldest:
            self._invalid_at.popleft()
        return len(self._invalid_at)

    def _wait_s(self, route: Route) -> float:
        now = self._clock()
        window = self._window(route)
        window.refresh(now)
        wait = max(window.wait_s(now), self._closed_until[route.authorized] - now)
        sent = self._sent_at[route.authorized]
        if len(sent) == sent.maxlen:
            wait = max(wait, sent[0] + 1 - now)
        return wait

    def _window(self, route: Route) -> _Window:
        key = (self._buckets.get(route.name, route.name), route.major)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window()
            if len(self._windows) > WINDOWS_KEPT:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(key)
        return window


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
