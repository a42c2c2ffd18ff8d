"""A change whose answer was lost is sent again, and has the effect and the answer of one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.lengths import Length
from bot.core.scene import MessageId, Work
from tests.fakes.lost_answers import LostAnswers
from tests.scenes import BOB, HARBOUR, TOWER, line, reply, scene

DAY = timedelta(days=1)


async def fill(store: RedisSceneStore) -> None:
    """A scene with something in each of its keys."""
    await store.start(scene(), reply(1, "hello", 11))
    await store.ingest(HARBOUR, line(2))
    await store.take(HARBOUR, "one", 60, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
    await store.delete(HARBOUR, [MessageId(99)])  # nobody knows what it showed


async def lease_twice(store: RedisSceneStore) -> bool:
    """Whether both gave the same fence."""
    first = await store.lease(TOWER, "one", 60)
    return first == await store.lease(TOWER, "one", 60)


TRY = Work(reply(2, "").id, line(2).id, at_ms=5)


async def take(store: RedisSceneStore) -> object:
    """All but the fence, which the clock gives."""
    taken = await store.take(HARBOUR, "one", 60, TRY)
    return taken and (taken.scene, taken.work, taken.is_claimed)


async def check_point(store: RedisSceneStore) -> None:
    await store.lease(HARBOUR, "one", 60, reply=TRY.reply, written="It ra", tokens=2)


async def commit_all(store: RedisSceneStore) -> object:
    """Returns whether the channel is free afterwards."""
    counts = {line(2).id: "x:1", TRY.reply: "x:2"}
    turn = replace(reply(2, "a\nb", 12, 13), parts=("a", "b"), edited_ms=500)
    await store.commit(HARBOUR, turn, release="one", counts=counts, seen=MessageId(13))
    return await store.lease(HARBOUR, "two", 60) is not None


async def delete_a_part(store: RedisSceneStore) -> object:
    turn = replace(reply(2, "a\nb", 12, 13), parts=("a", "b"))
    await store.commit(HARBOUR, turn)
    return await store.delete(HARBOUR, [MessageId(12), MessageId(98)])


ACTS: dict[str, Callable[[RedisSceneStore], Awaitable[object]]] = {
    "start": lambda store: store.start(scene(), reply(1, "hello", 11)),
    "ingest": lambda store: store.ingest(HARBOUR, line(3), seen=MessageId(3)),
    "first line of somebody": lambda store: store.ingest(HARBOUR, line(3, author=BOB)),
    "lease": lease_twice,
    "release": lambda store: store.release(HARBOUR, "one"),
    "posted": lambda store: store.posted(HARBOUR, reply(2, "").id, MessageId(13)),
    "take": take,
    "check point": check_point,
    "intent": lambda store: store.intent(HARBOUR, TRY.reply, "a mark"),
    "commit": lambda store: store.commit(HARBOUR, reply(2, "done", 12)),
    "commit of all": commit_all,
    "delete": lambda store: store.delete(HARBOUR, [MessageId(2)]),
    "delete a part": delete_a_part,
    "survey": lambda store: store.survey([HARBOUR, TOWER]),
    "abandon": lambda store: store.abandon(HARBOUR, reply(2, "").id),
    "edit": lambda store: store.edit(HARBOUR, MessageId(2), "new", 500),
    "set_live": lambda store: store.set_live(HARBOUR, live=False),
    "set_length": lambda store: store.set_length(HARBOUR, Length("long")),
    "purge": lambda store: store.purge(HARBOUR),
}


async def state_after(
    act: Callable[[RedisSceneStore], Awaitable[object]],
    redis: Redis,
    through: LostAnswers,
    listen: Path,
) -> tuple[object, ...]:
    """What *act* returned and left behind, done by way of *through*."""
    beside = RedisSceneStore(redis, keep=50, ttl=DAY)
    await redis.flushall()
    if act is not ACTS["start"]:
        await fill(beside)
    async with through.listen(listen):
        client = connect(f"unix://{listen}", timeout_s=1.0)
        result = await act(RedisSceneStore(client, keep=50, ttl=DAY))
        await client.aclose()
    left = await beside.read(HARBOUR), await beside.work(HARBOUR), await beside.live_channels()
    return result, *left


@pytest.mark.parametrize("act", ACTS)
async def test_a_change_whose_answer_was_lost_has_the_effect_of_one(
    redis_url: str, redis: Redis, tmp_path: Path, act: str
) -> None:
    # HSET and HDEL write the list of live channels; their turn comes elsewhere.
    way = LostAnswers(redis_url.removeprefix("unix://"), (b"EVALSHA", b"EVAL", b"DEL\r\n$"))
    smooth = await state_after(ACTS[act], redis, way, tmp_path / "smooth.sock")
    way.to_lose = 1

    rough = await state_after(ACTS[act], redis, way, tmp_path / "rough.sock")

    assert way.to_lose == 0
    assert rough == smooth
