"""What every `SceneStore` keeps to about the reply in the making: take, post, check point, end."""

from dataclasses import replace

import pytest

from bot.core.errors import LeaseLost
from bot.core.scene import ChannelId, MessageId, TurnId, Work, WorkKind, mark_of
from bot.core.store_answers import Taken
from bot.core.unposted import as_posted, to_be_posted
from tests.contract.stores import Store, head_of, texts
from tests.scenes import HARBOUR, TOWER, line, reply, scene

LONG_S = 60.0
WORK = Work(reply(1, "").id, line(1).id, at_ms=5)
LATER = Work(reply(2, "").id, line(2).id, at_ms=9)


async def take(
    store: Store, work: Work = WORK, *, owner: str = "one", for_s: float = LONG_S
) -> Taken:
    taken = await store.take(HARBOUR, owner, for_s, work)
    assert taken is not None
    return taken


async def test_taking_lends_the_channel_claims_and_reads(store: Store) -> None:
    await store.start(scene(), reply(0, "hello"))
    await store.ingest(HARBOUR, line(1))

    taken = await take(store)

    assert taken.is_claimed
    assert taken.work == WORK == await store.work(HARBOUR)
    assert taken.scene == await store.read(HARBOUR)
    assert await store.lease(HARBOUR, "one", LONG_S) == taken.fence
    assert await store.take(HARBOUR, "two", LONG_S, WORK) is None
    assert await store.lease(HARBOUR, "two", LONG_S) is None


async def test_taking_twice_is_taking_once(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))

    first = await take(store)
    await store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 0), fence=first.fence)
    await store.posted(HARBOUR, WORK.reply, MessageId(31), fence=first.fence)
    second = await take(store)

    assert second.fence == first.fence
    assert second.work == replace(WORK, messages=(MessageId(31),))


async def test_where_no_scene_is_live_nothing_is_claimed(store: Store) -> None:
    nowhere = await take(store)
    await store.release(HARBOUR, "one")
    await store.start(scene(), None)
    stopped_head = await store.set_live(HARBOUR, live=False)

    stopped = await take(store)

    assert (nowhere.scene, nowhere.work, nowhere.is_claimed) == (None, None, False)
    assert stopped.scene is not None
    assert stopped.scene.head == stopped_head
    assert (stopped.work, stopped.is_claimed) == (None, False)
    assert await store.work(HARBOUR) is None


async def test_what_was_written_and_posted_is_taken_over(store: Store) -> None:
    """As a second process does after a crash of the first."""
    await store.start(scene(), None)
    await take(store, for_s=0)
    await store.posted(HARBOUR, WORK.reply, MessageId(31))
    await store.lease(HARBOUR, "one", 0, reply=WORK.reply, written="It rai", tokens=3)
    await store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 1))
    again = replace(WORK, at_ms=8)

    taken = await take(store, again, owner="two")

    assert taken.is_claimed
    assert taken.work == replace(
        again,
        messages=(MessageId(31),),
        written="It rai",
        tokens=3,
        posting=mark_of(WORK.reply, 1),
    )


async def test_a_new_try_forgets_what_was_written_and_keeps_what_shows(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)
    await store.posted(HARBOUR, WORK.reply, MessageId(31))
    await store.lease(HARBOUR, "one", LONG_S, reply=WORK.reply, written="It rai", tokens=3)

    taken = await store.take(HARBOUR, "one", LONG_S, WORK, anew=True)

    assert taken is not None
    assert taken.work == replace(WORK, messages=(MessageId(31),))


async def test_who_knows_better_what_was_written_brings_it_along(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)
    await store.lease(HARBOUR, "one", LONG_S, reply=WORK.reply, written="It rai", tokens=3)

    taken = await take(store, replace(WORK, written="It rains", tokens=4))

    assert taken.work == replace(WORK, written="It rains", tokens=4)


async def test_a_reply_that_shows_nothing_gives_way_to_a_newer_line(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)
    await store.lease(HARBOUR, "one", LONG_S, reply=WORK.reply, written="It rai", tokens=3)

    taken = await take(store, LATER)

    assert taken.is_claimed
    assert taken.work == LATER


@pytest.mark.parametrize("does", ["show", "perhaps show"])
async def test_a_reply_that_shows_has_to_be_dealt_with_first(store: Store, does: str) -> None:
    await store.start(scene(), None)
    await take(store)
    if does == "show":
        await store.posted(HARBOUR, WORK.reply, MessageId(31))
    else:
        await store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 0))
    before = await store.work(HARBOUR)

    taken = await take(store, LATER)
    await store.abandon(HARBOUR, WORK.reply, fence=taken.fence)
    then = await take(store, LATER)

    assert not taken.is_claimed
    assert taken.work == before
    assert taken.scene is not None
    assert then.work == LATER


@pytest.mark.parametrize("answered", [1, 2], ids=["itself", "a later one"])
async def test_a_line_that_has_its_reply_is_not_taken(store: Store, answered: int) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    await store.ingest(HARBOUR, line(2))
    await store.commit(HARBOUR, reply(answered, "done", 31))
    await take(store, LATER, owner="two", for_s=0)
    before = await store.read(HARBOUR)

    taken = await store.take(HARBOUR, "one", LONG_S, WORK, unless_answered=True)

    assert taken is not None
    assert (taken.is_claimed, taken.is_answered) == (False, True)
    assert taken.scene == before
    assert taken.work == LATER == await store.work(HARBOUR)
    assert await store.lease(HARBOUR, "three", LONG_S) is not None  # nothing was lent


@pytest.mark.parametrize("last", ["line", "deleted reply", "stopped"])
async def test_a_line_without_a_reply_is_taken(store: Store, last: str) -> None:
    await store.start(scene(), reply(0, "hello"))
    await store.ingest(HARBOUR, line(1))
    if last == "line":
        await store.ingest(HARBOUR, line(2))
    else:
        await store.commit(HARBOUR, reply(1, "done", 31))
    if last == "deleted reply":
        await store.delete(HARBOUR, [MessageId(31)])
    if last == "stopped":
        await store.set_live(HARBOUR, live=False)

    taken = await store.take(HARBOUR, "one", LONG_S, WORK, unless_answered=True)

    assert taken is not None
    assert (taken.is_claimed, taken.is_answered) == (last != "stopped", False)
    assert await store.lease(HARBOUR, "two", LONG_S) is None


@pytest.mark.parametrize("kind", [WorkKind.SWIPE, WorkKind.CONTINUE])
async def test_what_is_noted_for_a_reply_that_stands_is_to_be_done_yet(
    store: Store, kind: WorkKind
) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "done", 31))
    swipe = replace(WORK, kind=WorkKind.SWIPE)
    await take(store, swipe, owner="two", for_s=0)
    work = replace(WORK, kind=kind)

    taken = await store.take(HARBOUR, "one", LONG_S, work, unless_answered=True)

    assert taken is not None
    is_noted = kind is WorkKind.SWIPE
    assert (taken.is_claimed, taken.is_answered) == (is_noted, not is_noted)
    assert taken.work == swipe == await store.work(HARBOUR)


async def test_a_reply_is_written_anew_although_it_stands(store: Store) -> None:
    await store.start(scene(), None)
    await store.commit(HARBOUR, reply(1, "done", 31))

    assert (await take(store)).is_claimed


async def test_what_was_lost_is_not_taken_again(store: Store) -> None:
    await store.start(scene(), None)
    lost = (await take(store, for_s=0)).fence
    await take(store, owner="two")
    await store.release(HARBOUR, "two")
    before = await store.work(HARBOUR)

    with pytest.raises(LeaseLost):
        await store.take(HARBOUR, "one", LONG_S, LATER, fence=lost)

    assert await store.work(HARBOUR) == before
    assert await store.lease(HARBOUR, "three", LONG_S) is not None


async def test_what_is_held_still_is_taken_again(store: Store) -> None:
    await store.start(scene(), None)
    fence = (await take(store, for_s=0)).fence

    taken = await store.take(HARBOUR, "one", LONG_S, LATER, fence=fence)

    assert taken is not None
    assert (taken.fence, taken.is_claimed, taken.work) == (fence, True, LATER)


async def test_a_check_point_of_another_reply_is_not_kept(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)

    await store.lease(HARBOUR, "one", LONG_S, reply=LATER.reply, written="Not this", tokens=2)

    assert await store.work(HARBOUR) == WORK


async def test_a_check_point_of_who_lost_the_channel_is_not_kept(store: Store) -> None:
    await store.start(scene(), None)
    await take(store, for_s=0)
    await take(store, owner="two", for_s=0)
    await store.lease(HARBOUR, "two", 0, reply=WORK.reply, written="By two", tokens=2)

    refused = await store.lease(
        HARBOUR, "one", LONG_S, reply=WORK.reply, written="Late, by one", tokens=9
    )

    assert refused is not None  # the channel was free
    assert await store.work(HARBOUR) == replace(WORK, written="By two", tokens=2)


async def test_a_post_is_under_way_from_its_intent_until_it_is_noted(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)

    await store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 0))
    await store.intent(HARBOUR, LATER.reply, mark_of(LATER.reply, 0))
    first = await store.work(HARBOUR)
    await store.posted(HARBOUR, WORK.reply, MessageId(31))
    second = await store.work(HARBOUR)
    await store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 1))
    await store.posted(HARBOUR, WORK.reply, MessageId(31))  # repeated, and late

    assert first == replace(WORK, posting=mark_of(WORK.reply, 0))
    assert second == replace(WORK, messages=(MessageId(31),))
    assert await store.work(HARBOUR) == replace(
        WORK, messages=(MessageId(31),), posting=mark_of(WORK.reply, 1)
    )


@pytest.mark.parametrize("end", ["commit", "abandon"])
async def test_the_end_of_a_reply_gives_the_channel_back(store: Store, end: str) -> None:
    await store.start(scene(), None)
    fence = (await take(store)).fence

    if end == "commit":
        await store.commit(HARBOUR, reply(1, "done", 31), fence=fence, release="one")
    else:
        await store.abandon(HARBOUR, WORK.reply, fence=fence, release="one")

    assert await store.work(HARBOUR) is None
    assert (await take(store, LATER, owner="two")).is_claimed


async def test_the_end_of_a_reply_leaves_anothers_lease_alone(store: Store) -> None:
    await store.start(scene(), None)
    await take(store)

    await store.commit(HARBOUR, reply(0, "done", 31), release="two")
    await store.abandon(HARBOUR, LATER.reply, release="two")

    assert await store.lease(HARBOUR, "two", LONG_S) is None


async def test_a_channel_without_a_scene_is_given_back_too(store: Store) -> None:
    await take(store)

    await store.commit(HARBOUR, reply(1, "to nobody"), release="one")

    assert await store.lease(HARBOUR, "two", LONG_S) is not None


async def test_a_commit_is_known_again_after_somebody_else_took_the_channel(store: Store) -> None:
    """Its answer was lost, and it is sent again: neither refused nor done twice."""
    await store.start(scene(), None)
    fence = (await take(store)).fence
    turn = reply(1, "done", 31)
    await store.commit(HARBOUR, turn, fence=fence, release="one", seen=MessageId(1))
    await store.edit(HARBOUR, MessageId(31), "mended", 600)
    await take(store, LATER, owner="two")

    await store.commit(HARBOUR, turn, fence=fence, release="one", seen=MessageId(1))
    with pytest.raises(LeaseLost):
        await store.commit(HARBOUR, reply(1, "another", 31), fence=fence, release="one")

    assert await texts(store) == ["mended"]
    assert await store.lease(HARBOUR, "one", LONG_S) is None


async def test_a_commit_brings_counts_and_what_was_seen(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    before = await head_of(store)
    counts = {line(1).id: "x:1:7", reply(1, "").id: "x:2:9", TurnId("nobody"): "x:3:1"}

    await store.commit(HARBOUR, reply(1, "done", 31), counts=counts, seen=MessageId(31))
    await store.commit(HARBOUR, reply(0, "older", 30), seen=MessageId(30))

    found = await store.read(HARBOUR)
    assert found is not None
    assert [turn.count for turn in found.turns] == ["", "x:1:7", "x:2:9"]
    assert found.head.seen == MessageId(31)
    assert found.head.version == before.version + 2


async def test_a_commit_remembers_where_the_prompt_was_cut(store: Store) -> None:
    await store.start(scene(), None)

    await store.commit(HARBOUR, reply(1, "one", 31), cut=line(1).id)
    await store.commit(HARBOUR, reply(2, "two", 32))

    assert (await head_of(store)).cut == line(1).id


async def test_more_counts_than_one_script_takes_are_written(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, line(1))
    nobody = {TurnId(f"{number:020d}x"): "x:1:1" for number in range(900)}

    await store.commit(HARBOUR, reply(1, "done"), counts={**nobody, line(1).id: "x:1:7"})

    found = await store.read(HARBOUR)
    assert found is not None
    assert found.turns[0].count == "x:1:7"


async def test_a_line_brings_what_was_seen_and_hides_nothing_by_itself(store: Store) -> None:
    await store.start(scene(), None)
    seen = []

    for number, sure in ((9, 9), (10, 10), (8, 8), (100, 100), (101, None), (101, 99), (101, 102)):
        told = None if sure is None else MessageId(sure)
        await store.ingest(HARBOUR, line(number), seen=told)
        seen.append((await head_of(store)).seen)

    assert seen == [9, 10, 10, 100, 100, 100, 102]


async def test_a_survey_tells_what_a_start_has_to_know(store: Store) -> None:
    await store.start(scene(), None)
    await store.start(scene(TOWER), reply(1, "hello", 21))
    for number in (1, 2):
        await store.ingest(HARBOUR, line(number))
    await store.delete(HARBOUR, [MessageId(2)])
    await take(store)

    found = await store.survey([TOWER, ChannelId(3), HARBOUR])

    assert [(each.head, each.last) for each in found] == [
        (await store.head(TOWER), reply(1, "hello", 21)),
        (await store.head(HARBOUR), line(1)),
    ]
    assert [each.work for each in found] == [None, WORK]


async def test_a_survey_tells_of_turns_that_are_still_to_be_posted(store: Store) -> None:
    await store.start(scene(), None)
    await store.ingest(HARBOUR, replace(line(1, 'He says "messages":[1].'), messages=()))
    waiting = to_be_posted(line(2, '"to_post":"1"'))
    seen = []

    for turn in (waiting, line(3), as_posted(waiting, {MessageId(50): waiting.text})):
        seen.append((await store.survey([HARBOUR]))[0].is_unposted)
        await store.commit(HARBOUR, turn)
    seen.append((await store.survey([HARBOUR]))[0].is_unposted)

    assert seen == [False, True, True, False]
