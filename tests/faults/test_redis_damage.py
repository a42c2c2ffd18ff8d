"""Row R11: torn and foreign data in the store's keys.

Later schemas and single damaged turns stand in `test_redis_store.py`.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import LIVE, channel_keys
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import MessageId, Work
from bot.core.store_answers import IngestStatus
from tests.faults.redis_acts import ACTS
from tests.scenes import ANN, HARBOUR, claimed, line, reply, scene

VALUES = ("", "-1", "007", "\u0663", "1e999", "[]", '{"id":3}', "9" * 400, b"\xff\xfe")

Damage = Callable[[Redis, str], Awaitable[object]]


async def _lose_half(redis: Redis, key: str) -> None:
    fields = sorted(await redis.hkeys(key))
    await redis.hdel(key, *fields[::2])


async def _halve(redis: Redis, key: str) -> None:
    for field, value in (await redis.hgetall(key)).items():
        await redis.hset(key, field, value[: len(value) // 2])


def _every_field(value: str | bytes) -> Damage:
    async def overwrite(redis: Redis, key: str) -> None:
        for field in await redis.hkeys(key):
            await redis.hset(key, field, value)

    return overwrite


def _strange_field(value: str | bytes) -> Damage:
    return lambda redis, key: redis.hset(key, value, value)


WHOLE: dict[str, Damage] = {
    "gone": lambda redis, key: redis.delete(key),
    "of another kind": lambda redis, key: redis.set(key, "x"),
    "short of half its fields": _lose_half,
}
FIELDS: dict[str, Damage] = {
    "cut in half": _halve,
    **{f"full of {value[:9]!r}": _every_field(value) for value in VALUES},
    **{f"joined by {value[:9]!r}": _strange_field(value) for value in VALUES},
}


async def failures(redis: Redis, store: RedisSceneStore, key: str, damage: Damage) -> list[str]:
    """What came of any method that is no error of ours."""
    await redis.flushall()
    await store.start(scene(), reply(1, "hello", 11))
    await store.ingest(HARBOUR, line(2))
    # Another process claims: this one is not to know the turns by heart.
    other = RedisSceneStore(redis, keep=2000, ttl=timedelta(days=30))
    await claimed(other, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
    with suppress(ResponseError):  # a list takes no field
        await damage(redis, key)
    found = []
    for name, act in ACTS.items():
        try:
            await act(store)
        except (StoreUnavailable, StoreRefusesWrites):
            continue
        except Exception as error:  # noqa: BLE001  # all of them are to be seen at once
            found.append(f"{name}: {error!r}")
    return found


@pytest.mark.parametrize("damage", WHOLE)
async def test_r11_a_key_that_is_gone_or_torn_brings_only_errors_of_ours(
    redis: Redis, scene_store: RedisSceneStore, damage: str
) -> None:
    found = {
        key: await failures(redis, scene_store, key, WHOLE[damage]) for key in channel_keys(HARBOUR)
    }

    assert {key: lines for key, lines in found.items() if lines} == {}


@pytest.mark.parametrize("damage", FIELDS)
async def test_r11_foreign_fields_bring_only_errors_of_ours(
    redis: Redis, scene_store: RedisSceneStore, damage: str
) -> None:
    found = {
        key: await failures(redis, scene_store, key, FIELDS[damage])
        for key in channel_keys(HARBOUR)
    }

    assert {key: lines for key, lines in found.items() if lines} == {}


FOREIGN = "Ann wrote this here herself"


async def test_r11_a_foreign_player_is_left_out_and_only_its_channel_is_logged(
    redis: Redis, scene_store: RedisSceneStore, caplog: pytest.LogCaptureFixture
) -> None:
    meta, _, _, _, _, players, *_ = channel_keys(HARBOUR)
    await scene_store.start(scene(), None)
    await redis.hset(players, FOREIGN, FOREIGN)
    await redis.hdel(
        meta, "listed"
    )  # as in a scene from before the index: all players are looked at

    ingested = await scene_store.ingest(HARBOUR, line(1))
    head = await scene_store.head(HARBOUR)
    await scene_store.purge(HARBOUR)

    assert ingested.status is IngestStatus.STORED
    assert head is not None
    assert head.players == {ANN: "Ann"}
    assert {record.__dict__["channel"] for record in caplog.records} == {HARBOUR}
    assert FOREIGN not in str([record.__dict__ for record in caplog.records])
    assert await redis.exists(*channel_keys(HARBOUR)) == 0


@pytest.mark.parametrize("bad", ["", "x", "1e999"])
async def test_r11_a_foreign_field_of_the_work_counts_as_absent(
    redis: Redis, scene_store: RedisSceneStore, bad: str
) -> None:
    meta = channel_keys(HARBOUR)[0]
    work = Work(reply(1, "").id, line(1).id, (MessageId(12), MessageId(13)), at_ms=7)
    await scene_store.start(scene(), None)
    await claimed(scene_store, work)
    await redis.hset(meta, mapping={"shown_in": f"12,{bad},13", "claimed_ms": bad})

    found = await scene_store.work(HARBOUR)
    again = replace(work, messages=(MessageId(14),))
    taken = await scene_store.take(HARBOUR, "one", 60, again)

    assert found == replace(work, at_ms=0)
    assert taken is not None
    assert taken.work == replace(work, messages=(MessageId(12), MessageId(13), MessageId(14)))


@pytest.mark.parametrize("field", ["owner", "guild", "parent", "started_ms"])
async def test_r11_a_foreign_head_is_named_and_a_line_is_not_taken_twice_for_it(
    redis: Redis, scene_store: RedisSceneStore, field: str
) -> None:
    meta = channel_keys(HARBOUR)[0]
    await scene_store.start(scene(), None)
    good = await redis.hget(meta, field)
    await redis.hset(meta, field, FOREIGN)

    with pytest.raises(StoreUnavailable, match="scene makes no sense") as raised:
        await scene_store.head(HARBOUR)
    with pytest.raises(StoreUnavailable):
        await scene_store.ingest(HARBOUR, line(1))
    await redis.hset(meta, field, good)
    again = await scene_store.ingest(HARBOUR, line(1))

    assert FOREIGN not in str(raised.value)
    assert raised.value.__cause__ is None
    assert again.status is IngestStatus.STORED


async def test_r11_a_foreign_name_among_the_live_channels_hides_no_other(
    redis: Redis, scene_store: RedisSceneStore
) -> None:
    await scene_store.start(scene(), None)
    await redis.hset(LIVE, mapping={FOREIGN: "x", "007": "x"})

    assert await scene_store.live_channels() == [HARBOUR]


@pytest.mark.parametrize(
    "record",
    [
        '{"id":"x","role":"player","name":"","swipes":["a"],"current":1e999,"at_ms":"1"}',
        '{"id":"x","role":"player","name":"","swipes":["a"],"current":0,"at_ms":Infinity}',
        "[" * 100_000,
    ],
    ids=["an endless number", "no number", "deep"],
)
async def test_r11_a_turn_that_no_reader_ends_with_is_left_out(
    redis: Redis, scene_store: RedisSceneStore, record: str
) -> None:
    await scene_store.start(scene(), None)
    await scene_store.ingest(HARBOUR, line(1))
    await scene_store.ingest(HARBOUR, line(2))
    await redis.hset(channel_keys(HARBOUR)[1], line(1).id, record)

    found = await scene_store.read(HARBOUR)

    assert found is not None
    assert [turn.id for turn in found.turns] == [line(2).id]
