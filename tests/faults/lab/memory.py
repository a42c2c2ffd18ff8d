"""What is remembered of each channel, as the store tells it and as Redis holds it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, Scene, Work

_CHANNEL = re.compile(r"rp:\{(\d+)\}:")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a channel.

    Attributes:
        order: ids of turns as they are listed, tombstones included.
        records: ids of turns that have a record, or a tombstone.
        leased_ms: for how long yet somebody has the channel.
        owed: messages that have to leave the screen.
    """

    scene: Scene | None
    work: Work | None = None
    order: Sequence[str] = ()
    records: Sequence[str] = ()
    leased_ms: int = 0
    owed: Sequence[int] = ()


class Memory:
    """Looks into Redis beside the bot. Borrows the client."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.store = RedisSceneStore(redis, keep=2000, ttl=timedelta(days=30))

    async def of_all(self) -> Mapping[ChannelId, Kept]:
        """Everything that is remembered, by channel."""
        found = {
            ChannelId(int(match[1]))
            async for key in self.redis.scan_iter(match="rp:{*}:*", count=1000)
            if (match := _CHANNEL.match(key))
        }
        return {channel: await self.of(channel) for channel in sorted(found)}

    async def of(self, channel: ChannelId) -> Kept:
        """What is remembered of *channel*."""
        tag = f"rp:{{{channel}}}"
        async with self.redis.pipeline(transaction=True) as asked:
            asked.lrange(f"{tag}:order", 0, -1)
            asked.hkeys(f"{tag}:turns")
            asked.hmget(f"{tag}:meta", ["holder", "until_ms"])
            asked.hmget(f"{tag}:lease", ["owner", "until_ms"])  # where no scene is
            asked.time()
            order, records, *leases, (seconds, micros) = await asked.execute()
        until_ms = max(int(until_ms or 0) if owner else 0 for owner, until_ms in leases)
        left_ms = until_ms - (seconds * 1000 + micros // 1000)
        return Kept(
            await self.store.read(channel),
            await self.store.work(channel),
            order,
            records,
            max(0, left_ms),
            await self.store.owed(channel),
        )

    async def shards_held(self) -> Sequence[str]:
        """Places at Discord that somebody has."""
        return [str(key) async for key in self.redis.scan_iter(match="rp:shard:*")]
