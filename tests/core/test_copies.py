"""A copy of a story gives the same prompt, and shows nothing until it is posted."""

from dataclasses import replace

import pytest

from bot.core.change import Change, Undo
from bot.core.characters import Character
from bot.core.copies import begun_anew, branch_of, brought_back, copied, replaced
from bot.core.errors import UserError
from bot.core.lengths import Length
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    WorkKind,
    player_turn_id,
    reply_turn_id,
)
from bot.core.story import story_of

ANN, BOB = UserId(1), UserId(2)
HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
PIER = Place(ChannelId(71), GuildId(1), ChannelId(7))
MIRA = Character(CharacterKey("mira"), "Mira", persona="A keeper.")
EVENT, NOW_MS = MessageId(900_000), 5_000


def line(number: int, author: UserId = ANN) -> Turn:
    return Turn(
        player_turn_id(MessageId(number)),
        Role.PLAYER,
        "Ann" if author == ANN else "Bob",
        (f"line {number}",),
        author=author,
        messages=(MessageId(number),),
        at_ms=number,
        edited_ms=3,
    )


def reply(trigger: TurnId, *messages: int) -> Turn:
    return Turn(
        reply_turn_id(trigger),
        Role.CHARACTER,
        "Mira",
        ("one", f"answer to {int(trigger.rstrip('r'))}"),
        current=1,
        messages=tuple(map(MessageId, messages)),
        parts=("a", "b") if len(messages) > 1 else (),
        count="12",
    )


GREETING = replace(
    line(10), role=Role.CHARACTER, name="Mira", author=None, messages=(MessageId(11),)
)
ONE, TWO, LATE = line(20), line(30), line(40, BOB)
STORY = (
    GREETING,
    ONE,
    reply(ONE.id, 21, 22),
    reply(reply(ONE.id).id, 23),
    TWO,
    reply(TWO.id, 31),
    LATE,
)
HEAD = SceneHead(
    HARBOUR,
    ANN,
    MIRA.key,
    "Mira",
    players={ANN: "Ann", BOB: "Bob"},
    scenario="Rain.",
    note="slow",
    instruction="shorter",
    next_length=Length("tiny"),
    started_ms=1,
    resumed_ms=2,
    seen=MessageId(40),
    row=MessageId(31),
    version=9,
)
SCENE = Scene(HEAD, STORY)


def branch(last: TurnId | None, scene: Scene = SCENE) -> Scene:
    return branch_of(scene, last, place=PIER, owner=BOB, event=EVENT, at_ms=NOW_MS)


def lines(scene: Scene) -> object:
    """What the prompt of a reply to the newest line is made of."""
    told = story_of(scene, MIRA, Length("medium"), trigger=scene.turns[-1].id)
    return told.script, told.stays, told.cut


def cut_to(scene: Scene, last: TurnId) -> Scene:
    return replace(scene, turns=tuple(turn for turn in scene.turns if turn.id <= last))


@pytest.mark.parametrize("last", [turn.id for turn in STORY])
@pytest.mark.parametrize("cut", [None, ONE.id, TurnId(f"{25:020d}"), TWO.id])
def test_a_branch_is_told_as_the_story_was_up_to_there(last: TurnId, cut: TurnId | None) -> None:
    then = None if cut is None or cut > last else cut
    head = replace(HEAD, cut=then)
    if last != LATE.id:
        head = replace(head, players={ANN: "Ann"}, instruction="")
    before = cut_to(Scene(head, STORY), last)

    found = branch(last, Scene(replace(HEAD, cut=cut), STORY))

    next_line, far = line(950_000), line(960_000)
    assert [turn.text for turn in found.turns] == [turn.text for turn in before.turns]
    assert lines(replace(found, turns=(*found.turns, next_line))) == lines(
        replace(before, turns=(*before.turns, next_line))
    )
    assert far.id > next_line.id > found.turns[-1].id


def test_a_branch_has_ids_of_its_own_in_the_same_order_and_answers_what_it_answered() -> None:
    found = branch(None)

    ids = [turn.id for turn in found.turns]
    assert ids == sorted(ids)
    assert not {*ids} & {turn.id for turn in STORY}
    assert ids[2] == reply_turn_id(ids[1])
    assert ids[3] == reply_turn_id(ids[2])
    assert ids[-1] == player_turn_id(EVENT)


def test_a_branch_shows_nothing_yet_and_keeps_swipes_and_counts() -> None:
    found = branch(STORY[2].id)

    assert all(not turn.messages and not turn.parts for turn in found.turns)
    assert (found.turns[2].swipes, found.turns[2].current) == (STORY[2].swipes, 1)
    assert found.turns[2].count == "12"
    assert found.turns[2].at_ms == NOW_MS


def test_a_branch_is_a_scene_of_its_own() -> None:
    head = branch(TWO.id).head

    assert head == replace(
        HEAD,
        place=PIER,
        owner=BOB,
        players={ANN: "Ann"},
        instruction="",
        next_length=None,
        started_ms=NOW_MS,
        resumed_ms=0,
        seen=EVENT,
        row=None,
        version=0,
    )
    assert branch(None).head.instruction == "shorter"


def test_there_is_no_branch_from_what_is_not_remembered() -> None:
    with pytest.raises(UserError, match="no part of the story"):
        branch(TurnId("1"))
    with pytest.raises(UserError, match="Nothing has been said"):
        branch(None, Scene(HEAD, ()))


def test_a_story_begins_anew_with_the_greeting_it_had() -> None:
    swiped = replace(GREETING, swipes=("Hello.", "Ahoy."), current=1)
    scene = replace(SCENE, turns=(swiped, *STORY[1:]))

    found = begun_anew(scene, replace(GREETING, swipes=("x",)), event=EVENT, at_ms=NOW_MS)

    [first] = found.turns
    assert (first.id, first.text, first.swipes) == (player_turn_id(EVENT), "Ahoy.", swiped.swipes)
    assert (found.head.players, found.head.cut, found.head.instruction) == ({}, None, "")
    assert (found.head.scenario, found.head.note, found.head.owner) == ("Rain.", "slow", ANN)


def test_where_the_greeting_is_not_remembered_it_begins_with_the_characters() -> None:
    scene = replace(SCENE, turns=STORY[2:])

    assert begun_anew(scene, GREETING, event=EVENT, at_ms=NOW_MS).turns[0].text == GREETING.text
    assert begun_anew(scene, None, event=EVENT, at_ms=NOW_MS).turns == ()


def test_what_has_only_just_begun_does_not_begin_anew() -> None:
    for turns in ((), (GREETING,)):
        with pytest.raises(UserError, match="only just begun"):
            begun_anew(Scene(HEAD, turns), GREETING, event=EVENT, at_ms=NOW_MS)


def applied(scene: Scene, change: Change) -> Scene:
    """As a store applies it."""
    turns = {turn.id: turn for turn in scene.turns if turn.id not in change.drop}
    turns |= {turn.id: turn for turn in change.put}
    head = replace(change.head or scene.head, players=change.players or {})
    return Scene(head, tuple(turns[each] for each in sorted(turns)))


def test_a_story_that_was_replaced_comes_back_as_it_was_and_what_was_said_since_goes() -> None:
    told = begun_anew(SCENE, None, event=EVENT, at_ms=NOW_MS)
    there = replaced(SCENE, told, name="restart 1", at_ms=NOW_MS)
    during = applied(SCENE, there)
    answered = line(950_000)
    since = replace(
        during,
        turns=(
            replace(during.turns[0], messages=(MessageId(901_000),)),
            answered,
            reply(answered.id, 951_000, 951_001),
        ),
    )
    assert there.undo is not None

    back = brought_back(since, there.undo, at_ms=6_000)
    after = applied(since, back)

    assert [turn.text for turn in during.turns] == [GREETING.text]
    assert there.work is not None
    assert (there.work.reply, there.work.kind) == (player_turn_id(EVENT), WorkKind.SHOW)
    assert there.owed == ()
    assert after.turns == STORY
    assert after.head == replace(HEAD, resumed_ms=6_000, row=None)
    assert back.owed == (901_000, 951_000, 951_001)  # not the member's own
    assert back.uses_undo
    assert back.work is None  # the story ended with a line that nobody had answered


def test_a_story_that_ended_with_a_reply_gets_its_buttons_back() -> None:
    scene = Scene(HEAD, STORY[:-1])
    undo = Undo("restart 1", HEAD, put=scene.turns)

    work = brought_back(Scene(HEAD, (GREETING,)), undo, at_ms=6_000).work

    assert work is not None
    assert (work.reply, work.kind, work.messages) == (STORY[5].id, WorkKind.SHOW, (31,))


def test_a_copy_that_ends_with_a_line_has_it_answered() -> None:
    told = copied(Scene(HEAD, STORY), event=EVENT, at_ms=NOW_MS)

    work = replaced(SCENE, told, name="load 1", at_ms=NOW_MS).work

    assert work is not None
    assert (work.kind, work.trigger) == (WorkKind.REPLY, told.turns[-1].id)
