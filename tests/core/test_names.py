import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.names import clean_name, webhook_name
from bot.core.plain_text import plain, utf16_units, without_invisible

TRICKY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("clyde", "CLYDE", "Discord", "cly", "de", "everyone", "@here", "here", "\u200b"),
                *(":", "#", "[", "<s>", "\n", " ", "\u200a", "\u0301", "\u202e", "😀", "\u017f"),
                *("e", "\u0301\u0301", "\u0344", "\u200d", "\u034f", "\uff1a", "\ufb01", "\u1fbd"),
            ]
        ),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mara", "Mara"),
        ("  Mara   Vane ", "Mara Vane"),
        ("Mara\n### Response:", "Mara Response"),
        ("Mara: the brave", "Mara the brave"),
        ("Ma\u200bra\u202e", "Mara"),
        ("\uff2d\uff41\uff52\uff41\uff1a", "Mara"),
        ("[Admin] <s>Mara</s>", "Admin s Mara /s"),
        ("x" * 40, "x" * 32),
        ("", "User"),
        ("\u200b:#\n", "User"),
        ("Müller-Lüdenscheidt", "Müller-Lüdenscheidt"),
        ("Zoe\u200d\u0308", "Zo\u00eb"),
        ("x\u0301\u0301\u200d\u0301\u0301", "x\u0301\u0301\u0301"),
        ("q\u0344\u0344", "q\u0308\u0301\u0308"),
    ],
)
def test_a_name_can_begin_a_speakers_line(name: str, expected: str) -> None:
    assert clean_name(name, fallback="User") == expected


@settings(max_examples=500)
@given(TRICKY)
def test_cleaning_a_clean_name_changes_nothing(name: str) -> None:
    once = clean_name(name, fallback="User")

    assert clean_name(once, fallback="Other") == once
    assert 1 <= len(once) <= 32
    assert once == once.strip()
    assert not re.search(r"[:#\[\]{}<>|\n]", once)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lyra", "Lyra"),
        ("Clyde", "C\u200alyde"),
        ("The Discord Witch", "The D\u200aiscord Witch"),
        ("everyone", "e\u200averyone"),
        ("@Here", "@H\u200aere"),
        ("There", "There"),
        ("\n \u200b", "Character"),
        ("Lyra\nVane", "Lyra Vane"),
        ("😀" * 60, "😀" * 40),
    ],
)
def test_a_webhooks_name_passes_discords_filter(name: str, expected: str) -> None:
    assert webhook_name(name) == expected


@given(TRICKY)
def test_any_webhook_name_is_one_that_discord_takes(name: str) -> None:
    shown = webhook_name(name)

    assert 1 <= len(shown) <= utf16_units(shown) <= 80
    assert not re.search("clyde|discord", shown, re.IGNORECASE)
    assert shown.lstrip("@").casefold() not in {"everyone", "here"}
    assert webhook_name(shown) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb", "a\tb"),
        ("na\u200bme \u202eflip\u202c", "name flip"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("half \ud83d", "half "),
        ("z\u0301\u0301\u0301\u0301\u0301\u0301", "z\u0301\u0301\u0301"),
        ("👩\u200d🚀 می\u200cروم", "👩\u200d🚀 می\u200cروم"),
        ("שָׁלוֹם ที่นี่", "שָׁלוֹם ที่นี่"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_what_is_taken_out_is_never_printable() -> None:
    # plain() looks no further where all is printable.
    printable = "".join(filter(str.isprintable, map(chr, range(0x110000))))

    assert without_invisible(printable) == printable
    assert printable.splitlines() == [printable]


@pytest.mark.parametrize(
    "mark",
    [
        *("\u0300", "\u036f", "\u0483", "\u0489", "\u1ab0", "\u1aff", "\u1dc0", "\u1dff"),
        *("\u20d0", "\u20ff", "\ufe20", "\ufe2f"),
    ],
)
def test_no_mark_heaps_up(mark: str) -> None:
    assert plain("“x" + mark * 9 + "”") == "“x" + mark * 3 + "”"


@given(TRICKY)
def test_plain_text_stays_as_it_is(text: str) -> None:
    once = plain(text)

    assert plain(once) == once
    once.encode("utf-16-le")


@given(st.text())
def test_units_are_counted_as_utf16_counts_them(text: str) -> None:
    encoded = text.encode("utf-16-le", errors="surrogatepass")

    assert utf16_units(text) == len(encoded) // 2
