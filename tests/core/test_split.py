"""S10: a text in messages of Discord's size, its markup whole in each of them."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.core.markup import spans
from bot.core.plain_text import utf16_units
from bot.core.split import split

WORDS = [
    *("rain", "a", "lighthouse", "Wait.", '"Yes!"', "…", "そう。", "😀", "👩\u200d🚀", "🇫🇷🇩🇪"),
    *(" ", " ", " ", "\n", "\n\n", "  \n", "x" * 60, "e\u0301" * 20, "👍🏽" * 15, "\u3000"),
]
MARKS = [
    *("*", "**", "***", "_", "__", "~~", "||", "`", "``", "```", "```q\n", "\n```\n"),
    *("\\*", "<@123456789012345678>", "<:wave:12345>", "[a link](https://a.example/b)"),
    *(
        "*waves*",
        "**loud**",
        "||secret words||",
        "`code words`",
        "https://a.example/" + "p" * 50,
    ),
]
PLAIN = st.lists(st.sampled_from(WORDS), max_size=80).map("".join)
MARKED = st.lists(st.sampled_from(WORDS * 2 + MARKS * 2), max_size=60).map("".join)
LIMITS = st.integers(100, 160)


LANGUAGE = re.compile(r"```(?!q\n)\w+\n")
"""A word right behind a fence is its language, which is written again with it."""


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def letters(marked: str) -> str:
    """What is no blank and no mark; "q" is the language of the fences, which is written again."""
    return re.sub(r"[*_~|`q\s]", "", marked)


@settings(max_examples=2000, deadline=None)
@given(MARKED, LIMITS)
def test_row_10_every_part_fits_and_nothing_but_marks_is_added(text: str, limit: int) -> None:
    assume(not LANGUAGE.search(text))
    parts = split(text, limit)

    assert all(part.strip() for part in parts)
    assert all(len(part) <= utf16_units(part) <= limit for part in parts)
    assert letters("".join(parts)) == letters(text)


@settings(max_examples=200, deadline=None)
@given(MARKED, st.integers(2, 40))
def test_parts_fit_into_messages_of_discord(text: str, times: int) -> None:
    assume(not LANGUAGE.search(text * times))
    parts = split(text * times)

    assert all(part.strip() and utf16_units(part) <= 2000 for part in parts)
    assert letters("".join(parts)) == letters(text) * times


@settings(max_examples=400, deadline=None)
@given(MARKED, MARKED, LIMITS)
def test_only_the_last_part_changes_while_a_text_grows(text: str, more: str, limit: int) -> None:
    before, after = split(text, limit), split(text + more, limit)

    settled = before[:-1]
    assert after[: len(settled)] == settled


@settings(max_examples=300, deadline=None)
@given(PLAIN, LIMITS)
def test_nothing_but_blanks_at_breaks_is_lost(text: str, limit: int) -> None:
    parts = split(text, limit)

    assert squeezed("".join(parts)) == squeezed(text)
    position = 0
    for part in parts:
        position = text.index(part, position) + len(part)


@settings(deadline=None)
@given(PLAIN, LIMITS)
def test_row_10_no_letter_or_emoji_is_cut_through(text: str, limit: int) -> None:
    parts = split(text, limit)

    for part in parts:
        assert part[0] not in "\u0301\u200d🏽"
        assert part[-1] != "\u200d"
        assert len(re.findall("[\U0001f1e6-\U0001f1ff]", part)) % 2 == 0


@pytest.mark.parametrize("mark", ["*", "**", "***", "_", "__", "~~", "||", "`"])
def test_row_10_markup_longer_than_a_part_is_closed_and_opened_again(mark: str) -> None:
    text = f"{mark}{'wave after wave, ' * 30}end{mark}"

    parts = split(text, 200)

    assert len(parts) > 2
    assert all(part.startswith(mark) and part.endswith(mark) for part in parts)
    assert " ".join(part.removeprefix(mark).removesuffix(mark) for part in parts) == text.strip(
        mark
    )


def test_nested_markup_is_closed_inside_out() -> None:
    text = "**loud *and slanted " + "words " * 40 + "end***"

    first, second, *_ = split(text, 150)

    assert first.endswith("words***")
    assert second.startswith("***words")


def test_a_code_fence_keeps_its_language_and_indentation() -> None:
    code = "".join(f"    line_{n} = {n}\n" for n in range(30))
    text = f"```python\n{code}```"

    parts = split(text, 200)

    assert len(parts) > 2
    assert all(part.startswith("```python\n    line_") for part in parts)
    assert all(part.endswith("\n```") for part in parts)
    inner = "\n".join(part.removeprefix("```python\n").removesuffix("\n```") for part in parts)
    assert inner == code.rstrip("\n")


def test_a_short_span_moves_whole_into_the_next_part() -> None:
    text = "word " * 30 + "*" + "soft " * 8 + "steps* and on"

    parts = split(text, 180)

    assert parts == [("word " * 30).rstrip(), text[150:]]


@pytest.mark.parametrize(
    ("separator", "expected"),
    [("\n\n", 140), ("\n", 140), (". ", 141), (" ", 140)],
    ids=["paragraph", "line", "sentence", "word"],
)
def test_the_best_break_in_the_second_half_is_taken(separator: str, expected: int) -> None:
    text = "x" * 60 + " " + "y" * 79 + separator + "z" * 30 + ("-" if separator == " " else " ")
    text += "z" * 60

    first = split(text, 200)[0]

    assert len(first) == expected


def test_a_break_in_the_first_half_is_not_worth_a_short_part() -> None:
    text = "Hm.\n\n" + "word " * 100

    assert len(split(text, 200)[0]) > 150


def test_a_stray_asterisk_is_no_markup_once_another_opens() -> None:
    text = "5 *footnote and " + "word " * 10 + "*She nods.* " + "word " * 40

    parts = split(text, 200)

    assert parts[0].endswith("word")
    assert parts[1].startswith("word")


def test_a_mention_or_a_link_is_never_parted() -> None:
    link = "[the harbour at night](https://a.example/harbour)"
    text = "word " * 33 + link + " word" * 20

    assert split(text, 180)[1].startswith(link)


def test_short_or_blank_text_is_one_part_or_none() -> None:
    assert split("  Hello.\n") == ["Hello."]
    assert split(" \n ") == []
    assert split("x" * 2000) == ["x" * 2000]
    assert split("😀" * 1001) == ["😀" * 1000, "😀"]


def test_spans_are_read_as_discord_reads_them() -> None:
    def read(text: str) -> list[str]:
        return [text[span.start : span.end] for span in spans(text)]

    assert read("a *b* c **d** _e_ __f__ ~~g~~ ||h|| `i`") == [
        *("*b*", "**d**", "_e_", "__f__", "~~g~~", "||h||", "`i`")
    ]
    assert read("snake_case_name 2 * 3 * 4 \\*no\\* ****") == []
    assert read("`*a*` ```\n*b*\n```") == ["`*a*`", "```\n*b*\n```"]
    assert read("open *and on") == ["*and on"]


@settings(max_examples=60, deadline=None)
@given(MARKED)
@example("word " * 11 + "*stray " + "word " * 8 + "*She nods.* " + "word " * 20)
def test_a_text_growing_by_single_characters_never_changes_a_settled_part(text: str) -> None:
    settled: list[str] = []
    for length in range(len(text) + 1):
        parts = split(text[:length], 100)
        assert parts[: len(settled)] == settled
        settled = parts[:-1]


@pytest.mark.parametrize(
    "text",
    ["||" + "x" * 90 + " ||" + "z" * 40, "```\n" + "x" * 80 + "\n```" + "z" * 40],
    ids=["spoiler", "fence"],
)
def test_nothing_is_opened_again_only_to_be_closed(text: str) -> None:
    parts = split(text, 100)

    assert not any(part.startswith(("||||", "```\n```")) for part in parts)
