"""Turns that a process knows are not read again, and never taken for what others have changed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.turn_cache import TurnCache
from bot.core.scene import ChannelId, MessageId, Turn, Work
from bot.core.store_answers import Taken
from tests.scenes import HARBOUR, TOWER, line, reply, scene

KEEP = 200


def another(redis: Redis) -> RedisSceneStore:
    """The store of another process."""
    return RedisSceneStore(redis, keep=KEEP, ttl=timedelta(days=1))


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return another(redis)


async def take(store: RedisSceneStore, number: int) -> Taken:
    work = Work(reply(number, "").id, line(number).id)
    taken = await store.take(HARBOUR, "one", 60, work)
    assert taken is not None
    return taken


async def take_turn(store: RedisSceneStore, number: int) -> None:
    await store.ingest(HARBOUR, line(number))
    taken = await take(store, number)
    counts = {line(number).id: f"x:{number}"}
    answer = reply(number, "words", number + 1)
    await store.commit(HARBOUR, answer, fence=taken.fence, release="one", counts=counts)


async def reads_of_all(redis: Redis) -> int:
    stats = await redis.info("commandstats")
    return int(stats.get("cmdstat_hvals", {"calls": 0})["calls"])


async def test_turn_after_turn_nothing_is_read_again(store: RedisSceneStore, redis: Redis) -> None:
    await store.start(scene(), None)
    await take_turn(store, 10)
    await redis.config_resetstat()

    for number in range(20, 10 * (KEEP + 20), 10):
        await take_turn(store, number)
        found = await store.read(HARBOUR)
        seen = await reads_of_all(redis)
        taken = await take(store, number)
        assert taken.scene == found
        assert await reads_of_all(redis) == seen
        await store.abandon(HARBOUR, reply(number, "").id)


async def begin_again(store: RedisSceneStore) -> None:
    await store.purge(HARBOUR)
    await store.start(scene(started_ms=9), reply(1, "hello", 5))
    await store.ingest(HARBOUR, line(10))


CHANGES: dict[str, Callable[[RedisSceneStore], Awaitable[object]]] = {
    "a line": lambda other: other.ingest(HARBOUR, line(30)),
    "a reply": lambda other: other.commit(HARBOUR, reply(20, "another", 21)),
    "an edit": lambda other: other.edit(HARBOUR, MessageId(10), "new", 500),
    "a deletion": lambda other: other.delete(HARBOUR, [MessageId(10)]),
    "counts": lambda other: other.set_counts(HARBOUR, {line(10).id: "y:1"}),
    "facts": lambda other: other.set_facts(HARBOUR, line(10).id, {"a": "b"}),
    "a count beside a reply": lambda other: other.commit(
        HARBOUR, reply(10, "words", 11), counts={line(10).id: "y:1"}
    ),
    "another time of an edit": lambda other: other.commit(
        HARBOUR, replace(reply(10, "words", 11), edited_ms=700)
    ),
    "another scene": begin_again,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_another_process_changes_is_noticed(
    store: RedisSceneStore, redis: Redis, change: str
) -> None:
    await store.start(scene(), None)
    await take_turn(store, 10)
    await take_turn(store, 20)
    await take(store, 20)
    await store.release(HARBOUR, "one")

    await CHANGES[change](another(redis))

    assert (await take(store, 20)).scene == await store.read(HARBOUR)


@pytest.mark.parametrize("change", CHANGES)
async def test_what_this_process_changes_is_known(store: RedisSceneStore, change: str) -> None:
    await store.start(scene(), None)
    await take_turn(store, 10)
    await take_turn(store, 20)
    await take(store, 20)

    await CHANGES[change](store)

    assert (await take(store, 20)).scene == await store.read(HARBOUR)


async def test_a_line_behind_that_of_another_process_hides_it_not(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await take_turn(store, 10)
    await another(redis).ingest(HARBOUR, line(20))

    await store.ingest(HARBOUR, line(30))

    scene_of_all = (await take(store, 30)).scene
    assert scene_of_all is not None
    assert [turn.id for turn in scene_of_all.turns][-2:] == [line(20).id, line(30).id]


async def test_a_full_scene_makes_room_for_several_at_once(
    store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(), None)
    await redis.config_resetstat()
    sizes = []

    for number in range(1, KEEP + 20):
        await store.ingest(HARBOUR, line(number))
        found = await store.read(HARBOUR)
        assert found is not None
        sizes.append(len(found.turns))

    assert max(sizes) == KEEP
    assert min(sizes[KEEP:]) == KEEP - KEEP // 50
    assert (await redis.info("commandstats"))["cmdstat_ltrim"]["calls"] <= 5


def lines(count: int) -> list[Turn]:
    return [line(number) for number in range(1, count + 1)]


def test_the_channels_used_for_longest_not_are_forgotten_first() -> None:
    cache = TurnCache(most_turns=10)
    cache.put(HARBOUR, "a", lines(4))
    cache.put(TOWER, "b", lines(4))
    cache.get(HARBOUR, "a")

    cache.put(ChannelId(3), "c", lines(4))

    assert (HARBOUR in cache, TOWER in cache, ChannelId(3) in cache) == (True, False, True)


def test_a_channel_that_has_too_many_turns_alone_is_not_kept() -> None:
    cache = TurnCache(most_turns=3)

    cache.put(HARBOUR, "a", lines(4))
    cache.put(TOWER, "b", lines(3))
    cache.add(TOWER, line(9), before="b", tag="c", counts={})

    assert HARBOUR not in cache
    assert TOWER not in cache


def test_a_turn_that_is_known_already_is_not_kept_twice() -> None:
    cache = TurnCache()
    cache.put(HARBOUR, "a", lines(4))

    cache.add(HARBOUR, line(2), before="a", tag="b", counts={})

    assert HARBOUR not in cache


def test_turns_without_a_tag_are_not_kept() -> None:
    cache = TurnCache()

    cache.put(HARBOUR, "", lines(4))

    assert HARBOUR not in cache
