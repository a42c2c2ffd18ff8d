"""What every `SceneStore` keeps to: the one in memory, Redis, and a Redis Cluster."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.scene import ChannelId, GuildId, MessageId, Place, TurnId, Work
from bot.core.store_answers import Deleted, IngestStatus
from tests.contract.stores import Store, head_of, texts
from tests.scenes import ANN, BOB, HARBOUR, TOWER, claimed, line, reply, scene


async def test_a_scene_knows_when_it_was_gone_on_with(store: Store) -> None:
    await store.start(scene(started_ms=5), None)
    assert (await head_of(store)).since_ms == 5

    await store.set_live(HARBOUR, live=False)
    await store.set_resumed(HARBOUR, 1_732_400_000_000)
    await store.set_live(HARBOUR, live=True)
    assert (await head_of(store)).since_ms == 1_732_400_000_000

    await store.set_live(HARBOUR, live=False)
    fresh = await store.start(scene(started_ms=9), None)
    assert fresh.since_ms == 9


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
    given = replace(scene(), length=Length("long"), cut=TurnId("1"), next_length=Length("tiny"))

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
    await claimed(store, Work(reply(2, "").id, line(2).id))
    stopped = await store.set_live(HARBOUR, live=False)
    assert stopped is not None

    fresh = await store.start(replace(scene(started_ms=9), owner=BOB), reply(8, "again"))

    assert await texts(store) == ["again"]
    assert fresh.version > stopped.version
    assert await store.work(HARBOUR) is None
    assert await store.delete(HARBOUR, [MessageId(50), MessageId(2)]) == Deleted()


async def test_what_still_arrives_of_the_scene_before_stays_out(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(5))
    await claimed(store, Work(reply(5, "").id, line(5).id))
    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=9), None)

    late = [(await store.ingest(HARBOUR, line(number))).status for number in (4, 5)]
    await store.commit(HARBOUR, reply(5, "to the old story"))
    new = (await store.ingest(HARBOUR, line(6))).status

    assert late == [IngestStatus.TOO_OLD, IngestStatus.TOO_OLD]
    assert new is IngestStatus.STORED
    assert await texts(store) == ["line 6"]


async def test_what_was_written_before_a_scene_began_stays_out(store: Store) -> None:
    await store.start(scene(started_ms=line(5).at_ms), reply(5, "hello"))

    late = [await store.ingest(HARBOUR, line(each), seen=MessageId(each)) for each in (4, 5)]
    new = await store.ingest(HARBOUR, line(6))

    assert [each.status for each in late] == [IngestStatus.TOO_OLD] * 2
    assert new.status is IngestStatus.STORED
    assert await texts(store) == ["hello", "line 6"]
    assert (await head_of(store)).seen == MessageId(5)


async def test_what_was_written_while_a_scene_was_stopped_stays_out(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.set_live(HARBOUR, live=False)
    await store.set_resumed(HARBOUR, line(3).at_ms)
    await store.set_live(HARBOUR, live=True)

    told = [(await store.ingest(HARBOUR, line(each))).status for each in (1, 2, 3, 4)]

    assert told == [
        IngestStatus.DUPLICATE,
        IngestStatus.TOO_OLD,
        IngestStatus.TOO_OLD,
        IngestStatus.STORED,
    ]
    assert await texts(store) == ["line 1", "line 4"]


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


async def test_choices_are_kept_and_given_back(store: Store) -> None:
    await store.start(scene(), None)

    await store.set_length(HARBOUR, Length("massive"))
    await store.set_next_length(HARBOUR, Length("micro"))
    chosen = await head_of(store)
    await store.set_length(HARBOUR, None)
    await store.set_next_length(HARBOUR, None)

    assert (chosen.length, chosen.next_length) == (Length("massive"), Length("micro"))
    assert ((await head_of(store)).length, (await head_of(store)).next_length) == (None, None)


async def test_the_version_grows_with_changes_and_only_with_them(store: Store) -> None:
    seen = [(await store.start(scene(), None)).version]

    for _ in range(2):
        await store.ingest(HARBOUR, line(1))
        seen.append((await head_of(store)).version)
        await store.set_length(HARBOUR, Length("long"))
        seen.append((await head_of(store)).version)
        await store.set_live(HARBOUR, live=True)
        seen.append((await head_of(store)).version)

    assert seen == [1, 2, 3, 3, 3, 3, 3]


async def test_writes_to_a_channel_without_a_scene_leave_nothing(store: Store) -> None:
    work = Work(reply(1, "").id, line(1).id)

    await store.take(HARBOUR, "one", 60, work)
    await store.posted(HARBOUR, work.reply, MessageId(1))
    await store.commit(HARBOUR, reply(1, "x"))
    await store.set_length(HARBOUR, Length("long"))
    await store.set_next_length(HARBOUR, Length("long"))
    await store.abandon(HARBOUR, work.reply)

    assert await store.read(HARBOUR) is None
    assert await store.work(HARBOUR) is None


async def test_a_purged_channel_is_forgotten(store: Store) -> None:
    await store.start(scene(), reply(1, "hello"))
    await claimed(store, Work(reply(2, "").id, line(2).id))

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
    await store.set_user_length(ANN, Length("tiny"))
    await store.set_user_length(BOB, Length("long"))
    await store.set_user_length(BOB, None)

    assert await store.user_length(ANN) == Length("tiny")
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
