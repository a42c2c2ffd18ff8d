"""What comes back of what was taken, and in which messages."""

from dataclasses import replace

import pytest

from bot.core.change import Undo
from bot.core.errors import UserError
from bot.core.redo import redo
from bot.core.scene import (
    MessageId,
    Role,
    Scene,
    Turn,
)
from bot.core.story_acts import (
    shown_again,
)
from bot.core.unposted import is_to_be_posted, posted_after
from tests.core.acted import GREETING, applied, kept, story, texts, told, undone
from tests.scenes import line, reply


def test_redo_brings_one_reply_after_the_other_back_until_all_are_there() -> None:
    before = told(10, 20)
    change = undone(before, 2)
    after = applied(before, change)
    rest: Undo | None = kept(change)
    works = []
    while rest is not None:
        step = redo(after, rest, name="one", now_ms=6)
        assert step.uses_undo is (step.undo is None)
        after, rest = applied(after, step), step.undo
        works.append(step.work)

    assert texts(after) == texts(before)
    assert [work.reply if work else None for work in works] == [
        reply(10, "").id,
        reply(20, "").id,
    ]
    assert [turn.messages for turn in after.turns[1:]] == [
        (MessageId(10),),
        (),
        (MessageId(20),),
        (),
    ]


def test_a_reply_that_could_not_be_removed_stays_where_it_is() -> None:
    before = told(10, 20)
    change = undone(before)
    after = applied(before, change)

    step = redo(after, kept(change), name="one", now_ms=6, owed={MessageId(120)})

    assert applied(after, step).turns == before.turns
    assert step.forgiven == (MessageId(120),)
    assert step.work == shown_again(before.turns[-1], at_ms=6)


def test_of_a_reply_that_was_removed_in_part_the_rest_is_posted() -> None:
    long = replace(reply(10, "a\nb\nc", 110, 111, 112), parts=("a", "b", "c"), edited_ms=5)
    before = story(GREETING, line(10), long)
    change = undone(before)
    owed = {MessageId(110), MessageId(111), MessageId(7)}

    step = redo(applied(before, change), kept(change), name="one", now_ms=6, owed=owed)

    last = step.put[-1]
    assert (last.text, last.messages, last.parts) == (long.text, long.messages[:2], ())
    assert step.forgiven == last.messages
    assert step.work is not None
    assert step.work.messages == last.messages
    assert posted_after(last) == MessageId(112)


def test_what_is_posted_again_is_newer_than_what_showed_it() -> None:
    before = told(10)
    change = undone(before)

    step = redo(applied(before, change), kept(change), name="one", now_ms=6)

    assert posted_after(step.put[-1]) == MessageId(110)


def test_a_reply_does_not_stay_above_one_that_is_posted_again() -> None:
    before = told(10, 20)
    change = undone(before, 2)
    posted = reply(10, "answer 10", 130)
    after = Scene(before.head, (GREETING, line(10), posted))
    left = replace(kept(change), put=kept(change).put[2:])

    step = redo(after, left, name="one", now_ms=6, owed={MessageId(120)})

    assert step.put[-1].messages == ()
    assert step.forgiven == ()


def test_a_told_line_stays_as_far_as_it_stands() -> None:
    tale = replace(
        line(12, "a\nb"),
        role=Role.NARRATOR,
        messages=(MessageId(13), MessageId(14)),
        parts=("a", "b"),
    )
    before = story(GREETING, line(10), reply(10, "Yes.", 11), tale)
    change = undone(before)
    after = applied(before, change)

    def back(*owed: int) -> tuple[Turn, tuple[int, ...]]:
        step = redo(after, kept(change), name="one", now_ms=6, owed=set(map(MessageId, owed)))
        assert step.work is None
        return step.put[-1], step.forgiven

    assert back(13, 14) == (tale, (13, 14))
    half, forgiven = back(13)
    assert (half.text, half.messages, half.parts) == ("a", (MessageId(13),), ())
    assert forgiven == (13,)
    assert is_to_be_posted(back()[0])
    assert back()[1] == ()


def test_lines_behind_the_last_reply_come_back_without_a_post() -> None:
    before = told(10)
    before = Scene(before.head, (*before.turns, line(20)))
    change = undone(before)

    step = redo(applied(before, change), kept(change), name="one", now_ms=6)

    assert (step.put, step.work, step.uses_undo) == ((line(20),), None, True)


def test_a_line_that_we_have_posted_comes_back_as_one_that_waits_for_that() -> None:
    before = told(10)
    rain = replace(line(20), role=Role.NARRATOR, messages=(MessageId(25),))
    before = Scene(before.head, (*before.turns, rain, line(30)))
    change = undone(before)

    first = redo(applied(before, change), kept(change), name="one", now_ms=6)

    [back] = first.put
    assert is_to_be_posted(back)
    assert (back.id, back.messages, first.work) == (rain.id, (), None)
    rest = redo(applied(applied(before, change), first), kept(first), name="one", now_ms=6)
    assert (rest.put, rest.uses_undo) == ((line(30),), True)


def test_what_no_message_showed_comes_back_without_a_post() -> None:
    before = told(10)
    copied = replace(reply(20, "copied"), messages=())
    before = Scene(before.head, (*before.turns, line(20), copied))
    change = undone(before)

    step = redo(applied(before, change), kept(change), name="one", now_ms=6)

    assert (step.put, step.work, step.uses_undo) == ((line(20), copied), None, True)


def test_redo_comes_too_late_after_its_time_another_change_or_a_new_line() -> None:
    before = told(10, 20)
    change = undone(before)
    after = applied(before, change)

    for late in ((kept(change), "two", 6), (kept(change), "one", 90), (None, "one", 6)):
        with pytest.raises(UserError, match="any more"):
            redo(after, late[0], name=late[1], now_ms=late[2])
    newer = Scene(after.head, (*after.turns, line(30)))
    with pytest.raises(UserError, match="gone on"):
        redo(newer, kept(change), name="one", now_ms=6)
