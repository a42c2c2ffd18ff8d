"""What a stored scene gives to a prompt."""

import re
from dataclasses import replace

from bot.core.characters import Character
from bot.core.lengths import Length
from bot.core.personas import PERSONA
from bot.core.prompt import render
from bot.core.scene import (
    CharacterKey,
    MessageId,
    Role,
    Scene,
    Turn,
    TurnId,
    UserId,
    player_turn_id,
)
from bot.core.script import Persona
from bot.core.story import PERSONAS_CHARACTERS, about_to_say, story_of
from tests.profiles import ZEPHRP
from tests.scenes import ANN, BOB, line, reply, scene

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


def played(number: int, text: str, *, author: UserId = ANN, name: str = "Ash") -> Turn:
    """A line of a player's who plays a persona."""
    return replace(line(number, author=author, name=name), facts={PERSONA: text})


def test_every_player_is_told_of_as_they_play_now_and_their_lines_stay_as_they_were() -> None:
    turns = (
        played(1, "A smith.", name="Ash"),
        played(2, "A singer.", author=BOB, name="Reed"),
        played(3, "Ash's twin.", name="Moth"),
    )

    found = prompt(told(*turns, players={ANN: "Moth", BOB: "Reed"}))

    assert "Moth's Persona: Ash's twin.\n\nReed's Persona: A singer.\n\nPlay the role" in found
    assert "with Moth, Reed and Ash below" in found
    assert "Ash: line 1\nReed: line 2\nMoth: line 3" in found
    assert "A smith." not in found


def test_who_plays_themselves_again_is_told_of_no_more() -> None:
    found = prompt(told(played(1, "A smith."), line(2), players={ANN: "Ann"}))

    assert "A smith." not in found
    assert "Ash: line 1\nAnn: line 2" in found


def test_where_there_is_no_room_for_all_personas_whoever_wrote_last_has_theirs() -> None:
    users = [UserId(number) for number in range(1, 9)]
    turns = [
        played(number, f"{number} " + "x" * 598, author=user, name=f"P{number}")
        for number, user in enumerate(users, start=1)
    ]

    found = prompt(told(*turns, players={user: f"P{user}" for user in users}))

    assert [number for number in range(1, 9) if f"P{number}'s Persona:" in found] == [4, 5, 6, 7, 8]
    assert "with P1, P2, P3, P4, P5, P6, P7 and P8 below" in found
    assert sum(map(len, re.findall(r"P\d's Persona: (.*)", found))) <= PERSONAS_CHARACTERS


def test_who_is_about_to_speak_is_told_of_already() -> None:
    before = told(line(1), reply(1, "yes"))

    after = about_to_say(before, BOB, Persona("Reed", "A singer."))

    found = prompt(after, trigger=before.turns[-1].id)
    assert "Reed's Persona: A singer." in found
    assert found.endswith(
        "Ann: line 1\n\n### Response:\nMira: yes\n\n### Response: (length = medium)\nMira:"
    )
