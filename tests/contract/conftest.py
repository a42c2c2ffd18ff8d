"""Every store that the contract holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from bot.adapters.redis_store import RedisCharacterStore, RedisClient, RedisSceneStore, connect
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.adapters.redis_store.seals import NO_SEALS, Seals
from bot.core.lore_ports import LoreStore
from bot.core.roster_ports import CharacterStore
from tests.contract.stores import KEEP, Store
from tests.fakes.memory_characters import MemoryCharacterStore
from tests.fakes.memory_lore import MemoryLoreStore
from tests.fakes.memory_store import MemorySceneStore
from tests.redis_servers import cluster
from tests.sealing import sealed_on

NODES = 3


class Opened(NamedTuple):
    redis: RedisClient
    seals: Seals


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with cluster(Path(tmp_path_factory.mktemp("cluster")), NODES) as ports:
        # The last one, so that nothing works only because everything is on the first.
        yield f"redis+cluster://127.0.0.1:{ports[-1]}"


@pytest.fixture(params=["memory", "redis", "cluster"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


SEALED = "sealed"
"""A Redis whose texts nobody else can read."""


class Backing(NamedTuple):
    """A kind of store, and where its server is; None for one in memory."""

    url: str | None
    is_sealed: bool


@pytest.fixture(params=["memory", "redis", "cluster", SEALED])
def backing(request: pytest.FixtureRequest) -> Backing:
    if request.param == "memory":
        return Backing(None, is_sealed=False)
    name = "redis" if request.param == SEALED else request.param
    return Backing(request.getfixturevalue(f"{name}_url"), request.param == SEALED)


@asynccontextmanager
async def opened(url: str, *, is_sealed: bool) -> AsyncIterator[Opened]:
    """An empty Redis of that kind."""
    redis = connect(url, timeout_s=1.0)
    await redis.flushall()
    yield Opened(redis, sealed_on(redis) if is_sealed else NO_SEALS)
    await redis.aclose()


@pytest.fixture
async def store(backing: Backing) -> AsyncIterator[Store]:
    if backing.url is None:
        yield MemorySceneStore(keep=KEEP)
        return
    async with opened(backing.url, is_sealed=backing.is_sealed) as on:
        yield RedisSceneStore(on.redis, keep=KEEP, ttl=timedelta(days=1), seals=on.seals)


@pytest.fixture
async def characters(backing: Backing) -> AsyncIterator[CharacterStore]:
    if backing.url is None:
        yield MemoryCharacterStore()
        return
    async with opened(backing.url, is_sealed=backing.is_sealed) as on:
        yield RedisCharacterStore(on.redis, retired_for=timedelta(days=1), seals=on.seals)


@pytest.fixture
async def lore_store(backing: Backing) -> AsyncIterator[LoreStore]:
    if backing.url is None:
        yield MemoryLoreStore()
        return
    async with opened(backing.url, is_sealed=backing.is_sealed) as on:
        yield RedisLoreStore(on.redis, ttl=timedelta(days=1), seals=on.seals)
