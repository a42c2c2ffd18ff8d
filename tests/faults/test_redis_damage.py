"""Row R11: torn and foreign data in the store's keys.

Later schemas and single damaged turns stand in `test_redis_store.py`.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import channel_keys
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import MessageId, Work
from tests.faults.redis_acts import ACTS
from tests.scenes import HARBOUR, line, reply, scene

VALUES = ("", "-1", "1e999", "[]", '{"id":3}', "9" * 400)

Damage = Callable[[Redis, str], Awaitable[object]]


async def _lose_half(redis: Redis, key: str) -> None:
    fields = sorted(await redis.hkeys(key))
    await redis.hdel(key, *fields[::2])


async def _halve(redis: Redis, key: str) -> None:
    for field, value in (await redis.hgetall(key)).items():
        await redis.hset(key, field, value[: len(value) // 2])


def _every_field(value: str) -> Damage:
    async def overwrite(redis: Redis, key: str) -> None:
        for field in await redis.hkeys(key):
            await redis.hset(key, field, value)

    return overwrite


def _strange_field(value: str) -> Damage:
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
    await store.claim(HARBOUR, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
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
async def test_r11_foreign_turns_bring_only_errors_of_ours(
    redis: Redis, scene_store: RedisSceneStore, damage: str
) -> None:
    _, turns, order, shown, *_ = channel_keys(HARBOUR)

    found = {
        key: await failures(redis, scene_store, key, FIELDS[damage])
        for key in (turns, order, shown)
    }

    assert {key: lines for key, lines in found.items() if lines} == {}
