"""One way to write punctuation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe.dataset.punctuation import normal

MARKS = st.text(
    st.sampled_from(" \n\t.,!?;:-\"'\u2026\u201c\u2019\u00ab\u2014\u00a0\rab"), max_size=30
)


@settings(max_examples=3_000, deadline=None)
@given(MARKS)
def test_what_is_written_in_one_way_stays_so(text: str) -> None:
    once = normal(text)

    assert normal(once) == once


@settings(max_examples=1_000, deadline=None)
@given(st.text(max_size=40))
def test_no_letter_or_digit_is_changed(text: str) -> None:
    kept = [char for char in text if char.isalnum()]

    assert [char for char in normal(text) if char.isalnum()] == kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u201cYes,\u201d she said.", '"Yes," she said.'),
        ("It\u2019s \u2018odd\u2019", "It's 'odd'"),
        ("\u00abNo\u00bb", '"No"'),
        ("Well\u2026 and ...... so .... on", "Well... and ... so ... on"),
        ("Wait ... no .", "Wait ... no ."),
        ("a --- b -- c - d", "a\u2014b -- c - d"),
        ("What ? No !", "What? No!"),
        ("Two  blanks\tand\u00a0more", "Two blanks and more"),
        ("One. \n\n\n\n Two.\r\nThree.", "One.\n\nTwo.\nThree."),
        ("It was 9:30 ; she left.", "It was 9:30; she left."),
        ("caf\u00e9 - 3.5 km", "caf\u00e9 - 3.5 km"),
    ],
)
def test_marks_are_written_in_one_way(text: str, expected: str) -> None:
    assert normal(text) == expected
