"""A server is told again what it may have lost; to one that has lost nothing it is no news."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect, keys
from bot.adapters.redis_store.journal import KEPT_S, MOST, Journal
from bot.adapters.redis_store.said import Said
from bot.adapters.redis_store.watching import WatchedRedis
from bot.core.change import Change
from bot.core.errors import LeaseLost
from bot.core.lengths import Length
from bot.core.scene import MessageId, Turn, Work, WorkKind, mark_of
from tests.scenes import ANN, BOB, HARBOUR, line, reply, scene

Dump = Mapping[Any, Any]
STEPS = 24
LENT_S = 600


class Story:
    """What the bot does in a channel, by chance: one process, one reply at a time."""

    def __init__(self, store: RedisSceneStore, chance: random.Random) -> None:
        self.store = store
        self.chance = chance
        self.number = self.first = 0
        self.message = 1000
        self.at_ms = 0
        self.fence: int | None = None
        self.work: Work | None = None
        self.owed: list[MessageId] = []
        self.is_kept = False
        """Whether there is something that another scene in its place would inherit."""
        self.told: list[str] = []

    async def step(self) -> None:
        """Go on in some way."""
        if self.number == 0:
            act = self.start
        elif self.work is not None and self.chance.random() < 0.6:
            act = self.chance.choice(
                [
                    self.intend,
                    self.show,
                    self.check,
                    self.take_again,
                    self.end,
                    self.end,
                    self.abandon,
                    self.let_go,
                ]
            )
        else:
            acts = [self.say, self.say, self.say, self.say_late, self.edit, self.delete]
            acts += [self.change, self.set_length, self.save, self.drop, self.pay, self.annotate]
            if self.work is None:
                acts += [self.take, self.take, self.take]
            if not self.is_kept:
                acts.append(self.move)
            act = self.chance.choice(acts)
        self.told.append(act.__name__)
        try:
            await act()
        except LeaseLost:
            self.fence = self.work = None

    def _next(self) -> MessageId:
        self.message += 1
        return MessageId(self.message)

    async def start(self) -> None:
        self.number += 1
        self.at_ms += 1
        self.first = self.number
        await self.store.start(scene(started_ms=self.at_ms), None)

    async def move(self) -> None:
        """End the scene, and begin another."""
        await self.store.set_live(HARBOUR, live=False)
        if self.chance.random() < 0.7:
            await self.start()
        else:
            await self.store.set_live(HARBOUR, live=True)

    async def say(self) -> None:
        self.number += 1
        said = line(self.number, author=self.chance.choice([ANN, BOB]))
        await self.store.ingest(HARBOUR, said, seen=MessageId(self.number))

    async def say_late(self) -> None:
        number = self.chance.randint(self.first, self.number)
        await self.store.ingest(HARBOUR, line(number))

    async def edit(self) -> None:
        self.at_ms += 1
        message = MessageId(self.chance.randint(1, self.number))
        await self.store.edit(HARBOUR, message, f"now {self.at_ms}", self.at_ms)

    async def delete(self) -> None:
        shown = self.chance.randint(1, self.number), self.chance.randint(1000, self.message)
        await self.store.delete(HARBOUR, [MessageId(self.chance.choice(shown))])

    async def annotate(self) -> None:
        self.at_ms += 1
        turn = line(self.number).id
        await self.store.set_facts(HARBOUR, turn, {"decision": f"{self.at_ms}"})

    async def change(self) -> None:
        self.is_kept = True
        head = await self.store.head(HARBOUR)
        assert head is not None
        drop = (line(self.chance.randint(1, self.number)).id,)
        put = (reply(self.chance.randint(1, self.number), "put", self._next()),)
        self.owed.append(self._next())
        change = Change(drop=drop, put=put, owed=tuple(self.owed[-1:]))
        await self.store.apply(HARBOUR, change, version=head.version)

    async def pay(self) -> None:
        await self.store.paid(HARBOUR, self.owed[:1])
        self.owed = self.owed[1:]

    async def set_length(self) -> None:
        step = self.chance.choice([None, Length("long"), Length("tiny")])
        await self.store.set_length(HARBOUR, step)
        await self.store.set_next_length(HARBOUR, step)

    async def save(self) -> None:
        self.is_kept = True
        found = await self.store.read(HARBOUR)
        assert found is not None
        await self.store.save(HARBOUR, self.chance.choice("xy"), found, 5)

    async def drop(self) -> None:
        await self.store.drop_save(HARBOUR, self.chance.choice("xy"))

    async def take(self) -> None:
        self.is_kept = True
        kind = self.chance.choice([WorkKind.REPLY, WorkKind.REPLY, WorkKind.SWIPE])
        self.at_ms += 1
        work = Work(reply(self.number, "").id, line(self.number).id, at_ms=self.at_ms, kind=kind)
        anew = self.chance.random() < 0.2
        taken = await self.store.take(
            HARBOUR, "one", LENT_S, work, anew=anew, unless_answered=kind is WorkKind.REPLY
        )
        if taken is not None and not taken.is_answered:
            self.fence, self.work = taken.fence, taken.work

    async def take_again(self) -> None:
        self.at_ms += 1
        work = Work(reply(self.number, "").id, line(self.number).id, at_ms=self.at_ms)
        taken = await self.store.take(HARBOUR, "one", LENT_S, work, fence=self.fence)
        if taken is not None:
            self.work = taken.work

    async def intend(self) -> None:
        if self.work is not None:
            mark = mark_of(self.work.reply, len(self.work.messages))
            await self.store.intent(HARBOUR, self.work.reply, mark, fence=self.fence)

    async def show(self) -> None:
        if self.work is None:
            return
        shown = self._next()
        self.work = replace(self.work, messages=(*self.work.messages, shown))
        await self.store.posted(HARBOUR, self.work.reply, shown, fence=self.fence)

    async def check(self) -> None:
        if self.work is not None:
            self.at_ms += 1
            await self.store.lease(
                HARBOUR, "one", LENT_S, reply=self.work.reply, written=f"so {self.at_ms}",
                tokens=self.at_ms, fence=self.fence,
            )  # fmt: skip

    async def end(self) -> None:
        if self.work is None:
            return
        self.at_ms += 1
        told: Turn = replace(
            reply(1, f"told {self.at_ms}", *(self.work.messages or (self._next(),))),
            id=self.work.reply,
            parts=(),
            edited_ms=self.at_ms,
        )
        await self.store.commit(
            HARBOUR, told, fence=self.fence, release="one", counts={self.work.trigger: "x:1"},
            seen=MessageId(self.number), row=told.messages[-1],
        )  # fmt: skip
        self.fence = self.work = None

    async def abandon(self) -> None:
        if self.work is not None:
            await self.store.abandon(HARBOUR, self.work.reply, fence=self.fence, release="one")
        self.fence = self.work = None

    async def let_go(self) -> None:
        await self.store.release(HARBOUR, "one")
        self.fence = self.work = None


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as found:
        await found.flushall()
        yield found


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[WatchedRedis]:
    found = connect(redis_url, timeout_s=1.0)
    assert isinstance(found, WatchedRedis)
    yield found
    await found.aclose()


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(5, 100))]
)
async def test_whatever_of_the_last_changes_was_lost_it_is_as_it_was(
    raw: Redis, client: WatchedRedis, seed: int
) -> None:
    assert client.journal is not None
    story = Story(RedisSceneStore(client, keep=50, ttl=timedelta(days=1)), random.Random(seed))
    dumps = [await _dump(raw)]
    for _ in range(STEPS):
        await story.step()
        dumps.append(await _dump(raw))
    wanted = await _found(client)

    for cut, dump in enumerate(dumps):
        await _restore(raw, dump)
        assert await _is_told(client, client.journal)
        found = await _found(client)
        assert found == wanted, f"lost since step {cut} of {story.told}"


async def test_who_connects_first_to_another_server_tells_it(redis_url: str, raw: Redis) -> None:
    client = connect(redis_url, timeout_s=1.0)
    assert client.journal is not None
    client.journal.note(_set("rp:told", "1"))

    assert await client.get("rp:told") == "1"
    await raw.delete("rp:told")
    await asyncio.gather(*(client.get("rp:told") for _ in range(5)))

    assert await client.get("rp:told") is None  # it is known by now
    await client.aclose()


async def test_what_was_taken_long_before_the_last_answer_is_not_told(raw: Redis) -> None:
    now_s = 0.0
    journal = Journal(clock=lambda: now_s)
    journal.note(_set("rp:old", "1"))
    now_s = KEPT_S + 1
    journal.note(_set("rp:new", "1"))
    now_s = 10 * KEPT_S  # for so long it did not answer
    assert await _is_told(raw, journal)

    assert await raw.keys("rp:*") == [b"rp:new"]


async def test_of_very_many_changes_the_newest_are_told(raw: Redis) -> None:
    journal = Journal()
    for number in range(MOST + 3):
        journal.note(_set(f"rp:{number}", "1"))
    assert await _is_told(raw, journal)

    assert await raw.dbsize() == MOST
    assert await raw.exists(f"rp:{MOST + 2}")


async def test_a_server_that_cannot_take_it_yet_is_told_by_a_later_connection(raw: Redis) -> None:
    journal = Journal()
    journal.note(_set("rp:told", "1"))
    await raw.replicaof("127.0.0.1", 1)
    try:
        assert not await _is_told(raw, journal)
    finally:
        await raw.replicaof("NO", "ONE")

    assert await _is_told(raw, journal)
    assert await raw.get("rp:told") == b"1"


def _set(key: str, value: str) -> Said:
    return Said("SET", key, ("SET", key, value))


async def _is_told(redis: Redis, journal: Journal) -> bool:
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()
    try:
        return await journal.say_again(connection)
    finally:
        await pool.release(connection)


async def _found(client: WatchedRedis) -> dict[str, object]:
    store = RedisSceneStore(client, keep=50, ttl=timedelta(days=1))
    found = await store.read(HARBOUR)
    if found is not None:
        found = replace(found, head=replace(found.head, version=0))
    fence, holder = await client.hmget(keys.meta_key(HARBOUR), ["fence", "holder"])
    return {
        "head": found and found.head,
        **{turn.id: turn for turn in (found.turns if found else ())},
        "work": await store.work(HARBOUR),
        "live": await store.live_channels(),
        "owed": await store.owed(HARBOUR),
        "saves": [await store.saved(HARBOUR, name) for name in "xy"],
        "lease": (fence, holder),
        "of Bob": await store.channels_of(BOB),
    }


async def _dump(raw: Redis) -> Dump:
    return {key: await raw.dump(key) for key in await raw.keys()}


async def _restore(raw: Redis, dump: Dump) -> None:
    await raw.flushall()
    for key, value in dump.items():
        await raw.restore(key, 86_400_000, value)
