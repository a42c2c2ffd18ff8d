"""The table of what became of a message, and the words for it."""

from dataclasses import replace

import pytest

from bot.core.facts import Ending, ReplyFacts
from bot.core.lengths import LengthSource
from bot.core.scene import MessageId, Role, Scene, Turn, TurnId, Work, player_turn_id, reply_turn_id
from bot.core.triggers import Decision
from bot.core.why import Around, Fate, Said, fate_of, rows, sentence
from tests.scenes import BOB, line, reply, scene

START_MS = 1_732_400_000_000
"""When the lines of `tests.scenes` begin; line 5 was said 5 ms later."""
ASKED = MessageId(5)
SAID = Said("We sail.", mentions_bot=False, replies_to_character=False, at_ms=START_MS + 5)
FACTS = ReplyFacts(model="small", seed=1).written()


def greeting() -> Turn:
    return Turn(TurnId(f"{1:020d}"), Role.CHARACTER, "Mira", ("Hello.",), messages=(MessageId(2),))


def told(*turns: Turn, live: bool = True) -> Scene:
    return Scene(replace(scene(started_ms=START_MS), live=live), (greeting(), *turns))


def work_on(trigger: int, *shown: int) -> Work:
    turn = player_turn_id(MessageId(trigger))
    return Work(reply_turn_id(turn), turn, tuple(MessageId(each) for each in shown))


def noted(turn: Turn, decision: Decision) -> Turn:
    return replace(turn, facts={"decision": decision.value})


HEARD = line(5, "We sail.")
FROM_BOB = line(4, "Aye.", author=BOB, name="Bob")

NONE, LATER = Fate.NO_REPLY, Fate.ANSWERED_LATER

WITHOUT_REPLY = [
    ("there is no scene", None, SAID, {}, Fate.NO_SCENE),
    ("the scene is stopped", told(live=False), SAID, {}, Fate.SCENE_STOPPED),
    ("it is older", told(), replace(SAID, at_ms=START_MS - 1), {}, Fate.BEFORE_SCENE),
    (
        "it is older than a stopped one",
        told(live=False),
        replace(SAID, at_ms=1),
        {},
        Fate.BEFORE_SCENE,
    ),
    ("it has no words", told(), replace(SAID, text=" "), {}, Fate.EMPTY),
    ("it is a remark", told(), replace(SAID, text="((brb))"), {}, Fate.OUT_OF_CHARACTER),
    ("nobody heard it", told(), SAID, {}, Fate.UNHEARD),
    ("it is somebody else's", told(), None, {}, Fate.NO_LINE),
    ("it is anybody's where no scene is", None, None, {}, Fate.NO_LINE),
    (
        "it was noted as not calling",
        told(noted(HEARD, Decision.REMEMBER)),
        SAID,
        {},
        Fate.NOT_CALLED,
    ),
    ("two play and nobody noted", told(FROM_BOB, HEARD), SAID, {}, Fate.NOT_CALLED),
    ("two play and it was noted", told(FROM_BOB, noted(HEARD, Decision.ANSWER)), SAID, {}, NONE),
    (
        "two play and it replies to her",
        told(FROM_BOB, HEARD),
        replace(SAID, replies_to_character=True),
        {},
        Fate.NO_REPLY,
    ),
    (
        "two play and it mentions the bot",
        told(FROM_BOB, HEARD),
        replace(SAID, mentions_bot=True),
        {},
        Fate.NO_REPLY,
    ),
    ("two play and it names her", told(FROM_BOB, line(5, "Mira, up!")), SAID, {}, Fate.NO_REPLY),
    ("the other came later", told(HEARD, line(6, author=BOB)), SAID, {}, Fate.NO_REPLY),
    ("the next reply has it", told(HEARD, line(6), reply(6, "Aye.", 7)), SAID, {}, LATER),
    ("nothing is there yet", told(HEARD), SAID, {"is_writing": True}, Fate.WAITING),
    (
        "no word is there yet",
        told(HEARD),
        SAID,
        {"is_writing": True, "work": work_on(5)},
        Fate.WAITING,
    ),
    (
        "its reply grows",
        told(HEARD),
        SAID,
        {"is_writing": True, "work": work_on(5, 8)},
        Fate.BEING_ANSWERED,
    ),
    (
        "the reply to the line after it grows",
        told(HEARD, line(6)),
        SAID,
        {"is_writing": True, "work": work_on(6, 8)},
        Fate.BEING_ANSWERED,
    ),
    (
        "another reply grows",
        told(line(4), HEARD),
        SAID,
        {"is_writing": True, "work": work_on(4, 8)},
        Fate.NEXT,
    ),
    ("its reply broke off", told(HEARD), SAID, {"work": work_on(5, 8)}, Fate.UNFINISHED),
    ("the scene was stopped", told(HEARD, live=False), SAID, {}, Fate.STOPPED_BEFORE_REPLY),
    ("it came to nothing", told(HEARD), SAID, {}, Fate.NO_REPLY),
    ("a restart came late", told(HEARD), SAID, {"awake_since_ms": START_MS + 1006}, Fate.TOO_OLD),
    ("a restart came soon", told(HEARD), SAID, {"awake_since_ms": START_MS + 1005}, NONE),
]


def around(scene: Scene | None, **fields: object) -> Around:
    nothing = Around(scene, None, is_writing=False, awake_since_ms=START_MS, resume_age_ms=1000)
    return replace(nothing, **fields)  # type: ignore[arg-type]  # checked by dataclasses


@pytest.mark.parametrize(
    ("where", "said", "fields", "fate"),
    [row[1:] for row in WITHOUT_REPLY],
    ids=[row[0] for row in WITHOUT_REPLY],
)
def test_a_line_without_a_reply_has_its_reason(
    where: Scene | None, said: Said | None, fields: dict[str, object], fate: Fate
) -> None:
    assert fate_of(ASKED, said, around(where, **fields)) is fate


def test_a_line_with_a_reply_was_answered() -> None:
    where = told(HEARD, reply(5, "Aye.", 7))

    assert fate_of(ASKED, SAID, around(where)) is Fate.ANSWERED


def test_a_line_whose_reply_is_written_anew_is_being_answered() -> None:
    where = told(HEARD, reply(5, "Aye.", 7))

    fate = fate_of(ASKED, SAID, around(where, is_writing=True, work=work_on(5, 7)))

    assert fate is Fate.BEING_ANSWERED


def test_a_remark_that_an_edit_made_is_still_the_line_it_was() -> None:
    edited = noted(replace(HEARD, swipes=("((brb))",)), Decision.ANSWER)

    assert fate_of(ASKED, SAID, around(told(edited, reply(5, "Aye.", 7)))) is Fate.ANSWERED
    assert fate_of(ASKED, SAID, around(told(edited))) is Fate.NO_REPLY


def test_an_unknown_decision_is_decided_again() -> None:
    strange = replace(HEARD, facts={"decision": "of another version"})

    assert fate_of(ASKED, SAID, around(told(FROM_BOB, strange))) is Fate.NOT_CALLED


def test_each_part_of_a_reply_is_the_reply() -> None:
    where = told(HEARD, replace(reply(5, "Aye.", 7, 8), facts=FACTS))

    assert fate_of(MessageId(7), None, around(where)) is Fate.REPLY
    assert fate_of(MessageId(8), None, around(where)) is Fate.REPLY


def test_an_old_reply_without_facts_is_no_greeting() -> None:
    where = told(HEARD, reply(5, "Aye.", 7))

    assert fate_of(MessageId(7), None, around(where)) is Fate.REPLY
    assert fate_of(MessageId(2), None, around(where)) is Fate.GREETING


def test_a_reply_is_growing_or_broke_off() -> None:
    claimed = work_on(5, 8)

    growing = fate_of(MessageId(8), None, around(told(HEARD), work=claimed, is_writing=True))
    broken = fate_of(MessageId(8), None, around(told(HEARD), work=claimed))

    assert (growing, broken) == (Fate.GROWING, Fate.BROKEN_OFF)


@pytest.mark.parametrize("fate", Fate)
def test_every_fate_has_a_sentence_of_its_own(fate: Fate) -> None:
    others = {sentence(other, "Mira") for other in Fate if other is not fate}

    said = sentence(fate, "Mira")

    assert said not in others
    assert said.endswith((".", ":"))
    assert "{" not in said


def test_who_was_not_called_is_told_how_to_call() -> None:
    said = sentence(Fate.NOT_CALLED, "Mira")

    assert "say the name, mention me, or reply to one of Mira's messages" in said


def test_facts_become_rows_of_words() -> None:
    facts = ReplyFacts(
        model="zephrp",
        length="medium",
        source=LengthSource.SCENE,
        seed=7,
        prompt_tokens=2140,
        reused_tokens=1980,
        new_tokens=87,
        ending=Ending.NAME,
        tries=2,
        waited_ms=1234,
        wrote_ms=6400,
        lore=("The harbour", "Storms"),
        repeats=True,
    )

    assert dict(rows(facts)) == {
        "Model": "zephrp",
        "Length": "medium, chosen for the scene",
        "Seed": "7",
        "Tokens": "2,140 read (92 % of them as in the prompt before), 87 written",
        "Ended because": "the model began somebody else's line",
        "Lore": "The harbour, Storms",
        "Time": "1.2 s to the first words, then 6.4 s",
        "Tries": "2; what came before was empty or a repetition",
        "Repetition": "close to what the character said just before",
    }


def test_what_is_usual_takes_no_row() -> None:
    labels = [label for label, _ in rows(ReplyFacts(model="zephrp", seed=7))]

    assert labels == ["Model", "Length", "Seed", "Tokens", "Ended because", "Lore", "Time"]


def test_a_reply_of_which_nothing_was_noted_says_so() -> None:
    assert rows(ReplyFacts()) == (("Details", "none were noted when it was written"),)


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_words(ending: Ending) -> None:
    told_rows = dict(rows(ReplyFacts(model="zephrp", ending=ending)))

    assert told_rows["Ended because"] != "not noted"


@pytest.mark.parametrize("source", LengthSource)
def test_every_source_of_a_length_has_words(source: LengthSource) -> None:
    told_rows = dict(rows(ReplyFacts(length="long", source=source)))

    assert told_rows["Length"].startswith("long, ")
