"""What members tell beside the story, as changes of a scene."""

from collections.abc import Callable

import pytest

from bot.core.change import Change
from bot.core.directions import (
    DEEPEST_NOTE,
    INSTRUCTION_CHARACTERS,
    NARRATED_CHARACTERS,
    instructed,
    narrated,
    narrator_turn,
    noted,
    rolled,
    time_passed,
    with_scenario,
    without_instruction,
    without_note,
)
from bot.core.errors import UserError
from bot.core.scene import NOTE_DEPTH, MessageId, Role, SceneHead
from bot.core.unposted import (
    Origin,
    as_posted,
    face_of,
    is_to_be_posted,
    posted_after,
    to_be_posted,
)
from tests.scenes import ANN, line, scene


def head(change: Change) -> SceneHead:
    assert change.head is not None
    return change.head


def test_a_note_has_a_depth_and_may_be_for_one_reply() -> None:
    once = head(noted(scene(), " It rains. ", once=True, depth=1))
    always = head(noted(once, "It snows.", once=False))

    assert (once.note, once.note_depth, once.note_once) == ("It rains.", 1, True)
    assert (always.note, always.note_depth, always.note_once) == ("It snows.", NOTE_DEPTH, False)
    assert head(without_note(once)) == scene()


def test_a_depth_beyond_all_bounds_is_the_deepest() -> None:
    assert head(noted(scene(), "It rains.", once=False, depth=9_999)).note_depth == DEEPEST_NOTE
    assert head(noted(scene(), "It rains.", once=False, depth=-1)).note_depth == 0


def test_an_instruction_has_no_brackets_of_its_own() -> None:
    assert head(instructed(scene(), "[Be brief.]")).instruction == "Be brief."
    assert head(without_instruction(head(instructed(scene(), "Be brief.")))) == scene()


def test_a_scenario_takes_the_place_of_the_one_before() -> None:
    assert head(with_scenario(scene(), "A tower.")).scenario == "A tower."


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (lambda: noted(scene(), " \u200b ", once=False), "A note needs some words."),
        (lambda: with_scenario(scene(), ""), "A scenario needs some words."),
        (lambda: narrated("\n"), "A narrator's line needs some words."),
        (lambda: time_passed(" "), "A time needs some words."),
        (
            lambda: instructed(scene(), "a" * (INSTRUCTION_CHARACTERS + 1)),
            "An instruction has at most 500 characters.",
        ),
        (
            lambda: narrated("a" * (NARRATED_CHARACTERS + 1)),
            "A narrator's line has at most 1,500 characters.",
        ),
    ],
)
def test_what_says_nothing_or_too_much_gets_one_sentence(
    wish: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(UserError) as caught:
        wish()

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("three days later", "— Three days later. —"),
        ("Dawn!", "— Dawn! —"),
        ("Meanwhile,\nin the tower…", "— Meanwhile, in the tower… —"),
    ],
)
def test_time_passes_between_dashes(text: str, shown: str) -> None:
    assert time_passed(text) == shown


def test_a_roll_says_who_what_and_why_in_one_line() -> None:
    assert rolled("Mara", "1d20+3", "14 + 3 = 17", "Stealth") == (
        "Mara rolls 1d20+3: 14 + 3 = 17 (Stealth)"
    )
    assert rolled("Ma\nra", "1d6", "2", " ") == "Ma ra rolls 1d6: 2"
    assert rolled("\u200b", "1d6", "2", "a\nb") == "User rolls 1d6: 2 (a b)"


def test_a_narrators_line_waits_to_be_posted_and_names_who_wished_it() -> None:
    turn = narrator_turn(MessageId(7), "It rains.", Origin.NARRATION, author=ANN, at_ms=9)

    assert (turn.role, turn.text, turn.author, turn.at_ms) == (Role.NARRATOR, "It rains.", ANN, 9)
    assert is_to_be_posted(turn)


def test_a_posted_turn_says_no_more_that_it_waits() -> None:
    waiting = to_be_posted(line(1, "Hello."), face="https://faces.example/ann.png")

    posted = as_posted(waiting, {MessageId(5): "Hello."})

    assert face_of(waiting) == "https://faces.example/ann.png"
    assert (posted.messages, posted.parts, posted.text) == ((MessageId(5),), (), "Hello.")
    assert not is_to_be_posted(posted)
    again = to_be_posted(posted)  # it was taken back, and is to come back
    assert (face_of(again), again.messages) == (face_of(waiting), ())
    assert posted_after(again) == MessageId(5)
