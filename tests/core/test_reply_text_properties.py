"""What holds for every stream, however it is cut into pieces."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.scene import GuardLevel
from tests.streams import PROFILES, Case, leaks

PIECES = st.sampled_from(
    [
        *("\n", "\n\n", " ", "  ", "\t", "\r\n", "\u2028", "#", "##", "###", "### Input:", "Lyra"),
        *("Lyra:", "lyra :", "Mara", "mara:", "Mara :", "Tom", "Old", "Old Ann", ":", "\uff1a"),
        *("(length", " = ", "long)", "(length = huge)", "<", "</s>", "<|", "im_end|>", "[INST"),
        *("]", "<|im_start|>", "*", "**", "_", '"', "```", "hello", "Yes.", "M", "L", "a", "…"),
        *("😀", "\u200b", "(2)", "Mara nods", "Mara's", ", ", ". ", '." ', '," ', "\u201c"),
        *("\u201d", "\u2018", "\u2019", "Lyra Vane ", "*Lyra:", "**Lyra:**", "そう。", "Mr. "),
    ]
)
TEXT = st.lists(PIECES, max_size=11).map("".join)
RAW = st.tuples(TEXT, st.text(max_size=2), TEXT).map("".join)
PLACES = st.lists(st.integers(0, 60), max_size=8).map(sorted)


CASES = st.builds(
    Case,
    raw=RAW,
    profile=st.sampled_from(sorted(PROFILES)),
    guard=st.sampled_from(GuardLevel),
    cut=st.booleans(),
    spoken=st.sampled_from(["", "", "", "She nods.", '*She says, "Mara', "A line:\n"]),
    sentences_from=st.none() | st.integers(0, 40),
)


@settings(max_examples=2000, deadline=None)
@given(CASES, PLACES)
def test_any_chunking_gives_the_same_text_takes_nothing_back_and_leaks_nothing(
    case: Case, places: list[int]
) -> None:
    seen, ending = case.read(places)
    seen_by_letters, ending_by_letters = case.read(list(range(len(case.raw))))

    assert seen[-1] == seen_by_letters[-1]
    assert ending is ending_by_letters
    for shown in (seen, seen_by_letters):
        assert all(after.startswith(before) for before, after in pairwise(shown))
    # A place in the stream shows the same, whatever the pieces before it were.
    assert set(seen) <= set(seen_by_letters)
    for text in set(seen_by_letters):
        assert text == text.strip()
        assert leaks(case, text) == []
