"""What the model writes for a player, made fit to be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UserError
from bot.core.own_lines import (
    ACTION_UNITS,
    DRAFT_UNITS,
    as_action,
    as_draft,
    hint_of,
    hinted,
    is_news,
    sendable,
)
from bot.core.plain_text import utf16_units


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("I open the door.", "I open the door."),
        ("I open\nthe door.\n", "I open the door."),
        (f"I open the door. {'I wait. ' * 20}", "I open the door. " + "I wait. " * 6 + "I wait."),
        ("I count the ships " * 9, "I count the ships " * 4 + "I count…"),
        ("*I open the door. " + "I look around and around " * 5 + "*", "*I open the door.*"),
        (" \u200b", ""),
    ],
)
def test_an_action_is_one_line_of_whole_sentences_where_that_is_possible(
    text: str, action: str
) -> None:
    assert as_action(text) == action


@given(st.text(max_size=300))
def test_an_action_always_fits_on_a_button(text: str) -> None:
    action = as_action(text)

    assert utf16_units(action) <= ACTION_UNITS
    assert "\n" not in action


@given(st.text(alphabet='ab .\n*"\U0001f600', max_size=3_000))
def test_a_draft_always_fits_and_can_be_sent(text: str) -> None:
    draft = as_draft(text)

    assert utf16_units(draft) <= DRAFT_UNITS
    if draft:
        assert sendable(draft) == draft.strip()


def test_two_actions_that_say_the_same_are_one() -> None:
    assert is_news("I wait.", ["I run."])
    assert not is_news("I wait!", ["I run.", '"I WAIT"'])
    assert not is_news("…", [])


def test_a_hint_is_one_line_of_bounded_length() -> None:
    assert hint_of(" be\nbold " + "x" * 300) == "be bold " + "x" * 192
    assert hinted("Mara", "be bold") == "Mara goes on: be bold"
    assert hinted("Mara", "") == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" \u200b\n", "There are no words"),
        ("((brb))", "out of character"),
        ("a" * (DRAFT_UNITS + 1), "at most 1,600 characters"),
    ],
)
def test_what_is_no_line_of_the_story_is_not_sent(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        sendable(text)
