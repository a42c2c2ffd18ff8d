"""Asks a host's filter about each text, within a time, and decides where it fails."""

import asyncio
import logging
from enum import StrEnum

from bot.core.content_filter import ContentFilter, Context, Direction, Ruling, Verdict
from bot.core.errors import FilterFailed, TextBlocked
from bot.core.scene import Place, UserId
from bot.services.casting import IsAgeRestricted
from bot.services.recent import Recent

log = logging.getLogger(__name__)

RULINGS_KEPT = 500


class Fails(StrEnum):
    """What a text is worth that the filter gives no answer to."""

    OPEN = "open"
    CLOSED = "closed"
    BY_AGE = "by-age"  # closed in age-restricted channels


class ContentGuard:
    """Borrows the filter; without one every text is allowed.

    Args:
        within_s: so long is waited for an answer.
    """

    def __init__(
        self,
        judge: ContentFilter | None,
        is_age_restricted: IsAgeRestricted,
        *,
        within_s: float,
        fails: Fails,
    ) -> None:
        self._judge = judge
        self._is_age_restricted = is_age_restricted
        self._within_s = within_s
        self._fails = fails
        self._known: Recent[tuple[Direction, Place, str], Ruling] = Recent(RULINGS_KEPT)

    async def read(self, place: Place, user: UserId, text: str) -> str | None:
        """A member's *text* as it goes into the story; None if it must not."""
        ruling = await self._rule(Direction.INCOMING, text, place, user)
        return None if ruling.verdict is Verdict.BLOCK else _as_ruled(text, ruling)

    async def show(self, place: Place, text: str) -> str:
        """*text* as it may stand on the screen.

        Raises:
            TextBlocked: it may not.
        """
        ruling = await self._rule(Direction.OUTGOING, text, place, None)
        if ruling.verdict is Verdict.BLOCK:
            raise TextBlocked("the host's filter lets a text not through")
        return _as_ruled(text, ruling)

    async def _rule(
        self, direction: Direction, text: str, place: Place, user: UserId | None
    ) -> Ruling:
        if self._judge is None:
            return Ruling(Verdict.ALLOW)
        known = self._known.get((direction, place, text))
        if known is not None:
            return known
        is_restricted = self._is_age_restricted(place) is not False
        context = Context(place, is_restricted, user)
        try:
            async with asyncio.timeout(self._within_s):
                ruling = await self._judge.check(direction, text, context)
        except (FilterFailed, TimeoutError) as error:
            facts = {"channel": place.channel, "error": type(error).__name__}
            log.warning("the filter gave no answer", extra=facts)
            is_closed = self._fails is Fails.CLOSED or (
                self._fails is Fails.BY_AGE and is_restricted
            )
            return Ruling(Verdict.BLOCK if is_closed else Verdict.ALLOW)
        self._known.set((direction, place, text), ruling)
        return ruling


def _as_ruled(text: str, ruling: Ruling) -> str:
    return ruling.text if ruling.verdict is Verdict.REDACT else text
