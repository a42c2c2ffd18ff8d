"""Random stories, told to the store on Redis and to the one in memory alike."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.errors import SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.ports import SceneStore
from bot.core.scene import MessageId, Role, Turn, TurnId, Work
from tests.fakes.memory_store import MemorySceneStore
from tests.scenes import ANN, BOB, HARBOUR, line, reply, scene

KEEP = 3
NUMBERS = st.integers(1, 6)
MESSAGES = NUMBERS | st.integers(21, 23)
TEXTS = st.sampled_from(["a", "b", "", 'é "\n'])

Step = tuple[str, tuple[object, ...]]


def step(name: str, *args: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.tuples(*args))


OFTEN = [
    step("ingest", NUMBERS, TEXTS, st.sampled_from([ANN, BOB]), st.sampled_from(Role)),
    step("commit", NUMBERS, TEXTS, st.lists(st.integers(21, 23), max_size=2, unique=True)),
    step("edit", MESSAGES, TEXTS, st.integers(0, 3)),
    step("delete", st.lists(MESSAGES, max_size=2)),
    step("claim", NUMBERS, st.lists(MESSAGES, max_size=2)),
]
SELDOM = [
    step("start", st.integers(1, 3)),
    step("set_live", st.sampled_from([True, True, False])),
    step("posted", NUMBERS, MESSAGES),
    step("abandon", NUMBERS),
    step("set_length", st.sampled_from([None, Length("long")])),
    step("set_next_length", st.sampled_from([None, Length("tiny")])),
    step("set_cut", NUMBERS),
    step("purge"),
]
STEPS = st.one_of(*OFTEN, *OFTEN, *OFTEN, *SELDOM)


class Teller:
    """Tells a store the steps in its own words."""

    def __init__(self, store: SceneStore) -> None:
        self.store = store

    async def start(self, started_ms: int) -> object:
        return await self.store.start(
            scene(started_ms=started_ms), reply(started_ms, "hello", 20 + started_ms)
        )

    async def set_live(self, live: bool) -> object:  # noqa: FBT001  # a random value
        return await self.store.set_live(HARBOUR, live=live)

    async def ingest(self, number: int, text: str, author: int, role: Role) -> object:
        said = replace(line(number, text, author=BOB if author == BOB else ANN), role=role)
        return await self.store.ingest(HARBOUR, said)

    async def claim(self, number: int, messages: list[int]) -> object:
        shown = tuple(MessageId(each) for each in messages)
        work = Work(reply(number, "").id, line(number).id, shown)
        return await self.store.claim(HARBOUR, work)

    async def posted(self, number: int, message: int) -> None:
        await self.store.posted(HARBOUR, reply(number, "").id, MessageId(message))

    async def commit(self, number: int, text: str, messages: list[int]) -> None:
        await self.store.commit(HARBOUR, reply(number, text, *messages))

    async def abandon(self, number: int) -> None:
        await self.store.abandon(HARBOUR, reply(number, "").id)

    async def edit(self, message: int, text: str, at_ms: int) -> object:
        return await self.store.edit(HARBOUR, MessageId(message), text, at_ms)

    async def delete(self, messages: list[int]) -> object:
        return await self.store.delete(HARBOUR, [MessageId(each) for each in messages])

    async def set_length(self, length: Length | None) -> None:
        await self.store.set_length(HARBOUR, length)

    async def set_next_length(self, length: Length | None) -> None:
        await self.store.set_next_length(HARBOUR, length)

    async def set_cut(self, number: int) -> None:
        await self.store.set_cut(HARBOUR, TurnId(str(number)))

    async def purge(self) -> None:
        await self.store.purge(HARBOUR)

    async def tell(self, told: Step) -> object:
        """What the step returned, or that it was refused."""
        name, args = told
        try:
            return await getattr(self, name)(*args)
        except SceneAlreadyLive:
            return SceneAlreadyLive

    async def left(self) -> object:
        return await self.store.read(HARBOUR), await self.store.work(HARBOUR)


@settings(
    max_examples=60,
    phases=[Phase.generate],  # to shrink a story takes minutes, and its last step is named
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=50, max_size=70))
def test_both_stores_tell_the_same_story(redis_url: str, steps: list[Step]) -> None:
    asyncio.run(compare(redis_url, steps))


async def compare(url: str, steps: list[Step]) -> None:
    client = connect(url, timeout_s=1.0)
    await client.flushall()
    real = Teller(RedisSceneStore(client, keep=KEEP, ttl=timedelta(days=1)))
    modelled = Teller(MemorySceneStore(keep=KEEP))

    try:
        for told in [("start", (1,)), *steps]:
            assert await real.tell(told) == await modelled.tell(told), told
            assert await real.left() == await modelled.left(), told
        assert await real.store.live_channels() == await modelled.store.live_channels()
    finally:
        await client.aclose()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_events_in_any_order_and_twice_leave_the_same_turns(
    redis: Redis, order: tuple[int, ...]
) -> None:
    """Discord delivers late, again and out of order; what is deleted stays deleted."""
    store = RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))
    await store.start(scene(), None)
    lines = [line(number) for number in (1, 2, 3, 4)]

    for place in (*order, *order):
        await store.ingest(HARBOUR, lines[place])
    await store.delete(HARBOUR, [MessageId(2)])
    for place in order:
        await store.ingest(HARBOUR, lines[place])

    found = await store.read(HARBOUR)
    assert found is not None
    kept: list[Turn] = [lines[0], lines[2], lines[3]]
    assert found.turns == tuple(kept)
