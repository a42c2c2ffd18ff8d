"""What every `StoryStore` keeps to: changes of a story as a whole, undo, copies."""

from dataclasses import replace

from bot.core.change import Change, Undo
from bot.core.lengths import Length
from bot.core.scene import MessageId, ReplyMode, SceneHead, Work, WorkKind
from bot.core.store_answers import IngestStatus
from bot.core.store_ports import MOST_SAVES, MOST_SWIPES
from tests.contract.stores import Store, head_of, texts
from tests.scenes import ANN, BOB, HARBOUR, line, reply, scene


async def told(store: Store, *numbers: int) -> SceneHead:
    await store.start(scene(), None)
    for number in numbers:
        await store.ingest(HARBOUR, line(number))
        await store.commit(HARBOUR, reply(number, f"answer {number}", 100 + number))
    return await head_of(store)


async def test_a_change_is_made_once_and_whole(store: Store) -> None:
    head = await told(store, 1, 2)
    change = Change(
        head=replace(head, scenario="A tower.", reply_mode=ReplyMode.NAME, banter=2, note="rain"),
        put=(replace(line(1), hidden=True), line(3, "new")),
        drop=(line(2).id, reply(2, "").id),
        owed=(MessageId(102),),
    )

    assert await store.apply(HARBOUR, change, version=head.version)
    assert await store.apply(HARBOUR, change, version=head.version)  # its answer was lost

    found = await store.read(HARBOUR)
    assert found is not None
    assert [(turn.text, turn.hidden) for turn in found.turns] == [
        ("line 1", True),
        ("answer 1", False),
        ("new", False),
    ]
    assert found.head == replace(
        head,
        scenario="A tower.",
        reply_mode=ReplyMode.NAME,
        banter=2,
        note="rain",
        version=head.version + 1,
    )
    assert await store.owed(HARBOUR) == (MessageId(102),)
    [survey] = await store.survey([HARBOUR])
    assert survey.owed == (MessageId(102),)
    await store.paid(HARBOUR, [MessageId(102)])
    assert await store.owed(HARBOUR) == ()


async def test_a_change_of_a_scene_that_has_gone_on_does_nothing(store: Store) -> None:
    head = await told(store, 1)
    await store.ingest(HARBOUR, line(2))

    assert not await store.apply(HARBOUR, Change(drop=(line(1).id,)), version=head.version)

    assert await texts(store) == ["line 1", "answer 1", "line 2"]


async def test_messages_that_were_to_leave_may_stay(store: Store) -> None:
    head = await told(store, 1)
    debt = Change(owed=(MessageId(105), MessageId(106), MessageId(107)))
    await store.apply(HARBOUR, debt, version=head.version)
    back = Change(put=(reply(2, "back", 105, 106),), forgiven=(MessageId(105), MessageId(106)))
    head = await head_of(store)

    assert await store.apply(HARBOUR, back, version=head.version)
    assert await store.apply(HARBOUR, back, version=head.version)  # its answer was lost

    assert await texts(store) == ["line 1", "answer 1", "back"]
    assert await store.owed(HARBOUR) == (MessageId(107),)


async def test_nothing_comes_back_to_a_message_that_has_left_meanwhile(store: Store) -> None:
    head = await told(store, 1)
    debt = Change(owed=(MessageId(105), MessageId(106)))
    await store.apply(HARBOUR, debt, version=head.version)
    head = await head_of(store)
    await store.paid(HARBOUR, [MessageId(106)])
    back = Change(put=(reply(2, "back", 105, 106),), forgiven=(MessageId(105), MessageId(106)))

    assert not await store.apply(HARBOUR, back, version=head.version)

    assert await texts(store) == ["line 1", "answer 1"]
    assert await store.owed(HARBOUR) == (MessageId(105),)


async def test_what_others_delete_is_owed_no_more(store: Store) -> None:
    head = await told(store, 1)
    debt = Change(owed=(MessageId(105), MessageId(106)))
    await store.apply(HARBOUR, debt, version=head.version)

    await store.delete(HARBOUR, [MessageId(106)])

    assert await store.owed(HARBOUR) == (MessageId(105),)


async def test_a_line_that_was_dropped_is_known_until_it_is_put_back(store: Store) -> None:
    head = await told(store, 1)
    await store.apply(HARBOUR, Change(drop=(line(1).id,)), version=head.version)
    again = await store.ingest(HARBOUR, line(1))

    assert again.status is IngestStatus.DUPLICATE
    assert await texts(store) == ["answer 1"]

    assert await store.apply(
        HARBOUR, Change(put=(line(1),)), version=(await head_of(store)).version
    )
    assert await texts(store) == ["line 1", "answer 1"]
    assert await store.edit(HARBOUR, MessageId(1), "changed", 5)


async def test_what_takes_a_change_back_is_kept_until_it_is_used(store: Store) -> None:
    head = await told(store, 1)
    undo = Undo(
        "a",
        head,
        put=(line(1), reply(1, "x")),
        drop=(line(5).id,),
        owed=(MessageId(5),),
        until_ms=9,
    )
    await store.apply(HARBOUR, Change(drop=(line(1).id,), undo=undo), version=head.version)

    kept = await store.undo(HARBOUR)
    assert kept is not None
    assert replace(kept, head=head) == undo
    assert kept.head.owner == ANN
    await store.apply(HARBOUR, Change(uses_undo=True), version=(await head_of(store)).version)
    assert await store.undo(HARBOUR) is None


async def test_a_story_takes_no_line_from_before_it_and_gives_way_to_the_old_one(
    store: Store,
) -> None:
    before = await told(store, 1)
    drop = (line(1).id, reply(1, "").id)
    anew = replace(before, started_ms=line(5).at_ms)
    change = Change(head=anew, put=(reply(5, "hello"),), drop=drop)
    assert await store.apply(HARBOUR, change, version=before.version)

    late = [(await store.ingest(HARBOUR, line(each))).status for each in (1, 2, 5)]

    assert late == [IngestStatus.DUPLICATE, IngestStatus.TOO_OLD, IngestStatus.TOO_OLD]
    assert (await store.ingest(HARBOUR, line(6))).status is IngestStatus.STORED
    assert await texts(store) == ["hello", "line 6"]
    back = Change(head=before, put=(line(1),), drop=(reply(5, "").id, line(6).id))
    assert await store.apply(HARBOUR, back, version=(await head_of(store)).version)
    assert (await store.ingest(HARBOUR, line(2))).status is IngestStatus.STORED
    assert await texts(store) == ["line 1", "line 2"]


async def test_a_swipe_stands_beside_what_was_there(store: Store) -> None:
    await told(store, 1)
    for number in range(MOST_SWIPES + 2):
        work = Work(reply(1, "").id, line(1).id, (MessageId(101),), kind=WorkKind.SWIPE)
        await store.take(HARBOUR, "one", 60, work)
        other = replace(reply(1, f"other {number}", 101), facts={"seed": str(number)})
        await store.commit(HARBOUR, other, release="one")

    found = await store.read(HARBOUR)
    assert found is not None
    turn = found.turns[-1]
    assert len(turn.swipes) == MOST_SWIPES
    assert turn.text == turn.swipes[-1] == f"other {MOST_SWIPES + 1}"
    assert turn.facts == {"seed": str(MOST_SWIPES + 1)}
    assert turn.messages == (MessageId(101),)


async def test_what_is_for_the_next_reply_is_used_up_by_it_alone(store: Store) -> None:
    head = await told(store, 1)
    await store.set_next_length(HARBOUR, Length("tiny"))
    head = await head_of(store)
    asked = replace(head, instruction="slower", note="rain", note_once=True)
    await store.apply(HARBOUR, Change(head=asked), version=head.version)
    shown = Work(reply(1, "").id, line(1).id, (MessageId(101),), kind=WorkKind.SHOW)
    await store.take(HARBOUR, "one", 60, shown)
    await store.commit(HARBOUR, reply(1, "answer 1", 101), release="one")
    kept = await head_of(store)

    await store.ingest(HARBOUR, line(2))
    await store.commit(HARBOUR, reply(2, "answer 2"))

    after = await head_of(store)
    assert (kept.next_length, kept.instruction, kept.note) == (Length("tiny"), "slower", "rain")
    assert (after.next_length, after.instruction, after.note) == (None, "", "")
    assert not after.note_once


async def test_the_buttons_move_from_message_to_message(store: Store) -> None:
    await told(store, 1)
    for number in (1, 2, 2):
        await store.commit(HARBOUR, reply(number, "x", 100 + number), row=MessageId(100 + number))

    head = await head_of(store)
    assert (head.row, head.old_row) == (MessageId(102), MessageId(101))


async def test_a_copy_of_a_story_is_kept_whatever_becomes_of_it(store: Store) -> None:
    await told(store, 1)
    found = await store.read(HARBOUR)
    assert found is not None
    assert await store.save(HARBOUR, "harbour", found, 5)
    await store.delete(HARBOUR, [MessageId(1)])
    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=9), None)

    kept = await store.saved(HARBOUR, "harbour")
    assert kept is not None
    assert kept.turns == found.turns
    assert kept.head.players == found.head.players
    [save] = await store.saves(HARBOUR)
    assert (save.name, save.at_ms, save.turns, save.character_name) == ("harbour", 5, 2, "Mira")
    assert HARBOUR in await store.channels_of(ANN)
    assert await store.drop_save(HARBOUR, "harbour")
    assert not await store.drop_save(HARBOUR, "harbour")
    assert await store.saved(HARBOUR, "harbour") is None


async def test_copies_are_bounded(store: Store) -> None:
    await told(store, 1)
    found = await store.read(HARBOUR)
    assert found is not None
    for number in range(MOST_SAVES):
        assert await store.save(HARBOUR, str(number), found, number)

    assert not await store.save(HARBOUR, "one more", found, 99)
    assert await store.save(HARBOUR, "0", found, 100)
    assert [save.name for save in await store.saves(HARBOUR)][:2] == ["0", str(MOST_SAVES - 1)]


async def test_a_user_is_indexed_for_what_only_a_copy_or_an_undo_holds(store: Store) -> None:
    await told(store, 1)
    await store.ingest(HARBOUR, line(2, author=BOB, name="Bob"))
    head = await head_of(store)
    undo = Undo("a", head, put=(line(2, author=BOB, name="Bob"),))
    await store.apply(HARBOUR, Change(drop=(line(2).id,), undo=undo), version=head.version)

    assert HARBOUR in await store.channels_of(BOB)


async def test_a_forgotten_channel_keeps_no_copy(store: Store) -> None:
    head = await told(store, 1)
    found = await store.read(HARBOUR)
    assert found is not None
    await store.save(HARBOUR, "harbour", found, 5)
    change = Change(owed=(MessageId(5),), undo=Undo("a", head))
    await store.apply(HARBOUR, change, version=head.version)

    await store.purge(HARBOUR)

    assert await store.saves(HARBOUR) == []
    assert await store.undo(HARBOUR) is None
    assert await store.owed(HARBOUR) == ()


async def test_a_change_may_say_who_plays_from_now_on_and_an_undo_keeps_who_did(
    store: Store,
) -> None:
    head = await told(store, 1)
    change = Change(players={BOB: "Bob"}, undo=Undo("a", head))
    await store.apply(HARBOUR, change, version=head.version)

    kept = await store.undo(HARBOUR)
    assert (await head_of(store)).players == {BOB: "Bob"}
    assert kept is not None
    assert kept.head.players == head.players == {ANN: "Ann"}
    assert HARBOUR in await store.channels_of(BOB)
    assert HARBOUR in await store.channels_of(ANN)

    now = await head_of(store)
    assert await store.apply(HARBOUR, Change(players={}), version=now.version)
    assert (await head_of(store)).players == {}


async def test_a_scene_may_begin_in_the_middle_of_a_story(store: Store) -> None:
    told = (line(1, author=BOB, name="Bob"), reply(1, "answer 1"), line(3))
    work = Work(reply(3, "").id, line(3).id, at_ms=5)

    head = await store.start(scene(started_ms=7), None, told=told, work=work)
    again = await store.start(scene(started_ms=7), None, told=told[:1])

    found = await store.read(HARBOUR)
    assert found is not None
    assert again == found.head == head
    assert found.turns == told
    assert await store.work(HARBOUR) == work
    assert HARBOUR in await store.channels_of(BOB)
    assert await store.edit(HARBOUR, MessageId(3), "changed", 5)
    assert await texts(store) == ["line 1", "answer 1", "changed"]


async def test_a_reply_uses_up_what_is_for_it_whatever_else_has_to_be_shown(store: Store) -> None:
    await told(store, 1)
    await store.set_next_length(HARBOUR, Length("tiny"))
    head = await head_of(store)
    shown = Work(reply(1, "").id, line(1).id, (MessageId(101),), kind=WorkKind.SHOW)
    await store.apply(HARBOUR, Change(work=shown), version=head.version)

    await store.commit(HARBOUR, reply(2, "answer 2", 102))

    assert (await head_of(store)).next_length is None
