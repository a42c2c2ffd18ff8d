"""Scenes that an earlier version of the bot has written."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import channel_keys, meta_key, user_channels_key
from bot.core.lengths import Length
from bot.core.scene import GuardLevel, MessageId, Scene, Turn, TurnId, Work
from bot.core.store_answers import Deleted, IngestStatus
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, reply, scene

FIRST = Path(__file__).with_name("store_v1.json")
"""Every key of a server, as the first schema had them; with `expires`, in 30 days."""
MONTH_MS = 30 * 86_400_000


async def load(redis: Redis, dump: Path) -> None:
    keys: dict[str, Any] = json.loads(dump.read_text(encoding="utf-8"))
    for name, key in keys.items():
        match key["type"]:
            case "hash":
                await redis.hset(name, mapping=key["value"])
            case "list":
                await redis.rpush(name, *key["value"])
            case _:
                await redis.set(name, key["value"])
        if key["expires"]:
            await redis.pexpire(name, MONTH_MS)


@pytest.fixture
async def store(redis: Redis) -> RedisSceneStore:
    await load(redis, FIRST)
    return RedisSceneStore(redis, keep=6, ttl=timedelta(days=30))


async def read(store: RedisSceneStore) -> Scene:
    found = await store.read(HARBOUR)
    assert found is not None
    return found


def turn_of(found: Scene, turn_id: TurnId) -> Turn:
    return next(turn for turn in found.turns if turn.id == turn_id)


async def test_all_of_it_is_read(store: RedisSceneStore) -> None:
    found = await read(store)
    work = await store.work(HARBOUR)

    assert (found.head.length, found.head.next_length) == (Length("long"), Length("tiny"))
    assert (found.head.cut, found.head.guard) == (line(4).id, GuardLevel.STRICT)
    assert (found.head.version, found.head.players) == (13, {ANN: "Ann", BOB: "Bøb"})
    assert [turn.text for turn in found.turns] == [
        "line 2",
        "line 4, corrected",
        'a "quoted" line, é 🌊',
        "Mira nods.",
        "line 7",
    ]
    nods = turn_of(found, reply(5, "").id)
    assert nods.pinned
    assert nods.messages == (MessageId(105), MessageId(106))
    assert nods.facts == {"ending": "eos"}
    assert turn_of(found, line(4).id).count == "v1:7"
    shown = (MessageId(107), MessageId(108))
    assert work == Work(reply(7, "").id, line(7).id, shown, at_ms=1_732_400_010_000)
    assert await store.live_channels() == [HARBOUR]
    assert await store.user_length(ANN) == Length("short")
    assert await store.get_note("portrait:mira") == "https://example.org/mira.png"


async def test_its_story_goes_on(store: RedisSceneStore) -> None:
    fence = await store.lease(HARBOUR, "one", 60)
    before = await read(store)

    await store.commit(HARBOUR, reply(7, "At last.", 107, 108), fence=fence)
    added = await store.ingest(HARBOUR, line(9))
    deleted_before = await store.ingest(HARBOUR, line(3))
    trimmed_before = await store.ingest(HARBOUR, line(1))
    edited = await store.edit(HARBOUR, MessageId(4), "older than what is there", 1_732_400_000_001)
    gone = await store.delete(HARBOUR, [MessageId(106)])

    found = await read(store)
    assert added.status is IngestStatus.STORED
    assert deleted_before.status in (IngestStatus.DUPLICATE, IngestStatus.TOO_OLD)
    assert trimmed_before.status is IngestStatus.TOO_OLD
    assert edited
    assert gone == Deleted(gone=(reply(5, "").id,))
    kept = [turn for turn in before.turns if turn.id not in (line(2).id, reply(5, "").id)]
    assert found.turns == (*kept, reply(7, "At last.", 107, 108), line(9))
    assert found.head.next_length is None
    assert await store.work(HARBOUR) is None


async def test_its_claim_is_taken_up_with_its_messages(store: RedisSceneStore) -> None:
    again = Work(reply(7, "").id, line(7).id, at_ms=1_732_400_020_000)

    claimed = await store.claim(HARBOUR, again)

    assert claimed.messages == (MessageId(107), MessageId(108))


async def test_a_stopped_scene_of_it_is_resumed_and_replaced(store: RedisSceneStore) -> None:
    resumed = await store.set_live(TOWER, live=True)
    await store.set_live(TOWER, live=False)
    fresh = await store.start(scene(TOWER, started_ms=99), None)

    assert resumed is not None
    assert resumed.live
    assert fresh.version > resumed.version
    assert (await store.ingest(TOWER, line(8))).status is IngestStatus.TOO_OLD


async def test_the_first_line_brings_everybody_of_the_scene_into_the_index(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.ingest(HARBOUR, line(9))

    assert await store.channels_of(ANN) == [HARBOUR]
    assert await store.channels_of(BOB) == [HARBOUR]
    assert await redis.hget(meta_key(HARBOUR), "listed") is not None


async def test_scenes_in_which_nobody_writes_are_indexed_at_the_start(
    store: RedisSceneStore, redis: Redis
) -> None:
    first = await store.complete_indexes()
    written = await redis.hgetall(user_channels_key(ANN))
    second = await store.complete_indexes()

    assert (first, second) == (2, 0)
    assert await redis.hgetall(user_channels_key(ANN)) == written
    assert await store.channels_of(ANN) == [HARBOUR, TOWER]
    assert await store.channels_of(BOB) == [HARBOUR]


async def test_whoever_wrote_without_being_a_player_is_indexed_too(
    store: RedisSceneStore, redis: Redis
) -> None:
    await redis.hdel(channel_keys(HARBOUR)[5], str(BOB))

    await store.complete_indexes()

    assert await store.channels_of(BOB) == [HARBOUR]
