"""The one place that a token has at Discord: who has it is connected, the others wait.

Two connected processes would hear every line and every command twice. One
process serves all shards, so there is one lease, that of shard 0.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.adapters.redis_store.shard_lease import ShardLeases
from bot.core.errors import StartupError, StoreRefusesWrites, StoreUnavailable

log = logging.getLogger(__name__)

ALL_SHARDS = 0
RENEWALS = 3
"""In the time of one lease: two may fail."""
ASK_EVERY_S = 0.5
EXIT_UNREACHABLE = 69
EXIT_TAKEN = 75


class GatewayPlace:
    """A process' claim to be the connected one.

    Args:
        bot: fingerprint of the token.
        owner: this process, among all that may have the token.
        for_s: how long the place stays ours after we were last heard of.
        has_ended: whether another owner is known to run no more.

    Attributes:
        predecessor: the owner whose place we took because it has ended.
    """

    def __init__(
        self,
        leases: ShardLeases,
        *,
        bot: str,
        owner: str,
        for_s: float,
        has_ended: Callable[[str], bool],
    ) -> None:
        self._leases = leases
        self._bot = bot
        self._owner = owner
        self._for_s = for_s
        self._has_ended = has_ended
        self._ours = asyncio.Event()
        self.predecessor: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether we have, or had, the place."""
        return self._ours.is_set()

    async def take(self, within_s: float) -> None:
        """Take the place, or wait for it.

        A memory that takes no writes stops nothing: nobody else can take the
        place there either, and members are told what is wrong.

        Raises:
            StartupError: another process keeps it, or the memory stays away.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + within_s
        was_told = False
        while not self.is_ours:
            failed = await self._try_to_take()
            if failed is None:
                return
            if loop.time() >= give_up_at:
                raise failed
            if not was_told:
                was_told = True
                facts = {"why": str(failed), "at_most_s": within_s}
                log.warning("waiting for the place at Discord", extra=facts)
            await asyncio.sleep(min(ASK_EVERY_S, self._for_s / 5))

    async def keep(self) -> None:
        """Once the place is ours, keep it; returns when another process has it."""
        await self._ours.wait()
        while True:
            await asyncio.sleep(self._for_s / RENEWALS)
            try:
                # A lease that ended while the memory was away is taken anew.
                is_ours = await self._leases.take(self._bot, ALL_SHARDS, self._owner, self._for_s)
            except (StoreUnavailable, StoreRefusesWrites) as error:
                log.warning("the place at Discord was not renewed", extra=_facts(error))
                continue
            if not is_ours:
                return

    async def release(self) -> None:
        """Give the place back; if the memory does not hear of it, it is free later."""
        with suppress(StoreUnavailable, StoreRefusesWrites):
            await self._leases.release(self._bot, ALL_SHARDS, self._owner)

    def lost(self) -> StartupError:
        """What to say when another process has taken the place."""
        return StartupError(
            "Another process has connected with this token, so this one ends.",
            exit_code=EXIT_TAKEN,
        )

    async def _try_to_take(self) -> StartupError | None:
        """Returns what to say if the place is not ours after this."""
        try:
            holder = await self._taken_by()
        except StoreUnavailable:
            return StartupError("Redis does not answer any more.", exit_code=EXIT_UNREACHABLE)
        except StoreRefusesWrites:
            log.warning("nobody can tell whether another process has this token")
            holder = None
        if holder is None:
            self._ours.set()
            return None
        return StartupError(
            f"Another process (on {holder.partition('/')[0]}) is connected with this token. "
            "Stop it, or give this one a token of its own.",
            exit_code=EXIT_TAKEN,
        )

    async def _taken_by(self) -> str | None:
        """Take the place if it is free; None if it is ours now, else who has it."""
        if await self._leases.take(self._bot, ALL_SHARDS, self._owner, self._for_s):
            return None
        holder = await self._leases.holder(self._bot, ALL_SHARDS)
        if holder is not None and self._has_ended(holder):
            await self._leases.release(self._bot, ALL_SHARDS, holder)
            if await self._leases.take(self._bot, ALL_SHARDS, self._owner, self._for_s):
                self.predecessor = holder
                return None
        return holder or "?"  # given back between our two questions


def _facts(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__}
