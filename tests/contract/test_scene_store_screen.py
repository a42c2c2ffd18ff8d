"""What every `SceneStore` keeps to about the screen: parts of a reply, and events out of order."""

import itertools
from dataclasses import replace

import pytest

from bot.core.scene import MessageId, Turn, Work
from bot.core.store_answers import Deleted, IngestStatus
from tests.contract.stores import Store, head_of, texts
from tests.scenes import HARBOUR, TOWER, line, reply, scene

ANSWER = reply(1, "").id
LONG = replace(reply(1, "one\ntwo\nthree", 21, 22, 23), parts=("one", "two", "three"))


async def turn_of(store: Store, turn_id: str = ANSWER) -> Turn:
    found = await store.read(HARBOUR)
    assert found is not None
    return next(turn for turn in found.turns if turn.id == turn_id)


async def play(store: Store, answer: Turn = LONG) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.commit(HARBOUR, answer)


async def test_parts_come_back_as_they_were_committed(store: Store) -> None:
    given = replace(LONG, edited_ms=500, parts=("", 'é "\n', "three"))

    await play(store, given)

    assert await turn_of(store) == given


async def test_an_edit_changes_the_part_that_the_message_shows(store: Store) -> None:
    await play(store)

    known = await store.edit(HARBOUR, MessageId(22), "2", 500)

    assert known
    assert await turn_of(store) == replace(
        LONG, swipes=("one\n2\nthree",), parts=("one", "2", "three"), edited_ms=500
    )


async def test_an_edit_that_changes_no_word_leaves_the_text_as_it_is(store: Store) -> None:
    told = replace(LONG, swipes=("one two three",), edited_ms=500)
    await play(store, told)

    assert await store.edit(HARBOUR, MessageId(22), "two", 600)

    assert await turn_of(store) == replace(told, edited_ms=600)


async def test_an_edit_of_the_only_message_changes_all_of_the_reply(store: Store) -> None:
    await play(store, reply(1, "one", 21))

    await store.edit(HARBOUR, MessageId(21), "1", 500)

    assert await turn_of(store) == replace(reply(1, "1", 21), edited_ms=500)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_the_newest_edit_of_each_part_wins_in_whatever_order_they_come(
    store: Store, order: tuple[int, ...]
) -> None:
    await play(store)
    edits = [(22, "late", 900), (22, "early", 600), (21, "first", 500), (23, "third", 700)]

    for place in (*order, *order):
        message, text, at_ms = edits[place]
        await store.edit(HARBOUR, MessageId(message), text, at_ms)

    found = await turn_of(store)
    assert found.parts == ("first", "late", "third")
    assert found.text == "first\nlate\nthird"
    assert found.edited_ms == 900


async def test_what_discord_tells_of_our_own_earlier_edits_changes_nothing(store: Store) -> None:
    await play(store, replace(LONG, edited_ms=500))
    before = await store.read(HARBOUR)

    answers = [
        await store.edit(HARBOUR, MessageId(21), "half of o", 400),
        await store.edit(HARBOUR, MessageId(22), "two", 500),
    ]

    assert answers == [True, True]
    assert await store.read(HARBOUR) == before


async def test_a_reply_in_the_making_is_not_edited(store: Store) -> None:
    await play(store, reply(1, "done", 21))
    work = Work(ANSWER, line(1).id, (MessageId(21), MessageId(22)))
    await store.take(HARBOUR, "one", 60, work)

    answers = [await store.edit(HARBOUR, MessageId(message), "x", 500) for message in (21, 22)]

    assert answers == [False, False]
    assert await texts(store) == ["line 1", "done"]


async def test_which_part_of_a_reply_a_message_shows_may_be_unknown(store: Store) -> None:
    await play(store, reply(1, "one, two", 21, 22))

    assert not await store.edit(HARBOUR, MessageId(22), "2", 500)
    assert await texts(store) == ["line 1", "one, two"]


async def test_a_deletion_takes_the_part_and_leaves_the_others(store: Store) -> None:
    await play(store)

    shortened = await store.delete(HARBOUR, [MessageId(22)])
    two = await turn_of(store)
    again = await store.delete(HARBOUR, [MessageId(22)])
    await store.edit(HARBOUR, MessageId(23), "3", 500)
    await store.delete(HARBOUR, [MessageId(21)])
    one = await turn_of(store)
    gone = await store.delete(HARBOUR, [MessageId(23)])

    assert shortened == Deleted(shortened=(ANSWER,))
    assert (two.parts, two.text) == (("one", "three"), "one\nthree")
    assert two.messages == (MessageId(21), MessageId(23))
    assert again == Deleted()
    assert (one.parts, one.text, one.messages) == ((), "3", (MessageId(23),))
    assert gone == Deleted(gone=(ANSWER,))
    assert await texts(store) == ["line 1"]


async def test_all_parts_deleted_at_once_leave_nothing(store: Store) -> None:
    await play(store)

    deleted = await store.delete(
        HARBOUR, [MessageId(22), MessageId(1), MessageId(21), MessageId(23)]
    )

    assert deleted == Deleted(gone=(line(1).id, ANSWER))
    assert await texts(store) == []


async def test_what_was_one_of_several_is_edited_by_its_own_time(store: Store) -> None:
    await play(store, replace(LONG, edited_ms=500))
    await store.edit(HARBOUR, MessageId(21), "newest", 900)
    await store.delete(HARBOUR, [MessageId(21), MessageId(23)])

    await store.edit(HARBOUR, MessageId(22), "2", 600)
    await store.edit(HARBOUR, MessageId(22), "late", 550)

    assert await texts(store) == ["line 1", "2"]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_line_that_was_deleted_before_it_came_stays_away(store: Store, times: int) -> None:
    await store.start(scene(), None)

    deleted = [await store.delete(HARBOUR, [MessageId(5)]) for _ in range(times)]
    answers = [await store.ingest(HARBOUR, line(5), seen=MessageId(5)) for _ in range(2)]

    assert deleted == [Deleted()] * times
    assert [answer.status for answer in answers] == [IngestStatus.DUPLICATE] * 2
    assert (await head_of(store)).seen == MessageId(5)
    assert await texts(store) == []


async def test_only_the_newest_early_deletions_are_remembered(store: Store) -> None:
    await store.start(scene(), None)

    await store.delete(HARBOUR, [MessageId(number) for number in range(1000, 1300)])

    forgotten = await store.ingest(HARBOUR, line(1043))
    remembered = await store.ingest(HARBOUR, line(1044))
    assert (forgotten.status, remembered.status) == (IngestStatus.STORED, IngestStatus.DUPLICATE)


async def test_an_early_deletion_is_no_change_of_the_story(store: Store) -> None:
    await play(store)
    before = await store.head(HARBOUR)

    await store.delete(HARBOUR, [MessageId(77)])
    elsewhere = await store.delete(TOWER, [MessageId(77)])

    assert await store.head(HARBOUR) == before
    assert elsewhere == Deleted()


async def test_a_part_that_was_deleted_before_the_commit_is_not_stored(store: Store) -> None:
    await store.start(scene(), None)
    await store.take(HARBOUR, "one", 60, Work(ANSWER, line(1).id))
    for message in LONG.messages:
        await store.posted(HARBOUR, ANSWER, message)

    await store.delete(HARBOUR, [MessageId(21)])
    await store.commit(HARBOUR, LONG)

    found = await turn_of(store)
    assert (found.parts, found.messages) == (("two", "three"), (MessageId(22), MessageId(23)))
    assert await store.work(HARBOUR) is None


async def test_a_reply_that_was_deleted_before_the_commit_stays_away(store: Store) -> None:
    await store.start(scene(), None)
    await store.take(HARBOUR, "one", 60, Work(ANSWER, line(1).id, LONG.messages))

    deleted = await store.delete(HARBOUR, LONG.messages)
    for _ in range(2):
        await store.commit(HARBOUR, LONG)

    assert deleted == Deleted()
    assert await texts(store) == []
    assert await store.work(HARBOUR) is None


async def test_a_stored_reply_whose_new_text_was_deleted_goes(store: Store) -> None:
    """It was being written anew, in the message that shows it."""
    await play(store, reply(1, "old", 21))
    await store.take(HARBOUR, "one", 60, Work(ANSWER, line(1).id, (MessageId(21),), at_ms=5))

    deleted = await store.delete(HARBOUR, [MessageId(21)])
    await store.commit(HARBOUR, reply(1, "new", 21))

    assert deleted == Deleted(gone=(ANSWER,))
    assert await texts(store) == ["line 1"]
