"""Whether a webhook's message says what a player has written."""

import pytest

from bot.core.proxies import MOST_MARKS, stands_for


@pytest.mark.parametrize(
    ("posted", "written"),
    [
        ("Hello there.", "Hello there."),
        ("Hello there.", "L: Hello there."),
        ("Hello there.", "[Hello there.]"),
        ("Hello there.", "Hello there. -lyra"),
        ("Hello\nthere.", "L:\nHello there."),
    ],
)
def test_the_same_words_without_their_marks_stand_for_a_line(posted: str, written: str) -> None:
    assert stands_for(posted, written)


@pytest.mark.parametrize(
    ("posted", "written"),
    [
        ("", "Hello."),
        ("  ", "Hello."),
        ("Build 7 passed.", "L: Hello."),
        ("Hello. And more.", "Hello."),
        ("Yes.", "Yes." + "x" * (MOST_MARKS + 1)),
    ],
)
def test_other_words_stand_for_nothing(posted: str, written: str) -> None:
    assert not stands_for(posted, written)
