"""Rows R1 to R11: what the store does when Redis is slow, full, gone or wrong.

Each test names its row. Losing answers to each single script, later schemas
and eviction policies stand in `test_redis_store.py`, `test_redis_connection.py`.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect, wait_until_ready
from bot.adapters.redis_store.connection import CONNECTIONS, RedisClient
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, MessageId, Work
from bot.core.store_answers import Ingested, IngestStatus
from tests.fakes.fault_proxy import BLACK_HOLE, FaultProxy, Rules, Script, Then, Way
from tests.faults.redis_acts import ACTS
from tests.ports import free_port
from tests.redis_servers import server
from tests.scenes import HARBOUR, TOWER, line, reply, scene

ANSWER_S = 0.3
CROWD_S = 1.0
"""Longer than a busy machine needs to wake up so many."""
"""The time limit here: an eighth of what the bot allows."""
DAY = timedelta(days=1)


def store_on(client: RedisClient, *, answer_s: float = ANSWER_S) -> RedisSceneStore:
    return RedisSceneStore(client, keep=500, ttl=DAY, answer_within=timedelta(seconds=answer_s))


@asynccontextmanager
async def client_of(url: str, *, timeout_s: float = ANSWER_S / 2) -> AsyncGenerator[RedisClient]:
    client = connect(url, timeout_s=timeout_s)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.fixture
async def proxy(redis_url: str, redis: Redis) -> AsyncIterator[FaultProxy]:
    """Before an empty server."""
    await redis.ping()
    async with FaultProxy(redis_url.removeprefix("unix://")) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: FaultProxy) -> AsyncIterator[RedisSceneStore]:
    """A store behind the proxy, with a scene."""
    async with client_of(f"redis://{proxy.address}") as client:
        store = store_on(client)
        await store.start(scene(), None)
        yield store


async def insist(store: RedisSceneStore, number: int, channel: ChannelId = HARBOUR) -> Ingested:
    """Store a line as the pipeline does: again while Redis is not there."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await store.ingest(channel, line(number))
            except StoreUnavailable:
                await asyncio.sleep(0.02)


async def numbers(store: RedisSceneStore, channel: ChannelId = HARBOUR) -> list[int]:
    found = await store.read(channel)
    assert found is not None
    return [int(turn.messages[0]) for turn in found.turns]


async def seconds(act: Awaitable[object]) -> float:
    """How long *act* takes, whatever comes of it for want of an answer."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(StoreUnavailable):
        await act
    return loop.time() - began


async def test_r1_a_server_killed_and_restarted_loses_no_line_and_keeps_none_twice(
    tmp_path: Path,
) -> None:
    port = free_port()
    # With `everysec` a server may answer before it has written, while its disk is busy.
    options = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    written: list[Ingested] = []
    async with client_of(f"redis://127.0.0.1:{port}") as client:
        store = store_on(client)
        async with server(tmp_path, port, *options) as process:
            await store.start(scene(), None)
            writing = asyncio.create_task(_write_lines(store, 60, written))
            while len(written) < 20:
                await asyncio.sleep(0)
            process.kill()
            await process.wait()
        async with server(tmp_path, port, *options):
            await writing

            assert await numbers(store) == list(range(1, 61))
    assert [each.status for each in written] == [IngestStatus.STORED] * 60


async def _write_lines(store: RedisSceneStore, count: int, written: list[Ingested]) -> None:
    for number in range(1, count + 1):
        ingested = await insist(store, number)
        written.append(ingested)


async def all_seconds(store: RedisSceneStore) -> dict[str, float]:
    """How long each method takes without an answer, all of them at once."""
    waits = await asyncio.gather(*(seconds(act(store)) for act in ACTS.values()))
    return dict(zip(ACTS, waits, strict=True))


async def test_r2_while_the_server_is_down_every_method_says_so_soon(
    proxy: FaultProxy, store: RedisSceneStore
) -> None:
    async with proxy.refusing():
        waits = await all_seconds(store)

    assert max(waits.values()) < 2 * ANSWER_S, waits
    for act in ACTS.values():
        await act(store)


async def test_r3_a_slow_server_slows_each_step_once(
    proxy: FaultProxy, store: RedisSceneStore
) -> None:
    loop = asyncio.get_running_loop()
    work = Work(reply(1, "").id, line(1).id)
    slow = Way(delay_s=0.04)
    proxy.rules = Rules(Script(to_server=slow, to_client=slow))
    began = loop.time()

    await store.ingest(HARBOUR, line(1))
    await store.take(HARBOUR, "one", 60, work)
    await store.posted(HARBOUR, work.reply, MessageId(9))
    await store.commit(HARBOUR, reply(1, "Aye.", 9))

    assert 4 * 0.08 <= loop.time() - began < 4 * 0.08 + 0.3


async def test_r3_a_server_slower_than_the_limit_is_given_up_and_loses_nothing(
    proxy: FaultProxy, store: RedisSceneStore
) -> None:
    proxy.rules = Rules(Script(to_client=Way(delay_s=2 * ANSWER_S)))

    took = await seconds(store.ingest(HARBOUR, line(1)))
    proxy.rules = Rules()
    proxy.cut_all()

    assert took < 2 * ANSWER_S
    assert (await insist(store, 1)).status is IngestStatus.STORED
    assert await numbers(store) == [1]


async def test_r4_no_method_waits_for_a_server_that_hangs(
    proxy: FaultProxy, store: RedisSceneStore
) -> None:
    proxy.rules = Rules(BLACK_HOLE, opened=Script(to_server=Way(0, Then.SWALLOW)))

    waits = await all_seconds(store)

    assert max(waits.values()) < 2 * ANSWER_S, waits


async def test_r4_a_crowd_waits_no_longer_than_one_and_is_served_when_the_server_goes_on(
    tmp_path: Path,
) -> None:
    port = free_port()
    crowd = 3 * CONNECTIONS
    async with (
        server(tmp_path, port) as process,
        client_of(f"redis://127.0.0.1:{port}", timeout_s=CROWD_S / 2) as client,
    ):
        store = store_on(client, answer_s=CROWD_S)
        await store.start(scene(), None)
        os.kill(process.pid, signal.SIGSTOP)
        try:
            waits = await asyncio.gather(
                *(seconds(store.ingest(HARBOUR, line(number))) for number in range(1, crowd + 1))
            )
        finally:
            os.kill(process.pid, signal.SIGCONT)

        statuses = [(await insist(store, number)).status for number in range(1, crowd + 1)]

        assert max(waits) < 3 * CROWD_S
        assert set(statuses) == {IngestStatus.STORED}
        assert await numbers(store) == list(range(1, crowd + 1))


async def test_r5_a_full_server_refuses_what_grows_lets_forget_and_goes_on_when_there_is_room(
    redis: Redis, store: RedisSceneStore
) -> None:
    await store.ingest(HARBOUR, line(1, "x" * 2000))
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used // 2)
    try:
        for refused in (store.ingest(HARBOUR, line(2)), store.start(scene(TOWER), None)):
            with pytest.raises(StoreRefusesWrites, match="maxmemory"):
                await refused
        kept = await numbers(store)
        forgotten = await store.delete(HARBOUR, [MessageId(1)])
    finally:
        await redis.config_set("maxmemory", 0)

    assert kept == [1]
    assert forgotten.gone == (line(1).id,)
    assert (await store.ingest(HARBOUR, line(2))).status is IngestStatus.STORED


async def test_r6_a_server_that_cannot_save_refuses_and_is_read_and_goes_on_when_it_can(
    tmp_path: Path,
) -> None:
    port = free_port()
    (tmp_path / "taken" / "by-a-folder").mkdir(parents=True)
    async with (
        server(tmp_path, port, "--save", "3600 1", "--enable-protected-configs", "local"),
        Redis(port=port, decode_responses=True) as admin,
        client_of(f"redis://127.0.0.1:{port}") as client,
    ):
        store = store_on(client)
        await store.start(scene(), None)
        await store.ingest(HARBOUR, line(1))
        await admin.config_set("dbfilename", "taken")
        await _saved(admin, "err")

        with pytest.raises(StoreRefusesWrites, match="disk"):
            await store.ingest(HARBOUR, line(2))
        kept = await numbers(store)
        await admin.config_set("dbfilename", "dump.rdb")
        await _saved(admin, "ok")

        assert kept == [1]
        assert (await store.ingest(HARBOUR, line(2))).status is IngestStatus.STORED


async def _saved(admin: Redis, outcome: str) -> None:
    async with asyncio.timeout(5):
        await admin.bgsave()
        while (await admin.info("persistence"))["rdb_last_bgsave_status"] != outcome:
            await asyncio.sleep(0.01)


async def test_r7_a_replica_refuses_lines_and_takes_them_once_it_is_the_master(
    redis: Redis, store: RedisSceneStore
) -> None:
    await redis.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(StoreRefusesWrites, match="replica"):
            await store.ingest(HARBOUR, line(1))
        assert await numbers(store) == []
    finally:
        await redis.replicaof("NO", "ONE")

    assert (await store.ingest(HARBOUR, line(1))).status is IngestStatus.STORED


async def test_r7_after_a_failover_the_story_goes_on_at_the_new_master(tmp_path: Path) -> None:
    old, new, watch = free_port(), free_port(), free_port()
    for name in ("old", "new", "watch"):
        (tmp_path / name).mkdir()
    config = tmp_path / "watch" / "sentinel.conf"
    config.write_text(
        f"sentinel monitor tales 127.0.0.1 {old} 1\n"
        "sentinel down-after-milliseconds tales 200\n"
        "sentinel failover-timeout tales 3000\n"
    )
    async with server(tmp_path / "old", old, "--repl-diskless-sync-delay", "0") as master:
        replica = ("--replicaof", "127.0.0.1", str(old))
        async with server(tmp_path / "new", new, *replica):
            await _in_step(old)
            async with (
                server(tmp_path / "watch", watch, str(config), "--sentinel"),
                client_of(f"redis+sentinel://127.0.0.1:{watch}/tales") as client,
            ):
                await wait_until_ready(client, give_up_s=5)
                store = store_on(client)
                await store.start(scene(), None)
                await store.ingest(HARBOUR, line(1))
                await _known_replica(watch)
                await _caught_up(old, new)
                master.kill()

                status = (await insist(store, 2)).status

                assert status is IngestStatus.STORED
                assert await numbers(store) == [1, 2]


async def _in_step(port: int) -> None:
    async with asyncio.timeout(10), Redis(port=port) as admin:
        while (await admin.info("replication")).get("slave0", {}).get("state") != "online":
            await asyncio.sleep(0.01)


async def _known_replica(port: int) -> None:
    async with asyncio.timeout(15), Redis(port=port, decode_responses=True) as admin:
        while not await admin.sentinel_slaves("tales"):
            await asyncio.sleep(0.02)


async def _caught_up(old: int, new: int) -> None:
    async with asyncio.timeout(10), Redis(port=old) as master, Redis(port=new) as replica:
        while True:
            written = (await master.info("replication"))["master_repl_offset"]
            if (await replica.info("replication"))["slave_repl_offset"] >= written:
                return
            await asyncio.sleep(0.01)


async def test_r8_too_few_replicas_refuse_lines_until_there_are_enough(
    redis: Redis, store: RedisSceneStore
) -> None:
    await redis.config_set("min-replicas-to-write", 1)
    try:
        with pytest.raises(StoreRefusesWrites, match="replicas"):
            await store.ingest(HARBOUR, line(1))
    finally:
        await redis.config_set("min-replicas-to-write", 0)

    assert (await store.ingest(HARBOUR, line(1))).status is IngestStatus.STORED


async def test_r8_scripts_that_are_forgotten_all_the_time_do_no_harm(
    redis: Redis, store: RedisSceneStore
) -> None:
    for number in range(1, 6):
        await redis.script_flush()
        assert (await store.ingest(HARBOUR, line(number))).status is IngestStatus.STORED

    assert await numbers(store) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("then", [Then.CUT, Then.RESET, Then.GARBLE], ids=lambda then: then.name)
async def test_r9_a_line_whose_answer_breaks_off_anywhere_is_stored_once(
    proxy: FaultProxy, store: RedisSceneStore, then: Then
) -> None:
    await store.ingest(HARBOUR, line(999))
    places = range(0, 64, 7)

    for place in places:
        proxy.rules = Rules(opened=Script(to_client=Way(place, then)))
        answer = await insist(store, place + 1)
        proxy.rules = Rules()
        assert answer.status is IngestStatus.STORED
        assert (await insist(store, place + 1)).status is IngestStatus.DUPLICATE

    assert await numbers(store) == [*(place + 1 for place in places), 999]


async def test_r9_a_request_that_breaks_off_anywhere_is_stored_once(
    proxy: FaultProxy, store: RedisSceneStore
) -> None:
    places = range(0, 600, 30)

    for place in places:
        proxy.rules = Rules(opened=Script(to_server=Way(place)))
        assert (await insist(store, place + 1)).status is IngestStatus.STORED
        proxy.rules = Rules()

    assert await numbers(store) == [place + 1 for place in places]
