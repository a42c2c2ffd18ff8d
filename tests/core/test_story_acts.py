"""What becomes of a scene by undo, rewind, delete, edit, swipe, hide and pin."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.errors import UserError
from bot.core.redo import redo
from bot.core.scene import (
    MessageId,
    Role,
    Scene,
    TurnId,
    Work,
    WorkKind,
    reply_turn_id,
)
from bot.core.story_acts import (
    EDIT_UNITS,
    MOST_POSTED_AGAIN,
    TextChanged,
    TooOldForButtons,
    answered,
    beside,
    delete,
    edit_reply,
    hide,
    pin,
    rewind,
    select,
    shown_again,
    text_stamp,
)
from tests.core.acted import GREETING, applied, kept, story, texts, told, undone
from tests.scenes import ANN, BOB, line, reply


def test_undo_takes_the_last_reply_and_its_line_and_keeps_both() -> None:
    before = told(10, 20)

    change = undone(before)

    assert texts(applied(before, change)) == ["Welcome.", "line 10", "answer 10"]
    assert change.owed == (MessageId(120),)
    assert kept(change).put == before.turns[3:]
    assert kept(change).until_ms == 90


def test_undo_moves_the_buttons_under_the_reply_that_is_the_newest_then() -> None:
    before = told(10, 20)

    work = undone(before).work

    assert work == shown_again(before.turns[2], at_ms=5)
    assert work.kind is WorkKind.SHOW
    assert work.messages == (MessageId(110),)


def test_lines_that_were_answered_together_go_together() -> None:
    before = story(
        GREETING, line(10), line(11, author=BOB), reply(11, "to both", 111), line(20), line(21)
    )

    assert texts(applied(before, undone(before))) == ["Welcome.", "line 10", "line 11", "to both"]
    assert texts(applied(before, undone(before, 2))) == ["Welcome."]


def test_a_reply_to_a_reply_goes_alone() -> None:
    first = reply(10, "first", 110)
    second = replace(first, id=reply_turn_id(first.id), messages=(MessageId(111),))

    change = undone(before := story(line(10), first, second))

    assert applied(before, change).turns == (line(10), first)


def test_the_opening_stays() -> None:
    with pytest.raises(UserError, match="nothing to undo"):
        undone(told())
    before = told(10)
    assert texts(applied(before, undone(before, 10))) == ["Welcome."]


def test_what_we_posted_for_a_narrator_leaves_the_screen_and_a_members_line_does_not() -> None:
    rain = replace(line(12, "Rain."), role=Role.NARRATOR, author=ANN, messages=(MessageId(13),))
    before = story(GREETING, line(10), rain, reply(12, "wet", 14, 15))

    change = undone(before)

    assert change.owed == (MessageId(13), MessageId(14), MessageId(15))
    step = redo(applied(before, change), kept(change), name="one", now_ms=6)
    assert [turn.messages for turn in step.put] == [(MessageId(10),), ()]
    assert step.work is None  # the character says nothing yet


def test_a_cut_behind_which_nothing_is_left_goes_with_it() -> None:
    before = told(10, 20)
    cut = Scene(replace(before.head, cut=line(20).id), before.turns)

    assert applied(cut, undone(cut)).head.cut is None
    early = Scene(replace(before.head, cut=line(10).id), before.turns)
    assert applied(early, undone(early)).head.cut == line(10).id


def test_rewind_takes_all_that_stands_behind() -> None:
    before = told(10, 20, 30)

    change = rewind(before, before.turns[2].id, name="one", now_ms=5, until_ms=90)

    assert texts(applied(before, change)) == ["Welcome.", "line 10", "answer 10"]
    assert change.owed == (MessageId(120), MessageId(130))
    with pytest.raises(UserError, match="ends here already"):
        rewind(before, before.turns[-1].id, name="one", now_ms=5, until_ms=90)
    with pytest.raises(UserError, match="no part of the story"):
        rewind(before, line(99).id, name="one", now_ms=5, until_ms=90)


def test_more_than_can_be_posted_again_is_not_kept() -> None:
    numbers = range(10, 11 + MOST_POSTED_AGAIN)

    change = undone(told(*numbers), len(numbers))

    assert change.undo is None
    assert change.uses_undo


def test_delete_takes_one_turn_from_the_middle_or_the_end() -> None:
    before = told(10, 20)

    middle = delete(before, before.turns[2].id, now_ms=5)
    mine = delete(before, before.turns[1].id, now_ms=5)
    last = delete(before, before.turns[-1].id, now_ms=5)

    assert texts(applied(before, middle)) == ["Welcome.", "line 10", "line 20", "answer 20"]
    assert (middle.owed, middle.work) == ((MessageId(110),), None)
    assert mine.owed == ()
    assert last.owed == (MessageId(120),)
    assert last.work is None  # a line stands last: no buttons anywhere
    with pytest.raises(UserError, match="any more"):
        delete(applied(before, last), before.turns[-1].id, now_ms=5)


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda found, turn, on: hide(found, turn, hidden=on), "hidden"),
        (lambda found, turn, on: pin(found, turn, pinned=on), "pinned"),
    ],
)
def test_hiding_and_pinning_are_done_and_undone_once(
    act: Callable[[Scene, TurnId, bool], Change], field: str
) -> None:
    before = told(10)
    target = before.turns[1].id
    with pytest.raises(UserError, match="is not"):
        act(before, target, False)  # noqa: FBT003  # as parametrized

    after = applied(before, act(before, target, True))  # noqa: FBT003  # as parametrized

    assert getattr(after.turns[1], field)
    with pytest.raises(UserError, match="already"):
        act(after, target, True)  # noqa: FBT003  # as parametrized
    assert applied(after, act(after, target, False)) == before  # noqa: FBT003  # as parametrized


def edited(before: Scene, at: int, text: str, *, stamp: str | None = None) -> Change:
    seen = text_stamp(before.turns[at].text) if stamp is None else stamp
    return edit_reply(
        before, before.turns[at].id, text, part_limit=1900, stamp=seen, by="Ann", now_ms=5
    )


def test_an_edit_replaces_the_swipe_that_shows_and_the_screen_follows() -> None:
    before = told(10)
    shown = replace(before.turns[2], swipes=("a", "b", "c"), current=1, count="x:1")
    before = Scene(before.head, (*before.turns[:2], shown))

    change = edited(before, 2, " B\u200bee\r\n")

    [turn] = change.put
    assert (turn.swipes, turn.current, turn.count) == (("a", "Bee", "c"), 1, "")
    assert turn.facts["edited_by"] == "Ann"
    assert change.work == shown_again(turn, at_ms=5)


def test_an_edit_that_cannot_be_says_why() -> None:
    before = told(10)
    for at, text, why in (
        (2, "  ", "needs some words"),
        (2, "x" * (EDIT_UNITS + 1), "at most 4,000"),
        (2, "answer 10", "says already"),
        (1, "new", "your own in Discord"),
    ):
        with pytest.raises(UserError, match=why):
            edited(before, at, text)
    long = Scene(before.head, (*before.turns[:2], reply(10, "x" * (EDIT_UNITS + 1), 110)))
    with pytest.raises(UserError, match="longer than"):
        edited(long, 2, "short")


def test_a_reply_that_others_follow_does_not_grow_into_another_message() -> None:
    before = told(10, 20)
    long = "word " * 500

    with pytest.raises(UserError, match="About 1,900 characters fit"):
        edited(before, 2, long)

    assert edited(before, -1, long).put
    two = replace(before.turns[2], messages=(MessageId(110), MessageId(111)))
    wide = Scene(before.head, (*before.turns[:2], two, *before.turns[3:]))
    assert edited(wide, 2, long).put


def test_of_two_who_edit_the_second_is_told() -> None:
    before = told(10)
    stamp = text_stamp(before.turns[2].text)
    after = applied(before, edited(before, 2, "mine", stamp=stamp))

    with pytest.raises(TextChanged):
        edited(after, 2, "yours", stamp=stamp)


def test_another_swipe_of_the_newest_reply_is_chosen() -> None:
    before = told(10)
    shown = replace(before.turns[2], swipes=("a", "b"), parts=("a",), count="x:1")
    before = Scene(before.head, (*before.turns[:2], shown))

    change = select(before, shown.id, 1, now_ms=5)

    [turn] = change.put
    assert (turn.text, turn.parts, turn.count) == ("b", (), "")
    assert change.work == shown_again(turn, at_ms=5)
    with pytest.raises(UserError, match="first"):
        select(before, shown.id, -1, now_ms=5)
    with pytest.raises(UserError, match="last"):
        select(applied(before, change), shown.id, 1, now_ms=5)


def test_only_the_newest_reply_has_buttons() -> None:
    before = told(10, 20)
    for turn in (before.turns[2].id, before.turns[3].id, line(99).id):
        with pytest.raises(TooOldForButtons):
            select(before, turn, 1, now_ms=5)


BROKEN = Work(reply(20, "").id, line(20).id, (MessageId(120),), posting="x.1")


def test_what_shows_of_a_broken_off_reply_leaves_the_screen_with_its_line() -> None:
    before = told(10)
    before = Scene(before.head, (*before.turns, line(20)))

    change = beside(undone(before), before, BROKEN)

    assert change.owed == (MessageId(120),)
    assert change.ends_work


def test_a_broken_off_reply_stays_noted_where_another_is_edited() -> None:
    before = told(10)
    before = Scene(before.head, (*before.turns, line(20)))
    change = edited(before, 2, "new")

    assert beside(change, before, BROKEN).work is None
    assert beside(change, before, None) == change
    assert beside(change, before, replace(BROKEN, messages=(), posting="")) == change


def test_a_broken_off_swipe_is_painted_over_in_all_its_messages() -> None:
    before = told(10, 20)
    swipe = replace(BROKEN, messages=(MessageId(120), MessageId(121)), kind=WorkKind.SWIPE)

    for change in (edited(before, -1, "new"), delete(before, line(10).id, now_ms=5)):
        work = beside(change, before, swipe).work
        assert work is not None
        assert (work.reply, work.kind) == (reply(20, "").id, WorkKind.SHOW)
        assert (work.messages, work.posting) == (swipe.messages, "x.1")
    gone = beside(undone(before), before, swipe)
    assert gone.owed == swipe.messages
    assert gone.ends_work
    assert gone.work == undone(before).work


def test_whose_a_change_is() -> None:
    before = story(
        GREETING,
        line(10),
        reply(10, "to Ann", 110),
        line(20, author=BOB),
        line(21),
        reply(21, "to both", 121),
        replace(reply(21, "on", 122), id=reply_turn_id(reply(21, "").id)),
    )
    last = before.turns[-1].id

    assert answered(before, undone(before)) == {ANN, BOB}
    assert answered(before, undone(before, 3)) == {ANN}
    change = undone(before, 2)
    back = redo(applied(before, change), kept(change), name="one", now_ms=6)
    assert answered(applied(before, change), back) == {ANN, BOB}
    assert answered(before, hide(before, line(20).id, hidden=True)) == {BOB}
    assert answered(before, pin(before, last, pinned=True)) == {ANN, BOB}
    assert answered(before, pin(before, GREETING.id, pinned=True)) == frozenset()
