import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.valkey import open_embedded
from tests import canaries


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real server of our own, on a socket that only this run knows."""
    async with open_embedded(Path(tmp_path_factory.mktemp("redis"))) as url:
        client = connect(url, timeout_s=1.0)
        await client.execute_command(
            *("ACL", "SETUSER", canaries.REDIS_USER, "on", f">{canaries.REDIS_PASSWORD}"),
            *("~*", "&*", "+@all"),
        )
        await client.aclose()
        canaries.note_server(url)
        yield url


@pytest.fixture(scope="session", autouse=True)
def _no_log_has_a_canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """S23 and S36: no secret, and nothing that people wrote, in any log of the whole run."""
    net, log = canaries.Net(), logging.getLogger("bot")
    log.addHandler(net)
    log.setLevel(logging.DEBUG)
    yield
    log.removeHandler(net)
    assert net.lines + canaries.logs_with_canaries(tmp_path_factory.getbasetemp()) == []


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of a server that holds nothing."""
    client = connect(redis_url, timeout_s=1.0)
    assert isinstance(client, Redis)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def scene_store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=2000, ttl=timedelta(days=30))


WAITING = ("wire", "faults", "e2e")
"""Folders whose tests wait for other processes more than they work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have files that wait and files that work by turns: so they fill a machine together."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [path for path in files if path.parent.name in WAITING]
    working = [path for path in files if path.parent.name not in WAITING]
    share = max(len(working) // max(len(waiting), 1), 1)
    ordered: list[Path] = []
    while waiting:
        ordered += [waiting.pop(0), *working[:share]]
        del working[:share]
    items[:] = [item for path in (*ordered, *working) for item in files[path]]
