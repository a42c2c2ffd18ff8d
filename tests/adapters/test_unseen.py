"""Who has opted out is in no scene that the bot reads, by whatever door."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import CastStore
from bot.core.scene import CharacterKey, Scene, SceneHead, UserId, Work
from tests.scenes import ANN, BOB, HARBOUR, line, reply, scene


async def nobody(_keys: Sequence[CharacterKey]) -> None: ...


@pytest.fixture
def unseen() -> set[UserId]:
    return set()


@pytest.fixture
async def store(redis: Redis, unseen: set[UserId]) -> CastStore:
    store = CastStore(redis, keep=50, ttl=timedelta(days=1), bring=nobody, unseen=unseen)
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.ingest(HARBOUR, line(2, "hidden", author=BOB, name="Bob"))
    return store


def shows(found: Scene | SceneHead | None) -> bool:
    assert found is not None
    head = found.head if isinstance(found, Scene) else found
    turns = found.turns if isinstance(found, Scene) else ()
    assert ANN in head.players
    return BOB in head.players or any(turn.author == BOB for turn in turns)


async def doors(store: CastStore) -> dict[str, bool]:
    """Whether Bob is there, by each way to read a scene."""
    read = await store.read(HARBOUR)
    work = Work(reply(1, "").id, line(1).id)
    taken = await store.take(HARBOUR, "one", 60, work)
    again = await store.take(HARBOUR, "one", 60, work)  # of turns that are known by now
    assert taken is not None
    assert again is not None
    await store.release(HARBOUR, "one")
    ingested = await store.ingest(HARBOUR, line(1))
    [survey] = await store.survey([HARBOUR])
    return {
        "head": shows(await store.head(HARBOUR)),
        "read": shows(read),
        "take": shows(taken.scene),
        "take again": shows(again.scene),
        "ingest": shows(ingested.head),
        "saved": shows(await store.saved(HARBOUR, "save")),
        "survey": shows(survey.head) or survey.last is not None,
    }


async def test_s40_they_are_seen_through_every_door_or_through_none(
    store: CastStore, unseen: set[UserId]
) -> None:
    read = await store.read(HARBOUR)
    assert read is not None
    await store.save(HARBOUR, "save", read, 5)

    before = await doors(store)
    unseen.add(BOB)
    hidden = await doors(store)
    unseen.clear()
    after = await doors(store)

    assert all(before.values()), before
    assert not any(hidden.values()), hidden
    assert all(after.values()), after
