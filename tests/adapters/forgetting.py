"""A store with somebody in it who is to be forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis

from bot.adapters.redis_store import RedisCharacterStore, RedisSceneStore
from bot.adapters.redis_store.consents import RedisConsents
from bot.core.privacy import Forgotten, Reach
from bot.core.scene import ChannelId, GuildId, Place, SceneHead, UserId
from bot.services.forgetting import Forgetting, Held
from tests.scenes import BOB, HARBOUR, line, scene

CANARY = "zanzibar-9417"
PLACE = Place(HARBOUR, GuildId(7), HARBOUR)


class Lanes:
    """A pipeline in which nothing is written, unless it is told otherwise."""

    def __init__(self) -> None:
        self.writing: set[ChannelId] = set()
        self.halted: list[ChannelId] = []
        self.gone: list[ChannelId] = []
        self.heads: list[SceneHead] = []

    def is_writing(self, channel: ChannelId) -> bool:
        return channel in self.writing

    async def halt(self, channel: ChannelId) -> None:
        self.halted.append(channel)
        self.writing.discard(channel)

    def noted(self, head: SceneHead) -> None:
        self.heads.append(head)

    def ended(self, channel: ChannelId) -> None:
        self.gone.append(channel)


def forgetting(store: RedisSceneStore, redis: Redis, lanes: Lanes | None = None) -> Forgetting:
    return Forgetting(
        store=store,
        personas=store,
        kept=RedisCharacterStore(redis, retired_for=timedelta(days=1)),
        consents=RedisConsents(redis),
        pipeline=lanes or Lanes(),
        forgets=Held(lambda _: None, lambda _: None),
    )


async def everywhere(store: RedisSceneStore, redis: Redis, user: UserId = BOB) -> Forgotten:
    return await forgetting(store, redis).forget(user, Reach.EVERYWHERE, PLACE)


async def play(store: RedisSceneStore, channel: ChannelId = HARBOUR) -> None:
    """Bob says the canary in Ann's scene."""
    await store.start(scene(channel), None)
    await store.ingest(channel, line(1))
    await store.ingest(channel, line(2, CANARY, author=BOB, name="Bob"))
    await store.ingest(channel, replace(line(3), quoted=f"Bob: “{CANARY}”"))


async def texts(store: RedisSceneStore, channel: ChannelId = HARBOUR) -> Sequence[str]:
    found = await store.read(channel)
    assert found is not None
    return [turn.text for turn in found.turns]
