"""Scenes that an earlier version of the bot has written."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import channel_keys, lease_key, meta_key, user_channels_key
from bot.core.lengths import Length
from bot.core.scene import ChannelId, GuardLevel, GuildId, MessageId, Scene, Turn, TurnId, Work
from bot.core.store_answers import Deleted, IngestStatus
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, reply, scene

FIRST = Path(__file__).with_name("store_v1.json")
"""Every key of a server, as the first schema had them; with `expires`, in 30 days."""
LAST = Path(__file__).with_name("store_v1_last.json")
"""The same, as that schema was written last: with indexes, leases and facts."""
WORK = Work(reply(7, "").id, line(7).id, at_ms=1_732_400_020_000)
"""Another try at the reply that is half written there."""
DM = ChannelId(4)
FAR_MS = "99999999999999"
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


@pytest.fixture
async def last(redis: Redis) -> RedisSceneStore:
    await load(redis, LAST)
    return RedisSceneStore(redis, keep=6, ttl=timedelta(days=30))


async def schema(redis: Redis, channel: ChannelId = HARBOUR) -> str:
    return str(await redis.hget(meta_key(channel), "sv"))


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
    taken = await store.take(HARBOUR, "one", 60, WORK)

    assert taken is not None
    assert taken.work == replace(WORK, messages=(MessageId(107), MessageId(108)))


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


async def test_to_read_it_changes_nothing(last: RedisSceneStore, redis: Redis) -> None:
    await last.read(HARBOUR)
    await last.head(HARBOUR)
    await last.work(HARBOUR)
    await last.survey([HARBOUR, TOWER])
    await last.set_counts(HARBOUR, {line(7).id: "v1:3"})
    await last.complete_indexes()

    assert await schema(redis) == await schema(redis, TOWER) == "1"


async def test_what_was_written_last_is_read_whole(last: RedisSceneStore) -> None:
    found = await read(last)
    surveys = await last.survey([HARBOUR, TOWER, DM])

    assert found.head.seen == MessageId(7)  # of its newest line: nothing else was noted
    assert [turn.text for turn in found.turns] == [
        "Hello, Ann.",
        "line 2",
        "One part.\nAnother part.",
        'a "quoted" line, é 🌊!',
        "line 7",
    ]
    assert turn_of(found, line(5).id).edited_ms == 1_732_400_005_000
    assert [each.head.seen for each in surveys] == [MessageId(7), MessageId(202), None]
    assert [each.last.text if each.last else None for each in surveys] == [
        "line 7",
        "line 202",
        None,
    ]
    assert surveys[0].work == Work(
        reply(7, "").id, line(7).id, (MessageId(108),), at_ms=1_732_400_010_000
    )


CHANGES: dict[str, Callable[[RedisSceneStore], Awaitable[object]]] = {
    "ingest": lambda store: store.ingest(HARBOUR, line(9), seen=MessageId(9)),
    "take": lambda store: store.take(HARBOUR, "host/2", 15, WORK),
    "lease": lambda store: store.lease(HARBOUR, "host/2", 15),
    "intent": lambda store: store.intent(HARBOUR, WORK.reply, "x.0"),
    "posted": lambda store: store.posted(HARBOUR, WORK.reply, MessageId(109)),
    "commit": lambda store: store.commit(HARBOUR, reply(7, "At last.", 108)),
    "abandon": lambda store: store.abandon(HARBOUR, WORK.reply),
    "edit": lambda store: store.edit(HARBOUR, MessageId(7), "new", 1_732_400_006_000),
    "delete": lambda store: store.delete(HARBOUR, [MessageId(7)]),
    "set_length": lambda store: store.set_length(HARBOUR, None),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_makes_it_the_second_schema(
    last: RedisSceneStore, redis: Redis, change: str
) -> None:
    await CHANGES[change](last)

    seen = await redis.hget(meta_key(HARBOUR), "seen")
    assert await schema(redis) == "2"
    assert seen == ("9" if change == "ingest" else "7")
    assert await schema(redis, TOWER) == "1"  # nobody has touched it


@pytest.mark.parametrize("change", ["take", "lease", "release"])
async def test_a_process_of_the_earlier_version_may_end_its_reply(
    last: RedisSceneStore, redis: Redis, change: str
) -> None:
    """It has the lease, and would not be let in after the change."""
    await last.release(HARBOUR, "host/1")
    await redis.hset(lease_key(HARBOUR), mapping={"owner": "host/1", "until_ms": FAR_MS})

    if change == "release":
        await last.release(HARBOUR, "host/2")
    else:
        assert await CHANGES[change](last) is None

    assert await schema(redis) == "1"


async def test_its_half_written_reply_is_taken_up_and_ended(last: RedisSceneStore) -> None:
    taken = await last.take(HARBOUR, "host/2", 15, WORK)
    assert taken is not None
    await last.commit(HARBOUR, reply(7, "At last.", 108), fence=taken.fence, release="host/2")

    assert taken.is_claimed
    assert taken.work == replace(WORK, messages=(MessageId(108),))
    assert (await read(last)).turns[-1] == reply(7, "At last.", 108)


async def test_its_replies_are_edited_and_deleted_as_far_as_their_parts_are_known(
    last: RedisSceneStore,
) -> None:
    one = await last.edit(HARBOUR, MessageId(101), "Hello!", 1_732_400_006_000)
    several = await last.edit(HARBOUR, MessageId(103), "x", 1_732_400_006_000)
    older = await last.edit(HARBOUR, MessageId(5), "x", 1_732_400_004_999)
    gone = await last.delete(HARBOUR, [MessageId(103)])

    found = await read(last)
    assert (one, several, older) == (True, False, True)
    assert gone == Deleted(gone=(reply(2, "").id,))
    assert [turn.text for turn in found.turns] == [
        "Hello!",
        "line 2",
        'a "quoted" line, é 🌊!',
        "line 7",
    ]


async def test_its_guilds_are_indexed_at_the_start(last: RedisSceneStore) -> None:
    counts = [await last.complete_indexes() for _ in range(2)]

    assert counts == [2, 0]  # users were indexed by then, and one plays in no guild
    assert await last.guilds() == [GuildId(7), GuildId(8)]
    assert await last.channels_in(GuildId(8)) == [TOWER]
