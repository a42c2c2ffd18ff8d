"""What every `SceneStore` keeps to about users: where anything of theirs is."""

from dataclasses import replace

from bot.core.scene import MessageId, Role, UserId
from bot.core.store_answers import IngestStatus
from tests.contract.stores import KEEP, Store
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, reply, scene

CID = UserId(3)


async def test_nobody_is_anywhere_at_first(store: Store) -> None:
    assert await store.channels_of(ANN) == []


async def test_players_are_found_where_they_wrote(store: Store) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), None)

    for number in (1, 2):
        await store.ingest(HARBOUR, line(number, author=BOB, name="Bob"))

    assert await store.channels_of(BOB) == [HARBOUR]
    assert await store.channels_of(ANN) == [HARBOUR, TOWER]
    assert await store.channels_of(CID) == []


async def test_whoever_wrote_anything_is_found_whatever_part_they_played(store: Store) -> None:
    await store.start(scene(), replace(reply(1, "hello"), author=BOB))
    await store.start(scene(TOWER), None)

    await store.ingest(TOWER, replace(line(2, author=BOB), role=Role.NARRATOR))
    await store.commit(TOWER, replace(reply(2, "written by hand", 21), author=CID))

    assert await store.channels_of(BOB) == [HARBOUR, TOWER]
    assert await store.channels_of(CID) == [TOWER]


async def test_a_line_that_was_not_stored_does_not_hide_a_later_one(store: Store) -> None:
    await store.start(scene(), None)
    await store.set_live(HARBOUR, live=False)
    refused = await store.ingest(HARBOUR, line(1, author=BOB))
    await store.set_live(HARBOUR, live=True)

    await store.ingest(HARBOUR, line(2, author=BOB))

    assert refused.status is IngestStatus.NO_SCENE
    assert await store.channels_of(BOB) == [HARBOUR]


async def test_who_is_left_with_nothing_but_their_name_is_still_found(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB, name="Bob"))

    await store.delete(HARBOUR, [MessageId(1)])
    for number in range(2, KEEP + 4):
        await store.ingest(HARBOUR, line(number))

    assert await store.channels_of(BOB) == [HARBOUR]


async def test_who_writes_in_the_next_scene_is_found_again(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1, author=BOB, name="Bob"))

    await store.purge(HARBOUR)
    await store.start(scene(started_ms=9), None)
    await store.ingest(HARBOUR, line(2, author=BOB, name="Bob"))
    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=10), None)
    await store.ingest(HARBOUR, line(3, author=BOB, name="Bob"))

    assert await store.channels_of(BOB) == [HARBOUR]


async def test_who_has_started_a_scene_is_found_before_they_write_in_it(store: Store) -> None:
    await store.start(replace(scene(), owner=CID), None)

    assert await store.channels_of(CID) == [HARBOUR]
