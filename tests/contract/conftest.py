"""Every store that the contract holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.redis_store import RedisCharacterStore, RedisSceneStore, connect
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.core.lore_ports import LoreStore
from bot.core.roster_ports import CharacterStore
from tests.contract.stores import KEEP, Store
from tests.fakes.memory_characters import MemoryCharacterStore
from tests.fakes.memory_lore import MemoryLoreStore
from tests.fakes.memory_store import MemorySceneStore
from tests.redis_servers import cluster

NODES = 3


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


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[Store]:
    if store_url is None:
        yield MemorySceneStore(keep=KEEP)
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisSceneStore(redis, keep=KEEP, ttl=timedelta(days=1))
    await redis.aclose()


@pytest.fixture
async def characters(store_url: str | None) -> AsyncIterator[CharacterStore]:
    if store_url is None:
        yield MemoryCharacterStore()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisCharacterStore(redis, retired_for=timedelta(days=1))
    await redis.aclose()


@pytest.fixture
async def lore_store(store_url: str | None) -> AsyncIterator[LoreStore]:
    if store_url is None:
        yield MemoryLoreStore()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisLoreStore(redis, ttl=timedelta(days=1))
    await redis.aclose()
