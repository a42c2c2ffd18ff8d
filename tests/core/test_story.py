"""What a stored scene gives to a prompt."""

from dataclasses import replace

from bot.core.characters import Character
from bot.core.lengths import Length
from bot.core.prompt import render
from bot.core.scene import CharacterKey, MessageId, Role, Scene, Turn, TurnId, player_turn_id
from bot.core.story import story_of
from tests.profiles import ZEPHRP
from tests.scenes import line, reply, scene

MIRA = Character(CharacterKey("mira"), "Mira", "Keeps a lighthouse.")
OLE = Character(CharacterKey("ole"), "Ole", "Mends nets.")


def prompt(told: Scene, character: Character = MIRA, **more: object) -> str:
    story = story_of(
        told,
        character,
        Length("medium"),
        trigger=more.pop("trigger", told.turns[-1].id),  # type: ignore[arg-type]  # a turn's id
        **more,  # type: ignore[arg-type]  # as the function takes them
    )
    return render(story.script, ZEPHRP)


def told(*turns: Turn, **head: object) -> Scene:
    return Scene(replace(scene(), scenario="", **head), turns)  # type: ignore[arg-type]  # its fields


def test_the_model_does_not_read_what_is_hidden() -> None:
    found = prompt(told(line(1), replace(reply(1, "a secret"), hidden=True), line(2)))

    assert "secret" not in found
    assert "Ann: line 1\nAnn: line 2" in found


def test_the_note_stands_at_its_depth() -> None:
    found = prompt(told(line(1), reply(1, "yes"), line(2), note="It rains.", note_depth=1))

    assert found.endswith(
        "### Response:\nMira: yes\n\n### Input:\nIt rains.\nAnn: line 2\n\n"
        "### Response: (length = medium)\nMira:"
    )


def test_what_is_asked_of_the_next_reply_is_the_last_thing_before_it() -> None:
    found = prompt(told(line(1), instruction="Be brief."))

    assert found.endswith("Ann: line 1\n[Be brief.]\n\n### Response: (length = medium)\nMira:")


def test_what_a_line_replies_to_is_told_with_it() -> None:
    found = prompt(told(replace(line(1), quoted="Mira: “We sail.”")))

    assert "Ann: [In answer to Mira: “We sail.”] line 1\n" in found


def test_another_characters_lines_are_read_as_a_players() -> None:
    ole = Turn(TurnId(f"{reply(1, '').id}r"), Role.CHARACTER, "Ole", ("Nets.",))
    story = told(line(1), reply(1, "yes"), ole)

    mira = prompt(story, cast=(OLE,))
    asked = prompt(story, OLE, cast=(MIRA,))

    assert "roleplaying chat with Ann and Ole below" in mira
    assert mira.endswith(
        "Mira: yes\n\n### Input:\nOle: Nets.\n\n### Response: (length = medium)\nMira:"
    )
    assert "### Input:\nAnn: line 1\nMira: yes\n\n### Response:\nOle: Nets." in asked


def test_the_greeting_itself_can_be_written_anew() -> None:
    greeting = Turn(player_turn_id(MessageId(5)), Role.CHARACTER, "Mira", ("Hello.",))

    found = prompt(told(greeting, players={}), reply=greeting.id)

    assert "Hello." not in found
    assert found.endswith("### Response: (length = medium)\nMira:")


def test_of_a_reply_that_is_begun_nothing_later_is_told() -> None:
    story = told(line(1), reply(1, "yes"), line(2))

    found = prompt(story, trigger=line(1).id, is_begun=True)

    assert "line 2" not in found
