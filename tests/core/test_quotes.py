"""What is told of the message that a line replies to."""

from dataclasses import replace

from bot.core.quotes import QUOTED_CHARACTERS, answered_by, quote
from bot.core.scene import MessageId
from tests.scenes import line, reply

STORY = (line(1, "I knock."), reply(1, "Who is\nthere?", 11), line(2, "Me."))


def test_an_older_message_is_quoted_with_who_said_it() -> None:
    assert quote(STORY, MessageId(11)) == "Mira: “Who is there?”"
    assert quote(STORY, MessageId(1)) == "Ann: “I knock.”"


def test_what_stands_right_before_needs_no_words() -> None:
    assert quote(STORY, MessageId(2)) == ""


def test_a_long_text_is_quoted_as_far_as_it_goes() -> None:
    found = quote((line(1, "word " * 200), line(2)), MessageId(1))

    assert len(found) <= len("Ann: “…”") + QUOTED_CHARACTERS
    assert found.endswith("word…”")


def test_of_a_reply_in_several_messages_the_one_is_quoted_that_was_meant() -> None:
    long = replace(reply(1, "One.\nTwo.", 11, 12), parts=("One.", "Two."))

    assert quote((line(1), long, line(2)), MessageId(12)) == "Mira: “Two.”"


def test_the_text_on_the_screen_is_quoted() -> None:
    swiped = replace(reply(1, "", 11), swipes=("First.", "Second."), current=1)

    assert quote((line(1), swiped, line(2)), MessageId(11)) == "Mira: “Second.”"


def test_what_the_model_does_not_read_is_not_quoted() -> None:
    hidden = replace(line(1, "a secret"), hidden=True)

    assert quote((hidden, line(2)), MessageId(1)) == ""
    assert quote(STORY, MessageId(99)) == ""
    assert quote((), MessageId(99)) == ""


def test_the_turn_that_a_message_shows_is_found() -> None:
    assert answered_by(STORY, MessageId(11)) is STORY[1]
    assert answered_by(STORY, MessageId(99)) is None
