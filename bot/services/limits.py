"""How much members and servers may ask for: token buckets in memory, as many as are remembered."""

import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.scene import GuildId, UserId
from bot.core.token_bucket import Bucket, Rate, filled, taken, wait_s
from bot.services.recent import Recent

BUCKETS_KEPT = 50_000
MANY_FILES = phrase("That were many files in a few minutes. Try again in a while.")
MANY_REPORTS = phrase("You have reported several messages within the hour. Try again later.")
MANY_LINES = phrase(
    "You write faster than I can answer. All of it is remembered; wait a moment, and I answer "
    "again."
)


@dataclass(frozen=True, slots=True)
class Rates:
    """How much of what, beside commands, presses, forms and lines: files, and reports."""

    member: Rate
    server: Rate
    uploads: Rate
    reports: Rate


class Limits:
    """Knows who has asked for how much of late. Nothing waits: it is said, and that was that.

    Args:
        clock_s: seconds that pass.
    """

    def __init__(self, rates: Rates, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock_s = clock_s
        self._buckets: Recent[Hashable, Bucket] = Recent(BUCKETS_KEPT)

    def why_no_use(self, user: UserId, guild: GuildId | None) -> str:
        """Why a command, press or form comes too soon; empty if it does not, and then it counts."""
        wait = self._wait_s("use", user, guild)
        if not wait:
            return ""
        return phrase(
            "That is faster than I can follow. Try again in {seconds} s.", seconds=math.ceil(wait)
        )

    def may_ask(self, user: UserId, guild: GuildId | None) -> bool:
        """Whether a line that asks for a reply gets one; then it counts."""
        return not self._wait_s("line", user, guild)

    def admit_upload(self, user: UserId) -> None:
        """Count a file that is about to be fetched.

        Raises:
            UserError: it is one too many.
        """
        if self._take([(("upload", user), self._rates.uploads)]):
            raise UserError(MANY_FILES)

    def admit_report(self, user: UserId) -> None:
        """Count a report.

        Raises:
            UserError: it is one too many.
        """
        if self._take([(("report", user), self._rates.reports)]):
            raise UserError(MANY_REPORTS)

    def _wait_s(self, what: str, user: UserId, guild: GuildId | None) -> float:
        asked: list[tuple[Hashable, Rate]] = [((what, user), self._rates.member)]
        if guild is not None:
            asked.append(((what, "server", guild), self._rates.server))
        return self._take(asked)

    def _take(self, asked: Sequence[tuple[Hashable, Rate]]) -> float:
        """Take one of each, or none; returns how many seconds until there is one of each."""
        now_s = self._clock_s()
        held = [(key, rate, filled(self._buckets.get(key), rate, now_s)) for key, rate in asked]
        wait = max(wait_s(bucket, rate) for _, rate, bucket in held)
        if not wait:
            for key, _, bucket in held:
                self._buckets.set(key, taken(bucket))
        return wait
