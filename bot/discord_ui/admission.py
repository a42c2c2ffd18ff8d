"""Whether a session with Discord may be begun now.

Discord allows a bot so many IDENTIFYs a day (a thousand, for most), ends every
session after the last, and gives the bot a new token. A bot that crashes at
once and is started again at once gets there in an hour and a half.

So this waits rather than ends: a supervisor would start an ended process again,
and that process would have to wait for the same thing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from discord import SessionStartLimits

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.gateway_ports import StartGuard

log = logging.getLogger(__name__)

KEPT_IN_RESERVE = 100
"""Sessions of a day that are left to the people who have to find out what is wrong."""
ASK_AGAIN_S = 300.0


class Admission:
    """Says when the next IDENTIFY may be sent.

    Attributes:
        why: what is being waited for, for people; empty while nothing is.
        left: how many sessions Discord still allows today, when it was asked last.
    """

    def __init__(
        self, guard: StartGuard, limits: Callable[[], Awaitable[SessionStartLimits]]
    ) -> None:
        self._guard = guard
        self._limits = limits
        self.why = ""
        self.left: int | None = None

    async def pause_s(self, shard: int) -> float:
        """How long to wait before asking again; 0 if a session may begin now.

        Raises:
            GatewayNotFound, aiohttp.ClientError, OSError: Discord cannot be asked.
        """
        pause_s, why = await self._soon_after_others(shard)
        if not pause_s:
            pause_s, why = await self._few_left()
        if why and why != self.why:
            log.warning(why, extra={"shard": shard, "pause_s": round(pause_s, 1)})
        self.why = why
        return pause_s

    async def wait(self, shard: int) -> None:
        """Wait until a session may begin; raises as `pause_s` does."""
        pause_s = await self.pause_s(shard)
        while pause_s:
            await asyncio.sleep(pause_s)
            pause_s = await self.pause_s(shard)

    async def starting(self, shard: int) -> None:
        """Count the session that begins now."""
        try:
            await self._guard.starting(shard)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("a session was not counted", extra={"error": type(error).__name__})

    async def steady(self, shard: int) -> None:
        """The session has stood for a while, or was ended in order."""
        try:
            await self._guard.steady(shard)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("a good start was not noted", extra={"error": type(error).__name__})

    async def _soon_after_others(self, shard: int) -> tuple[float, str]:
        try:
            pause_s = await self._guard.pause_s(shard)
        except (StoreUnavailable, StoreRefusesWrites):
            return 0.0, ""  # discord.py's own 5 s between two sessions are left
        if not pause_s:
            return 0.0, ""
        return pause_s, "The last connections ended soon, so the next one waits a while."

    async def _few_left(self) -> tuple[float, str]:
        limits = await self._limits()
        self.left = limits.remaining
        if limits.remaining >= min(KEPT_IN_RESERVE, limits.total):
            return 0.0, ""
        reset_s = max(1.0, limits.reset_after / 1000)
        at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() + reset_s))
        why = (
            f"Discord lets this bot connect only {limits.remaining} more times before {at} and "
            "would change its token after the last, so it is not connected until then."
        )
        return min(reset_s, ASK_AGAIN_S), why
