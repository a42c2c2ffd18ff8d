import asyncio
import json
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect, keys
from bot.adapters.redis_store.keys import LIVE, channel_keys, lease_key
from bot.core.change import Change, Undo
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.lengths import Length
from bot.core.scene import GuildId, MessageId, Work
from bot.core.store_answers import IngestStatus
from tests.ports import free_port
from tests.redis_servers import server
from tests.scenes import ANN, HARBOUR, TOWER, line, reply, scene

DAY = timedelta(days=1)
DAY_MS = 86_400_000


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=DAY)


NAMES = [f"rp:{{C}}:{key.rpartition(':')[2]}" for key in channel_keys(HARBOUR)]


KEYS = [key for key in channel_keys(HARBOUR) if not key.endswith((":work", ":lease"))]
"""Those of a scene of our schema."""
GUILDS = {"rp:guilds", "rp:g:{7}:channels", "rp:left"}


async def fill(store: RedisSceneStore) -> None:
    """A scene with something in each of its keys."""
    await store.start(scene(), reply(1, "hello", 11))
    await store.ingest(HARBOUR, line(2))
    await store.take(HARBOUR, "one", 60, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
    await store.delete(HARBOUR, [MessageId(99)])  # nobody knows what it showed
    found = await store.read(HARBOUR)
    assert found is not None
    change = Change(owed=(MessageId(98),), undo=Undo("one", found.head))
    assert await store.apply(HARBOUR, change, version=found.head.version)
    assert await store.save(HARBOUR, "one", found, 1)


async def test_every_key_is_in_the_key_table(store: RedisSceneStore, redis: Redis) -> None:
    await fill(store)
    await store.put_note("n", "x")
    await store.set_user_length(ANN, Length("long"))
    await store.leave(GuildId(8), 1)
    await store.lease(TOWER, "one", 60)  # where no scene is

    found = set(await redis.keys("*"))

    user = f"rp:u:{{{ANN}}}"
    users = {user, f"{user}:channels"}
    lease = lease_key(TOWER)
    assert found == {*KEYS, lease, *GUILDS, LIVE, "rp:note:n", *users}
    table = keys.__doc__ or ""
    others = ("rp:live", "rp:note:NAME", "rp:u:{U}", "rp:u:{U}:channels", "rp:g:{G}:channels")
    for kind in (*NAMES, *others, "rp:guilds", "rp:left"):
        assert f"\n    {kind} " in table, kind


async def test_a_purge_leaves_nothing_of_the_channel(store: RedisSceneStore, redis: Redis) -> None:
    await fill(store)

    await store.purge(HARBOUR)

    index, lease = f"rp:u:{{{ANN}}}:channels", lease_key(HARBOUR)
    # They hold nothing that was written. An index keeps a young entry, because a
    # line may be on its way, and the lease tells its losers.
    assert set(await redis.keys("*")) == {index, lease, *GUILDS} - {"rp:left"}
    assert 0 < await redis.pttl(lease) <= 60_000


async def test_channels_that_expired_leave_the_list_of_live_ones(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), None)
    await redis.delete(*channel_keys(HARBOUR))

    live = await store.live_channels()

    assert live == [TOWER]
    assert list(await redis.hgetall(LIVE)) == [str(TOWER)]


async def test_a_channel_listed_anew_is_not_taken_off_by_who_saw_it_stopped(
    store: RedisSceneStore,
) -> None:
    await store.start(scene(), None)
    seen = await store._live.token(HARBOUR)
    await store.set_live(HARBOUR, live=False)
    await store.set_live(HARBOUR, live=True)

    await store._live.drop(HARBOUR, seen)

    assert await store.live_channels() == [HARBOUR]


async def test_a_server_that_forgot_the_scripts_is_told_again(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await redis.script_flush()

    result = await store.ingest(HARBOUR, line(1))

    assert result.status is IngestStatus.STORED


async def test_scenes_of_a_later_version_are_read_but_not_changed(
    store: RedisSceneStore, redis: Redis
) -> None:
    await fill(store)
    await redis.hset(channel_keys(HARBOUR)[0], "sv", "3")
    before = await store.read(HARBOUR)

    with pytest.raises(StoreRefusesWrites, match="later version"):
        await store.ingest(HARBOUR, line(3))
    with pytest.raises(StoreRefusesWrites, match="later version"):
        await store.start(replace(scene(), owner=ANN, started_ms=99), None)

    assert before is not None
    assert await store.read(HARBOUR) == before
    await store.purge(HARBOUR)
    assert await store.read(HARBOUR) is None


@pytest.mark.parametrize("damage", ["{", "[]", "null", "7", '{"id":"x"}', '{"swipes":[]}'])
async def test_a_damaged_turn_is_left_out_and_can_be_passed_over(
    store: RedisSceneStore, redis: Redis, damage: str
) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.ingest(HARBOUR, line(2))
    await redis.hset(channel_keys(HARBOUR)[1], line(1).id, damage)

    edited = await store.edit(HARBOUR, MessageId(1), "x", 5)
    found = await store.read(HARBOUR)
    gone = await store.delete(HARBOUR, [MessageId(1)])

    assert found is not None
    assert [turn.id for turn in found.turns] == [line(2).id]
    assert edited in (True, False)
    assert gone.gone == (line(1).id,)


async def test_half_surrogates_from_discord_do_not_stop_a_story(store: RedisSceneStore) -> None:
    await store.start(scene(), None)

    await store.ingest(HARBOUR, line(1, json.loads('"broken \\ud83c emoji"'), name="A\udf0a"))

    found = await store.read(HARBOUR)
    assert found is not None
    assert found.turns[0].text == "broken \ufffd emoji"
    assert found.head.players == {ANN: "A\ufffd"}


async def test_a_thousand_turns_go_at_once_when_less_is_kept(redis: Redis) -> None:
    roomy = RedisSceneStore(redis, keep=2000, ttl=DAY)
    await roomy.start(scene(), None)
    for number in range(1, 1202):
        await roomy.ingest(HARBOUR, line(number))

    await RedisSceneStore(redis, keep=3, ttl=DAY).ingest(HARBOUR, line(1300))

    assert await redis.hlen(channel_keys(HARBOUR)[1]) == 3
    assert await redis.lrange(channel_keys(HARBOUR)[2], 0, -1) == [
        line(number).id for number in (1200, 1201, 1300)
    ]


async def test_a_late_line_finds_its_place_among_many(redis: Redis) -> None:
    store = RedisSceneStore(redis, keep=2000, ttl=DAY)
    await store.start(scene(), None)
    for number in range(10, 12_020, 10):
        await store.ingest(HARBOUR, line(number))

    for number in (5, 15, 4_015, 7_025, 12_005):
        await store.ingest(HARBOUR, line(number))

    order = await redis.lrange(channel_keys(HARBOUR)[2], 0, -1)
    assert order == sorted(order)
    assert len(order) == 1206


@pytest.mark.usefixtures("redis")
async def test_two_processes_that_write_at_once_lose_nothing(redis_url: str) -> None:
    others = [connect(redis_url, timeout_s=2.0) for _ in range(2)]
    stores = [RedisSceneStore(each, keep=1000, ttl=DAY) for each in others]
    await stores[0].start(scene(), None)

    async def write(store: RedisSceneStore) -> list[IngestStatus]:
        return [(await store.ingest(HARBOUR, line(number))).status for number in range(1, 101)]

    outcomes = await asyncio.gather(*(write(store) for store in stores))
    found = await stores[1].read(HARBOUR)
    for each in others:
        await each.aclose()

    assert found is not None
    assert [turn.id for turn in found.turns] == [line(number).id for number in range(1, 101)]
    stored = [status for outcome in outcomes for status in outcome].count(IngestStatus.STORED)
    assert stored == 100
    assert found.head.version == 101


async def test_a_full_server_refuses_lines_whole_and_still_deletes(
    store: RedisSceneStore, redis: Redis
) -> None:
    await fill(store)
    before = await store.read(HARBOUR)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreRefusesWrites, match="full"):
            await store.ingest(HARBOUR, line(3))
        with pytest.raises(StoreRefusesWrites, match="full"):
            await store.commit(HARBOUR, reply(2, "x"))
        with pytest.raises(StoreRefusesWrites, match="full"):
            await store.put_note("n", "x")
        unchanged = await store.read(HARBOUR)

        gone = await store.delete(HARBOUR, [MessageId(2)])
        await store.abandon(HARBOUR, reply(2, "").id)
        await store.purge(HARBOUR)
    finally:
        await redis.config_set("maxmemory", 0)

    assert unchanged == before
    assert gone.gone == (line(2).id,)
    assert await redis.keys("rp:{*") == [lease_key(HARBOUR)]


async def test_a_replica_refuses_and_is_named(store: RedisSceneStore, redis: Redis) -> None:
    await store.start(scene(), None)
    await redis.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(StoreRefusesWrites, match="replica"):
            await store.ingest(HARBOUR, line(1))
    finally:
        await redis.replicaof("NO", "ONE")


async def test_a_server_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    port = free_port()
    async with server(tmp_path, port) as process:
        redis = connect(f"redis://127.0.0.1:{port}", timeout_s=0.2)
        store = RedisSceneStore(redis, keep=5, ttl=DAY, answer_within=timedelta(seconds=0.6))
        await store.start(scene(), None)
        began = asyncio.get_running_loop().time()
        os.kill(process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable):
                await store.ingest(HARBOUR, line(1))
            with pytest.raises(StoreUnavailable):
                await store.read(HARBOUR)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        took = asyncio.get_running_loop().time() - began

        again = await store.ingest(HARBOUR, line(1))
        found = await store.read(HARBOUR)
        await redis.aclose()

    assert took < 1.5
    assert again.status is IngestStatus.STORED
    assert found is not None
    assert len(found.turns) == 1


async def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    redis = connect(f"unix://{tmp_path}/none.sock", timeout_s=0.2)
    store = RedisSceneStore(redis, keep=5, ttl=DAY)

    with pytest.raises(StoreUnavailable):
        await store.head(HARBOUR)
    with pytest.raises(StoreUnavailable):
        await store.live_channels()
    with pytest.raises(StoreUnavailable):
        await store.put_note("n", "x")
    await redis.aclose()


async def test_a_cancelled_caller_leaves_only_after_its_change_is_made(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    cancelled = []

    for number in range(1, 12):
        task = asyncio.create_task(store.ingest(HARBOUR, line(number)))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        cancelled.append(task.cancelled())
        record = await redis.hget(channel_keys(HARBOUR)[1], line(number).id)
        assert record is not None

    assert all(cancelled[:5])


async def test_a_line_stored_for_a_cancelled_caller_is_answered_when_it_comes_again(
    store: RedisSceneStore,
) -> None:
    await store.start(scene(), None)
    task = asyncio.create_task(store.ingest(HARBOUR, line(1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    again = await store.ingest(HARBOUR, line(1))
    third = await store.ingest(HARBOUR, line(1))

    assert again.status is IngestStatus.STORED
    assert third.status is IngestStatus.DUPLICATE
