"""What every `SceneStore` keeps to about turns: order, once, edits, deletions, work."""

from dataclasses import replace

import pytest

from bot.core.lengths import Length
from bot.core.scene import MessageId, Work
from bot.core.store_answers import Deleted, IngestStatus
from tests.contract.stores import KEEP, Store, head_of, texts
from tests.scenes import BOB, HARBOUR, TOWER, claimed, line, reply, scene


async def test_a_line_that_is_delivered_twice_is_stored_once(store: Store) -> None:
    await store.start(scene(), None)

    first = await store.ingest(HARBOUR, line(1))
    second = await store.ingest(HARBOUR, line(1))

    assert first.status is IngestStatus.STORED
    assert second.status is IngestStatus.DUPLICATE
    assert second.head == first.head == await store.head(HARBOUR)
    assert await texts(store) == ["line 1"]


async def test_a_message_that_stands_for_an_earlier_line_is_no_line_of_its_own(
    store: Store,
) -> None:
    """Another bot's post, in place of a player's line, that is read once more."""
    await store.start(scene(), None)
    await store.ingest(HARBOUR, replace(line(1), messages=line(2).messages))

    ingested = await store.ingest(HARBOUR, line(2))

    assert ingested.status is IngestStatus.DUPLICATE
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
    assert await store.delete(HARBOUR, [MessageId(2)]) == Deleted()


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

    assert gone == Deleted(gone=(line(1).id,))
    assert again.status is IngestStatus.DUPLICATE
    assert await texts(store) == ["line 2"]
    assert not await store.edit(HARBOUR, MessageId(1), "x", 10)


async def test_a_reply_whose_parts_nobody_knows_goes_with_any_of_them(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "long", 21, 22))

    gone = await store.delete(HARBOUR, [MessageId(22), MessageId(21)])
    before = await head_of(store)
    again = await store.delete(HARBOUR, [MessageId(22)])
    await store.commit(HARBOUR, reply(1, "long", 21, 22))

    assert gone == Deleted(gone=(reply(1, "").id,))
    assert again == Deleted()
    assert await store.head(HARBOUR) == before
    assert await texts(store) == []


async def test_more_messages_than_one_script_takes_are_deleted(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1200))

    gone = await store.delete(HARBOUR, [MessageId(number) for number in range(1, 1300)])

    assert gone == Deleted(gone=(line(1200).id,))


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


async def test_an_edit_of_a_message_that_shows_no_turn_changes_nothing(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "mine", 21))

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
    edited_ms = 1_732_400_000_001
    assert found.turns == (replace(said, swipes=('new "text" / é',), edited_ms=edited_ms),)


async def test_claiming_again_keeps_what_already_shows_the_reply(store: Store) -> None:
    await store.start(scene(), None)
    work = Work(reply(1, "").id, line(1).id, at_ms=5)

    await claimed(store, work)
    await store.posted(HARBOUR, work.reply, MessageId(31))
    await store.posted(HARBOUR, work.reply, MessageId(31))
    await store.posted(HARBOUR, work.reply, MessageId(3))
    await claimed(store, work)

    assert await store.work(HARBOUR) == replace(work, messages=(MessageId(31), MessageId(3)))


async def test_a_message_of_a_reply_that_is_not_claimed_is_not_noted(store: Store) -> None:
    await store.start(scene(), None)
    work = Work(reply(2, "").id, line(2).id, (MessageId(32),), at_ms=9)
    await claimed(store, work)

    await store.posted(HARBOUR, reply(1, "").id, MessageId(99))

    assert await store.work(HARBOUR) == work


async def test_only_the_claimed_reply_can_be_abandoned(store: Store) -> None:
    await store.start(scene(), None)
    work = Work(reply(2, "").id, line(2).id)
    await claimed(store, work)

    await store.abandon(HARBOUR, reply(1, "").id)
    kept = await store.work(HARBOUR)
    await store.abandon(HARBOUR, work.reply)
    await store.abandon(HARBOUR, work.reply)

    assert kept == work
    assert await store.work(HARBOUR) is None


async def test_a_committed_reply_ends_its_work_and_uses_the_next_length_up(store: Store) -> None:
    await store.start(scene(), None)
    await store.set_next_length(HARBOUR, Length("tiny"))
    await claimed(store, Work(reply(1, "").id, line(1).id))

    await store.commit(HARBOUR, reply(1, "done", 21))
    await store.set_next_length(HARBOUR, Length("huge"))
    await store.commit(HARBOUR, reply(1, "done", 21))

    assert await store.work(HARBOUR) is None
    assert (await head_of(store)).next_length == Length("huge")
    assert await texts(store) == ["done"]


async def test_a_repeated_commit_changes_nothing(store: Store) -> None:
    await store.start(scene(), None)
    await claimed(store, Work(reply(1, "").id, line(1).id))
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
    assert await store.delete(HARBOUR, [MessageId(21)]) == Deleted()
    assert await store.delete(HARBOUR, [MessageId(23)]) == Deleted(gone=(two.id,))


async def test_another_replys_work_survives_a_commit(store: Store) -> None:
    await store.start(scene(), None)
    await claimed(store, Work(reply(2, "").id, line(2).id))

    await store.commit(HARBOUR, reply(1, "first"))

    work = await store.work(HARBOUR)
    assert work is not None
    assert work.reply == reply(2, "").id


async def test_a_deleted_reply_that_is_claimed_again_can_be_stored(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await claimed(store, Work(reply(1, "").id, line(1).id, at_ms=5))
    await store.commit(HARBOUR, reply(1, "half of", 21))
    await store.delete(HARBOUR, [MessageId(21)])

    await claimed(store, Work(reply(1, "").id, line(1).id, at_ms=9))
    await store.commit(HARBOUR, reply(1, "all of it", 22))
    once = await store.read(HARBOUR)
    await store.commit(HARBOUR, reply(1, "all of it", 22))

    assert await texts(store) == ["line 1", "all of it"]
    assert await store.read(HARBOUR) == once
    assert await store.delete(HARBOUR, [MessageId(22)]) == Deleted(gone=(reply(1, "").id,))


async def test_a_reply_deleted_after_its_claim_stays_away(store: Store) -> None:
    work = Work(reply(1, "").id, line(1).id, at_ms=5)
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "old", 21))
    await claimed(store, work)

    await store.delete(HARBOUR, [MessageId(21)])
    await claimed(store, work)  # its answer was lost, and it is sent again
    await store.commit(HARBOUR, reply(1, "new", 22))

    assert await texts(store) == []
    assert await store.work(HARBOUR) is None


async def test_an_abandoned_claim_lets_no_deleted_reply_come_back(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "old", 21))
    await store.delete(HARBOUR, [MessageId(21)])

    await claimed(store, Work(reply(1, "").id, line(1).id, at_ms=9))
    await store.abandon(HARBOUR, reply(1, "").id)
    await store.commit(HARBOUR, reply(1, "late", 22))

    assert await texts(store) == []


async def test_a_reply_in_the_making_outlives_the_newest_of_its_lines(store: Store) -> None:
    await store.start(scene(), None)
    for number in (1, 2, 3):
        await store.ingest(HARBOUR, line(number))
    work = Work(reply(3, "").id, line(3).id, (MessageId(31),))
    await claimed(store, work)

    await store.delete(HARBOUR, [MessageId(3), MessageId(2)])
    left = await store.work(HARBOUR)
    await store.commit(HARBOUR, reply(3, "to the first", 31))

    assert left == replace(work, trigger=line(1).id)
    assert await texts(store) == ["line 1", "to the first"]
    assert await store.work(HARBOUR) is None


async def test_a_reply_whose_only_line_goes_does_not_answer_an_earlier_one(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.commit(HARBOUR, reply(1, "answered", 21))
    await store.ingest(HARBOUR, line(2))
    work = Work(reply(2, "").id, line(2).id)
    await claimed(store, work)

    await store.delete(HARBOUR, [MessageId(2)])

    assert await store.work(HARBOUR) == work
