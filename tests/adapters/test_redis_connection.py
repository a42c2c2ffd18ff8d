import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, check_server, connect, wait_until_ready
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.connection import address_of
from bot.core.errors import StartupError, StoreUnavailable
from tests.ports import free_port
from tests.redis_servers import make_cluster_of_one, server
from tests.scenes import HARBOUR, scene

SECRET = "hunter2-canary"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost:6380/1", "localhost:6380"),
        (f"redis://:{SECRET}@db.example", "db.example:6379"),
        (f"rediss://bot:{SECRET}@db.example:7000/0", "db.example:7000"),
        ("unix:///run/redis.sock?db=2", "/run/redis.sock"),
        (f"redis+sentinel://bot:{SECRET}@a:1,b/tales?db=3", "tales by sentinel a:1, b:26379"),
        (f"redis+cluster://bot:{SECRET}@a:1,[::1]:2", "a:1, ::1:2"),
    ],
)
async def test_every_kind_of_address_is_understood(url: str, address: str) -> None:
    client = connect(url, timeout_s=0.1)

    assert address_of(client) == address
    await client.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        f"http://:{SECRET}@localhost",
        f"redis://:{SECRET}@localhost:port",
        f"redis://:{SECRET}@localhost?frobnicate=1",
        f"redis+sentinel://:{SECRET}@localhost:26379",
        f"redis+sentinel://:{SECRET}@/service",
        f"redis+sentinel://:{SECRET}@a:x/service",
        f"redis+sentinel://:{SECRET}@a/service?database=1",
        f"redis+cluster://:{SECRET}@",
        f"redis+cluster://:{SECRET}@a:70000",
    ],
)
def test_a_wrong_address_is_refused_in_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(StartupError, match="BOT_REDIS__URL") as caught:
        connect(url, timeout_s=0.1)

    assert caught.value.exit_code == 78
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_server_that_stays_away_is_named_without_its_password() -> None:
    port = free_port()
    client = connect(f"redis://:{SECRET}@127.0.0.1:{port}", timeout_s=0.1)
    began = asyncio.get_running_loop().time()

    with pytest.raises(StartupError, match=f"127.0.0.1:{port}") as caught:
        await wait_until_ready(client, give_up_s=0.5)

    await client.aclose()
    assert caught.value.exit_code == 69
    assert SECRET not in str(caught.value)
    assert asyncio.get_running_loop().time() - began < 2


async def test_a_server_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    client = connect(f"redis://127.0.0.1:{port}", timeout_s=0.5)
    waiting = asyncio.create_task(wait_until_ready(client, give_up_s=10))

    async with server(tmp_path, port):
        await waiting

        assert await client.ping()
        await client.aclose()


async def test_a_wrong_password_is_told_at_once(tmp_path: Path) -> None:
    port = free_port()
    async with server(tmp_path, port) as _:
        async with Redis(port=port) as admin:
            await admin.config_set("requirepass", "right")
        client = connect(f"redis://:{SECRET}@127.0.0.1:{port}", timeout_s=0.5)

        with pytest.raises(StartupError, match="password") as caught:
            await wait_until_ready(client, give_up_s=5)

        await client.aclose()
    assert caught.value.exit_code == 78
    assert SECRET not in str(caught.value)


async def test_our_own_server_passes_the_check(redis: Redis) -> None:
    assert await check_server(redis) is None


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_a_server_that_deletes_when_full_is_refused_with_the_line_to_set(
    redis: Redis, policy: str
) -> None:
    await redis.config_set("maxmemory-policy", policy)
    try:
        with pytest.raises(StartupError, match="`maxmemory-policy noeviction`") as caught:
            await check_server(redis)
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")

    assert caught.value.exit_code == 78
    assert policy in str(caught.value)


async def test_a_server_without_append_only_file_is_warned_about(tmp_path: Path) -> None:
    port = free_port()
    async with server(tmp_path, port):
        client = connect(f"redis://127.0.0.1:{port}", timeout_s=0.5)

        warning = await check_server(client)

        await client.aclose()
    assert warning is not None
    assert "`appendonly yes`" in warning


async def test_every_node_of_a_cluster_is_checked(tmp_path: Path) -> None:
    port = free_port()
    bus = str(free_port())
    async with server(tmp_path, port, "--cluster-enabled", "yes", "--cluster-port", bus):
        await make_cluster_of_one(port)
        async with Redis(port=port) as admin:
            await admin.config_set("maxmemory-policy", "allkeys-lru")
        client = connect(f"redis+cluster://127.0.0.1:{port}", timeout_s=1)
        await wait_until_ready(client, give_up_s=5)

        with pytest.raises(StartupError, match="allkeys-lru"):
            await check_server(client)

        await client.aclose()


async def test_scenes_are_kept_behind_a_sentinel(tmp_path: Path) -> None:
    port, watch = free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor tales 127.0.0.1 {port} 1\n")
    async with server(tmp_path, port), server(tmp_path, watch, str(config), "--sentinel"):
        client = connect(f"redis+sentinel://127.0.0.1:{watch}/tales?db=0", timeout_s=1)
        store = RedisSceneStore(client, keep=5, ttl=timedelta(days=1))
        await wait_until_ready(client, give_up_s=5)

        await store.start(scene(), None)

        assert await store.live_channels() == [HARBOUR]
        await client.aclose()


@contextmanager
def no_file_left() -> Iterator[None]:
    """Let this process open nothing more for the length of the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    highest = max(int(file.name) for file in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in held:
            os.close(file)


async def test_who_has_no_file_left_for_a_connection_finds_the_memory_away(
    redis_url: str,
) -> None:
    client = connect(redis_url, timeout_s=1)
    store = RedisSceneStore(client, keep=10, ttl=timedelta(days=1))
    try:
        with no_file_left(), pytest.raises(StoreUnavailable):
            await store.head(HARBOUR)
        assert await store.head(HARBOUR) is None
    finally:
        await client.aclose()


async def test_a_connection_that_works_is_used_before_one_that_failed(redis_url: str) -> None:
    client = connect(redis_url, timeout_s=1)
    await client.ping()
    with no_file_left():
        at_once = [client.ping() for _ in range(8)]
        await asyncio.gather(*at_once, return_exceptions=True)
        for _ in range(20):
            assert await client.ping()
    await client.aclose()


async def test_whoever_is_cancelled_while_redis_is_asked_ends(redis_url: str) -> None:
    redis = connect(redis_url, timeout_s=1.0)
    calls = Calls(redis)

    async def ask_and_go_on() -> None:
        await calls.run(redis.get("x"))
        await asyncio.sleep(60)

    left = []
    for moment in range(60):
        task = asyncio.create_task(ask_and_go_on())
        for _ in range(moment % 12):
            await asyncio.sleep(0)
        task.cancel()
        _, pending = await asyncio.wait([task], timeout=1.0)
        left += [moment for each in pending if each.cancel()]
        await asyncio.wait([task])
    await redis.aclose()
    assert left == []
