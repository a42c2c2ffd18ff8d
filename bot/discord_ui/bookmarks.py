"""How far each shard has been dealt with, kept for the next process."""

import logging
import time
from collections.abc import Mapping

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.gateway_ports import GatewaySession, SessionStore

log = logging.getLogger(__name__)

SAVE_AGAIN_S = 30.0
"""A place that does not move is saved again well before it is forgotten."""


class Bookmarks:
    """Saves what has moved. While the memory is away, the next process hears more again."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._places: dict[int, GatewaySession] = {}
        self._saved_at: dict[int, float] = {}

    async def take(self, shard: int, of: int) -> GatewaySession | None:
        """Where the process before this one was, if that can still be gone on with."""
        try:
            place = await self._store.take(shard, of)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("nobody knows where the last process was", extra=_facts(shard, error))
            return None
        if place is not None:
            self._places[shard] = place  # until all of it has been heard it stays the place
            self._saved_at[shard] = time.monotonic()
        return place

    async def save(self, places: Mapping[int, GatewaySession], of: int) -> None:
        """Save the *places* that have moved, and any that would be forgotten."""
        now = time.monotonic()
        for shard, place in (self._places | dict(places)).items():
            known = self._places.get(shard)
            if known is not None and known.id == place.id and known.seq > place.seq:
                continue  # somebody looked before us and saves after us
            is_old = now - self._saved_at.get(shard, 0.0) >= SAVE_AGAIN_S
            if place == known and not is_old:
                continue
            try:
                is_ours = await self._store.save(shard, of, place)
            except (StoreUnavailable, StoreRefusesWrites) as error:
                log.warning("our place at Discord was not saved", extra=_facts(shard, error))
                return
            if not is_ours:
                log.info("another process goes on from here", extra={"shard": shard})
            self._places[shard] = place
            self._saved_at[shard] = now


def _facts(shard: int, error: Exception) -> dict[str, object]:
    return {"shard": shard, "error": type(error).__name__}
