"""What every `SceneStore` keeps to: the one in memory, Redis, and a Redis Cluster."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.errors import SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.ports import IngestStatus, NoteStore, SceneStore
from bot.core.scene import ChannelId, GuildId, MessageId, Place, SceneHead, TurnId, Work
from tests.fakes.memory_store import MemorySceneStore
from tests.redis_servers import free_port, make_cluster_of_one, server
from tests.scenes import ANN, BOB, HARBOUR, TOWER, line, reply, scene

KEEP = 5


class Store(SceneStore, NoteStore, Protocol):
    pass


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    port = free_port()
    folder = Path(tmp_path_factory.mktemp("cluster"))
    # The cluster's own bus listens on the port plus this.
    bus = str(free_port())
    async with server(folder, port, "--cluster-enabled", "yes", "--cluster-port", bus):
        await make_cluster_of_one(port)
        yield f"redis+cluster://127.0.0.1:{port}"


@pytest.fixture(params=["memory", "redis", "cluster"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[Store]:
    if store_url is None:
        yield MemorySceneStore(keep=KEEP)
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisSceneStore(redis, keep=KEEP, ttl=timedelta(days=1))
    await redis.aclose()


async def texts(store: SceneStore, channel: ChannelId = HARBOUR) -> list[str]:
    found = await store.read(channel)
    assert found is not None
    return [turn.text for turn in found.turns]


async def head_of(store: SceneStore, channel: ChannelId = HARBOUR) -> SceneHead:
    found = await store.head(channel)
    assert found is not None
    return found


async def test_a_channel_nobody_played_in_has_no_scene(store: Store) -> None:
    assert await store.head(HARBOUR) is None
    assert await store.read(HARBOUR) is None
    assert await store.work(HARBOUR) is None
    assert await store.live_channels() == []
    assert await store.set_live(HARBOUR, live=True) is None
    assert await store.set_live(HARBOUR, live=False) is None
    assert await store.live_channels() == []
    assert (await store.ingest(HARBOUR, line(1))).status is IngestStatus.NO_SCENE


async def test_a_scene_comes_back_as_it_was_started(store: Store) -> None:
    given = replace(scene(), length=Length.LONG, cut=TurnId("1"), next_length=Length.TINY)

    started = await store.start(given, None)

    assert started == replace(given, version=1)
    assert await store.head(HARBOUR) == started


@pytest.mark.parametrize(
    "place", [Place(HARBOUR, None, None), Place(HARBOUR, GuildId(7), ChannelId(8))]
)
async def test_dms_and_threads_keep_their_place(store: Store, place: Place) -> None:
    await store.start(replace(scene(), place=place), None)

    assert (await head_of(store)).place == place


async def test_turns_come_back_whole(store: Store) -> None:
    opening = replace(reply(1, '*waves* é 🌊 "hi" \\ \x00 </s>'), swipes=("a", "b"), current=1)
    said = line(2, 'first\nsecond "quoted" \\n 🙂', author=BOB, name="Bøb [x]")

    await store.start(scene(), opening)
    await store.ingest(HARBOUR, said)

    found = await store.read(HARBOUR)
    assert found is not None
    assert found.turns == (opening, said)
    assert found.head.players == {ANN: "Ann", BOB: "Bøb [x]"}


async def test_the_same_start_again_changes_nothing(store: Store) -> None:
    await store.start(scene(), reply(1, "hello"))
    await store.ingest(HARBOUR, line(2))
    before = await head_of(store)

    again = await store.start(scene(), reply(1, "hello"))

    assert again == before
    assert await texts(store) == ["hello", "line 2"]


async def test_another_start_over_a_live_scene_is_refused(store: Store) -> None:
    await store.start(scene(), reply(1, "hello"))

    with pytest.raises(SceneAlreadyLive):
        await store.start(scene(started_ms=2), None)
    with pytest.raises(SceneAlreadyLive):
        await store.start(replace(scene(), owner=BOB), None)

    assert await texts(store) == ["hello"]


async def test_a_stopped_scene_is_replaced_with_all_its_turns(store: Store) -> None:
    await store.start(scene(), reply(1, "hello", 50))
    await store.ingest(HARBOUR, line(2))
    await store.claim(HARBOUR, Work(reply(2, "").id, line(2).id))
    stopped = await store.set_live(HARBOUR, live=False)
    assert stopped is not None

    fresh = await store.start(replace(scene(started_ms=9), owner=BOB), reply(8, "again"))

    assert await texts(store) == ["again"]
    assert fresh.version > stopped.version
    assert await store.work(HARBOUR) is None
    assert await store.delete(HARBOUR, [MessageId(50), MessageId(2)]) == []


async def test_what_still_arrives_of_the_scene_before_stays_out(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(5))
    await store.claim(HARBOUR, Work(reply(5, "").id, line(5).id))
    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=9), None)

    late = [(await store.ingest(HARBOUR, line(number))).status for number in (4, 5)]
    await store.commit(HARBOUR, reply(5, "to the old story"))
    new = (await store.ingest(HARBOUR, line(6))).status

    assert late == [IngestStatus.TOO_OLD, IngestStatus.TOO_OLD]
    assert new is IngestStatus.STORED
    assert await texts(store) == ["line 6"]


async def test_a_stopped_scene_keeps_its_turns_and_takes_no_more(store: Store) -> None:
    await store.start(scene(), reply(1, "hello"))

    stopped = await store.set_live(HARBOUR, live=False)
    refused = await store.ingest(HARBOUR, line(2))

    assert stopped is not None
    assert not stopped.live
    assert refused.status is IngestStatus.NO_SCENE
    assert refused.head is None
    assert await texts(store) == ["hello"]


async def test_live_channels_are_those_that_play_now(store: Store) -> None:
    for channel in (TOWER, HARBOUR):
        await store.start(scene(channel), None)
    both = await store.live_channels()

    await store.set_live(HARBOUR, live=False)
    one = await store.live_channels()
    await store.set_live(HARBOUR, live=True)
    await store.purge(TOWER)

    assert both == [HARBOUR, TOWER]
    assert one == [TOWER]
    assert await store.live_channels() == [HARBOUR]


async def test_a_line_that_is_delivered_twice_is_stored_once(store: Store) -> None:
    await store.start(scene(), None)

    first = await store.ingest(HARBOUR, line(1))
    second = await store.ingest(HARBOUR, line(1))

    assert first.status is IngestStatus.STORED
    assert second.status is IngestStatus.DUPLICATE
    assert second.head == first.head == await store.head(HARBOUR)
    assert await texts(store) == ["line 1"]


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3), (3, 1, 4, 2)])
async def test_turns_stand_in_the_order_they_were_written(
    store: Store, order: tuple[int, ...]
) -> None:
    await store.start(scene(), None)

    for number in order:
        await store.ingest(HARBOUR, line(number))

    assert await texts(store) == ["line 1", "line 2", "line 3", "line 4"]


async def test_a_reply_stands_behind_what_it_answers(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(9))
    await store.ingest(HARBOUR, line(10))

    await store.commit(HARBOUR, reply(9, "answer", 11))

    assert await texts(store) == ["line 9", "answer", "line 10"]


async def test_a_full_scene_forgets_its_oldest_turns(store: Store) -> None:
    await store.start(scene(), None)

    for number in range(1, KEEP + 4):
        await store.ingest(HARBOUR, line(number))

    assert await texts(store) == [f"line {number}" for number in range(4, KEEP + 4)]
    assert not await store.edit(HARBOUR, MessageId(1), "x", 1)
    assert await store.delete(HARBOUR, [MessageId(2)]) == []


async def test_what_is_older_than_the_memory_is_too_old(store: Store) -> None:
    await store.start(scene(), None)
    for number in range(10, 10 * (KEEP + 2), 10):
        await store.ingest(HARBOUR, line(number))
    before = await head_of(store)

    late = [await store.ingest(HARBOUR, line(number)) for number in (5, 10, 15)]
    await store.commit(HARBOUR, reply(10, "late"))

    assert [each.status for each in late] == [IngestStatus.TOO_OLD] * 3
    assert {
        each.head for each in late if each.head and each.head.version != before.version
    } == set()
    assert await texts(store) == [f"line {number}" for number in range(20, 70, 10)]


async def test_a_deleted_line_does_not_come_back(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.ingest(HARBOUR, line(2))

    gone = await store.delete(HARBOUR, [MessageId(1), MessageId(77)])
    again = await store.ingest(HARBOUR, line(1))

    assert gone == [line(1).id]
    assert again.status is IngestStatus.DUPLICATE
    assert await texts(store) == ["line 2"]
    assert not await store.edit(HARBOUR, MessageId(1), "x", 10)


async def test_deleting_one_part_of_a_reply_forgets_all_of_it(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "long", 21, 22))

    gone = await store.delete(HARBOUR, [MessageId(22), MessageId(21)])
    before = await head_of(store)
    again = await store.delete(HARBOUR, [MessageId(22)])
    await store.commit(HARBOUR, reply(1, "long", 21, 22))

    assert gone == [reply(1, "").id]
    assert again == []
    assert await store.head(HARBOUR) == before
    assert await texts(store) == []


async def test_more_messages_than_one_script_takes_are_deleted(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1200))

    gone = await store.delete(HARBOUR, [MessageId(number) for number in range(1, 1300)])

    assert gone == [line(1200).id]


async def test_the_newest_edit_wins(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))

    newer = await store.edit(HARBOUR, MessageId(1), "newer", 200)
    after = await head_of(store)
    older = await store.edit(HARBOUR, MessageId(1), "older", 100)
    same = await store.edit(HARBOUR, MessageId(1), "newer", 200)

    assert (newer, older, same) == (True, True, True)
    assert await texts(store) == ["newer"]
    assert await store.head(HARBOUR) == after


async def test_an_edit_of_what_is_no_players_turn_changes_nothing(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "mine", 21))

    assert not await store.edit(HARBOUR, MessageId(21), "forged", 200)
    assert not await store.edit(HARBOUR, MessageId(5), "x", 200)
    assert not await store.edit(TOWER, MessageId(5), "x", 200)
    assert await texts(store) == ["mine"]


async def test_an_edited_turn_keeps_everything_else(store: Store) -> None:
    said = line(1, author=BOB, name="Bob")
    await store.start(scene(), None)
    await store.ingest(HARBOUR, said)

    await store.edit(HARBOUR, MessageId(1), 'new "text" / é', 1_732_400_000_001)

    found = await store.read(HARBOUR)
    assert found is not None
    assert found.turns == (replace(said, swipes=('new "text" / é',)),)


async def test_claiming_again_keeps_what_already_shows_the_reply(store: Store) -> None:
    await store.start(scene(), None)
    work = Work(reply(1, "").id, line(1).id, at_ms=5)

    claimed = await store.claim(HARBOUR, work)
    await store.posted(HARBOUR, work.reply, MessageId(31))
    await store.posted(HARBOUR, work.reply, MessageId(31))
    await store.posted(HARBOUR, work.reply, MessageId(3))
    again = await store.claim(HARBOUR, work)

    assert claimed == work
    assert again == replace(work, messages=(MessageId(31), MessageId(3)))
    assert await store.work(HARBOUR) == again


async def test_another_claim_inherits_the_messages(store: Store) -> None:
    await store.start(scene(), None)
    await store.claim(HARBOUR, Work(reply(1, "").id, line(1).id, (MessageId(31),)))
    later = Work(reply(2, "").id, line(2).id, (MessageId(32),), at_ms=9)

    claimed = await store.claim(HARBOUR, later)
    await store.posted(HARBOUR, reply(1, "").id, MessageId(99))

    assert claimed == replace(later, messages=(MessageId(31), MessageId(32)))
    assert await store.work(HARBOUR) == claimed


async def test_only_the_claimed_reply_can_be_abandoned(store: Store) -> None:
    await store.start(scene(), None)
    work = await store.claim(HARBOUR, Work(reply(2, "").id, line(2).id))

    await store.abandon(HARBOUR, reply(1, "").id)
    kept = await store.work(HARBOUR)
    await store.abandon(HARBOUR, work.reply)
    await store.abandon(HARBOUR, work.reply)

    assert kept == work
    assert await store.work(HARBOUR) is None


async def test_a_committed_reply_ends_its_work_and_uses_the_next_length_up(store: Store) -> None:
    await store.start(scene(), None)
    await store.set_next_length(HARBOUR, Length.TINY)
    await store.claim(HARBOUR, Work(reply(1, "").id, line(1).id))

    await store.commit(HARBOUR, reply(1, "done", 21))
    await store.set_next_length(HARBOUR, Length.HUGE)
    await store.commit(HARBOUR, reply(1, "done", 21))

    assert await store.work(HARBOUR) is None
    assert (await head_of(store)).next_length is Length.HUGE
    assert await texts(store) == ["done"]


async def test_a_repeated_commit_changes_nothing(store: Store) -> None:
    await store.start(scene(), None)
    await store.claim(HARBOUR, Work(reply(1, "").id, line(1).id))
    await store.commit(HARBOUR, reply(1, "done", 21))
    before = await store.read(HARBOUR)

    await store.commit(HARBOUR, reply(1, "done", 21))

    assert await store.read(HARBOUR) == before


async def test_committing_a_stored_reply_gives_it_new_text_and_messages(store: Store) -> None:
    two = replace(reply(1, ""), swipes=("one", "two"), current=1, messages=(MessageId(21),))
    await store.start(scene(), two)

    await store.commit(HARBOUR, reply(1, "better", 22, 23))

    found = await store.read(HARBOUR)
    assert found is not None
    shown = (MessageId(22), MessageId(23))
    assert found.turns == (replace(two, swipes=("one", "better"), messages=shown),)
    assert await store.delete(HARBOUR, [MessageId(21)]) == []
    assert await store.delete(HARBOUR, [MessageId(23)]) == [two.id]


async def test_another_replys_work_survives_a_commit(store: Store) -> None:
    await store.start(scene(), None)
    await store.claim(HARBOUR, Work(reply(2, "").id, line(2).id))

    await store.commit(HARBOUR, reply(1, "first"))

    work = await store.work(HARBOUR)
    assert work is not None
    assert work.reply == reply(2, "").id


async def test_choices_are_kept_and_given_back(store: Store) -> None:
    await store.start(scene(), None)

    await store.set_length(HARBOUR, Length.MASSIVE)
    await store.set_next_length(HARBOUR, Length.MICRO)
    await store.set_cut(HARBOUR, TurnId("12"))
    chosen = await head_of(store)
    await store.set_length(HARBOUR, None)
    await store.set_next_length(HARBOUR, None)

    assert (chosen.length, chosen.next_length) == (Length.MASSIVE, Length.MICRO)
    assert chosen.cut == "12"
    assert ((await head_of(store)).length, (await head_of(store)).next_length) == (None, None)


async def test_the_version_grows_with_changes_and_only_with_them(store: Store) -> None:
    seen = [(await store.start(scene(), None)).version]

    for _ in range(2):
        await store.ingest(HARBOUR, line(1))
        seen.append((await head_of(store)).version)
        await store.set_length(HARBOUR, Length.LONG)
        seen.append((await head_of(store)).version)
        await store.set_live(HARBOUR, live=True)
        seen.append((await head_of(store)).version)

    assert seen == [1, 2, 3, 3, 3, 3, 3]


async def test_writes_to_a_channel_without_a_scene_leave_nothing(store: Store) -> None:
    work = Work(reply(1, "").id, line(1).id)

    assert await store.claim(HARBOUR, work) == work
    await store.posted(HARBOUR, work.reply, MessageId(1))
    await store.commit(HARBOUR, reply(1, "x"))
    await store.set_length(HARBOUR, Length.LONG)
    await store.set_next_length(HARBOUR, Length.LONG)
    await store.set_cut(HARBOUR, work.reply)
    await store.abandon(HARBOUR, work.reply)

    assert await store.read(HARBOUR) is None
    assert await store.work(HARBOUR) is None


async def test_a_purged_channel_is_forgotten(store: Store) -> None:
    await store.start(scene(), reply(1, "hello"))
    await store.claim(HARBOUR, Work(reply(2, "").id, line(2).id))

    await store.purge(HARBOUR)
    await store.purge(HARBOUR)

    assert await store.read(HARBOUR) is None
    assert await store.work(HARBOUR) is None
    assert await store.live_channels() == []


async def test_channels_do_not_see_each_other(store: Store) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), None)

    await store.ingest(HARBOUR, line(1))

    assert await texts(store) == ["line 1"]
    assert await texts(store, TOWER) == []


async def test_a_member_has_a_length_of_their_own(store: Store) -> None:
    await store.set_user_length(ANN, Length.TINY)
    await store.set_user_length(BOB, Length.LONG)
    await store.set_user_length(BOB, None)

    assert await store.user_length(ANN) is Length.TINY
    assert await store.user_length(BOB) is None


async def test_notes_are_kept_by_name(store: Store) -> None:
    await store.put_note("portrait:mira", "first")
    await store.put_note("portrait:mira", "https://example.org/ü")

    assert await store.get_note("portrait:mira") == "https://example.org/ü"
    assert await store.get_note("portrait:tom") is None


async def test_lines_that_come_at_once_are_all_stored(store: Store) -> None:
    await store.start(scene(), None)
    numbers = [3, 1, 5, 2, 4]

    results = await asyncio.gather(
        *(store.ingest(HARBOUR, line(number)) for number in numbers for _ in range(2))
    )

    assert [each.status for each in results].count(IngestStatus.STORED) == len(numbers)
    assert await texts(store) == [f"line {number}" for number in sorted(numbers)]
