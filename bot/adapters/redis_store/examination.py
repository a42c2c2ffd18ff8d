"""How the Redis servers are that stories lie on, from INFO and TIME."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from redis.asyncio import RedisCluster

from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient, infos
from bot.adapters.redis_store.write_probe import WriteProbe
from bot.core.doctor import KEEPS_ALL, MemoryFacts


class RedisExamination:
    """Borrows the client. Writes the key of the probe alone."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._calls = Calls(redis, answer_within=answer_within)
        self._now_s = now_s
        self._probe = WriteProbe(redis, answer_within=answer_within)

    async def why_not_written(self) -> str:
        """Why Redis takes nothing new, in a sentence; empty if it does.

        Raises:
            StoreUnavailable.
        """
        return await self._probe.ask()

    async def facts(self) -> Sequence[MemoryFacts]:
        """Of every server that takes writes.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        return list(await self._calls.run(self._facts()))

    async def _facts(self) -> Sequence[MemoryFacts]:
        ahead_s = await self._ahead_s()
        return [_read(info, ahead_s) async for info in infos(self._calls.redis)]

    async def _ahead_s(self) -> float:
        redis = self._calls.redis
        if isinstance(redis, RedisCluster):
            return 0.0  # each has a clock of its own, and nothing depends on them
        seconds, microseconds = await redis.time()
        return float(seconds) + float(microseconds) / 1e6 - self._now_s()


def _read(info: Any, ahead_s: float) -> MemoryFacts:
    has_file = info.get("aof_enabled")
    saved = {
        str(info.get(f"{what}_status", "ok")) for what in ("rdb_last_bgsave", "aof_last_write")
    }
    return MemoryFacts(
        version=str(info.get("redis_version", "")),
        policy=str(info.get("maxmemory_policy", KEEPS_ALL)),
        has_file=None if has_file is None else bool(int(has_file)),
        is_saving=saved == {"ok"},
        used_bytes=int(info.get("used_memory", 0)),
        max_bytes=int(info.get("maxmemory", 0)),
        clock_ahead_s=ahead_s,
    )
