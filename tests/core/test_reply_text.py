import itertools
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.profiles import ZEPHRP
from bot.core.reply_text import ReplyText
from bot.core.sentences import last_sentence_end

OTHERS = ("Mara", "Tom", "Old Ann", "Lyra (2)")


def read(*deltas: str, cut: bool = False, others: Sequence[str] = OTHERS) -> str:
    reply = ReplyText("Lyra", others)
    for delta in deltas:
        reply.feed(delta)
    return reply.finish(cut=cut)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (' *She bows.* "Hello."\nMara: hi', '*She bows.* "Hello."'),
        (" Hello.\n\n### Input:\nMara: more", "Hello."),
        (" Hello.\n### Inp", "Hello."),
        (" Hello.\n###", "Hello."),
        (" Hello.\n", "Hello."),
        (" Lyra: Hello.", "Hello."),
        ("Lyra: Hello.\nLyra: Again.", "Hello.\nAgain."),
        ("Lyra : Lyra: Hello.", "Hello."),
        ("Mara: I do this", ""),
        ("### Input:\nMara: x", ""),
        ("\n\n ### Response:", ""),
        ("Hello.\n\n### Response: (length = medium)\nLyra: more", "Hello."),
        ("Hello. (length = medium)\nmore", "Hello."),
        (" (length = long)\nLyra: Hello.", "Hello."),
        ("The rope (length = 3 m) holds.", "The rope (length = 3 m) holds."),
        ("Hello</s>junk", "Hello"),
        ("Hello.<|endoftext|>junk", "Hello."),
        ("Hello. <|im_end|>", "Hello."),
        ("Hello. Mara: inline is kept", "Hello. Mara: inline is kept"),
        ('"Mara: quoted," she read.', '"Mara: quoted," she read.'),
        ("Hello\nMaranatha: not a stop", "Hello\nMaranatha: not a stop"),
        ("Hello\nMara smiles.", "Hello\nMara smiles."),
        ("Hello\n  mara : hi", "Hello"),
        ("Hello\nMARA\uff1a hi", "Hello"),
        ("Hello\n**Mara:** hi", "Hello"),
        ("Hello\n*Mara*: hi", "Hello"),
        ("Hello\nOld  Ann: hi", "Hello"),
        ("Hello\nLyra (2): hi", "Hello"),
        ("Hello\n\u200bMara: hi", "Hello"),
        ("Hello\u2028Mara: hi", "Hello"),
        ("Hello.\nBo: I object.", "Hello.\nBo: I object."),
        ("*nods*\n\n\n\n*smiles*", "*nods*\n\n\n\n*smiles*"),
        ("A list:\n* one\n* two", "A list:\n* one\n* two"),
        ("I <3 you", "I <3 you"),
        ("Hello.\n#", "Hello.\n#"),
        ("C# and ### are fine", "C# and ### are fine"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_a_reply_ends_where_the_character_ends(raw: str, expected: str) -> None:
    assert read(raw) == expected
    assert read(*raw) == expected


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Hello.\n", "Hello."),
        ("Hello.\n##", "Hello."),
        ("Hello.\n\n  M", "Hello."),
        ("Hello.\nMara", "Hello."),
        ("Hello.\nMara  ", "Hello."),
        ("Hello.\nMara s", "Hello.\nMara s"),
        ("Hello.\nLyra", "Hello."),
        ("Hello. <", "Hello."),
        ("Hello. <|im_", "Hello."),
        ("Hello. <3", "Hello. <3"),
        ("Hello. (leng", "Hello."),
        ("Hello. (length = lo", "Hello."),
        ("Hello. (lengthy", "Hello. (lengthy"),
        ("M", ""),
        ("#", ""),
        (" Lyra: ", ""),
        ("Hello ", "Hello"),
    ],
)
def test_what_may_become_a_stop_is_not_shown_yet(raw: str, shown: str) -> None:
    reply = ReplyText("Lyra", OTHERS)

    reply.feed(raw)

    assert reply.shown == shown
    assert not reply.done


@pytest.mark.parametrize(
    "raw", ["Hi.\n###", "Hi.\nMara:", "Hi.</s>", "Hi. (length = huge)", "Tom:"]
)
def test_a_stop_ends_the_reply_at_once(raw: str) -> None:
    reply = ReplyText("Lyra", OTHERS)

    for character in raw[:-1]:
        reply.feed(character)
        assert not reply.done
    reply.feed(raw[-1])

    assert reply.done
    reply.feed(" and more")
    assert reply.finish(cut=False) == ("" if raw == "Tom:" else "Hi.")


PIECES = st.sampled_from(
    [
        *("\n", "\n\n", " ", "  ", "\t", "\r\n", "\u2028", "#", "##", "###", "### Input:", "Lyra"),
        *("Lyra:", "lyra :", "Mara", "mara:", "Mara :", "Tom", "Old", "Old Ann", ":", "\uff1a"),
        *(
            "(length",
            " = ",
            "long)",
            "(length = huge)",
            "<",
            "</s>",
            "<|",
            "im_end|>",
            "[INST",
            "]",
        ),
        *("*", "**", "_", '"', "```", "hello", "Yes.", "M", "L", "a", "…", "😀", "\u200b", "(2)"),
    ]
)
RAW = st.lists(st.one_of(PIECES, PIECES, st.text(max_size=2)), max_size=25).map("".join)


@settings(max_examples=600, deadline=None)
@given(RAW, st.data())
def test_a_reply_does_not_depend_on_how_the_stream_is_cut(raw: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(raw)), max_size=12).map(sorted))
    pieces = [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]

    assert "".join(pieces) == raw
    assert read(*pieces) == read(raw)
    assert read(*pieces, cut=True) == read(raw, cut=True)


@settings(max_examples=600, deadline=None)
@given(RAW)
def test_nothing_that_was_shown_is_taken_back(raw: str) -> None:
    reply = ReplyText("Lyra", OTHERS)

    seen = [""]
    for character in raw:
        reply.feed(character)
        seen.append(reply.shown)
    seen.append(reply.finish(cut=False))

    assert all(after.startswith(before) for before, after in itertools.pairwise(seen))
    assert all(shown == shown.strip() for shown in seen[:-1])


@settings(max_examples=600, deadline=None)
@given(RAW)
def test_no_line_of_another_speaker_is_ever_shown(raw: str) -> None:
    reply = ReplyText("Lyra", OTHERS)

    for character in raw:
        reply.feed(character)
        for line in reply.shown.split("\n"):
            start = line.strip().casefold()
            assert not start.startswith(("###", "mara:", "tom:", "lyra:"))
        assert not any(token in reply.shown for token in ZEPHRP.special_tokens)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("She nods. She", "She nods."),
        (
            "Yes. She walks slowly to the far window and",
            "Yes. She walks slowly to the far window and",
        ),
        ("no end in sight", "no end in sight"),
        ('"Come in, please. Sit down," she', '"Come in, please."'),
        ("*She nods. She", "*She nods.*"),
        ("She nods.\nMar", "She nods."),
        ("She nods.\n##", "She nods."),
        ('She nods quietly. "', "She nods quietly."),
        ("She nods quietly.\nMara: hi", "She nods quietly."),
        ("```\ncode without an end", "```\ncode without an end\n```"),
        ("", ""),
    ],
)
def test_a_reply_that_ran_out_of_tokens_ends_with_a_sentence(raw: str, expected: str) -> None:
    assert read(raw, cut=True) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("*She nods.", "*She nods.*"),
        ('*She says "yes', '*She says "yes"*'),
        ('"Is it *late', '"Is it *late*"'),
        ("**loud", "**loud**"),
        ("||secret", "||secret||"),
        ("```\nx = 1", "```\nx = 1\n```"),
        ('"One paragraph.\n\n"Another."', '"One paragraph.\n\n"Another."'),
        ("*stray\n\nAnother paragraph.", "*stray\n\nAnother paragraph."),
        ("5 * 3 = 15", "5 * 3 = 15"),
        ('*done* and "done"', '*done* and "done"'),
    ],
)
def test_what_is_left_open_at_the_end_is_closed(raw: str, expected: str) -> None:
    assert read(raw) == expected


def test_names_with_odd_characters_are_matched_as_the_prompt_has_them() -> None:
    assert read("Hi.\nA.B (x) hi: no", others=["A.B: [x]"]) == "Hi.\nA.B (x) hi: no"
    assert read("Hi.\nA.B x: no", others=["A.B: [x]"]) == "Hi."
    assert read("Hi.\nAxB: yes", others=["A.B"]) == "Hi.\nAxB: yes"


def test_a_player_with_the_characters_own_name_does_not_silence_it() -> None:
    assert read("Lyra: Hello.", others=["LYRA"]) == "Hello."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The tide is in! We could row to", "The tide is in!"),
        ("The tide is in, we could row: a boat", ""),
        ("*The tide turns.*\n  * ? ", "*The tide turns.*"),
        ("The tide is in. A boat from St.Ives is on its way", "The tide is in."),
        ("The tide is in. It was named by J. R. Vane", "The tide is in."),
        ('"The tide?" * Row', '"The tide?"'),
        ('They call it "the tide" and row', 'They call it "the tide"'),
        ("It costs $5 to row", ""),
        ("The tide... then", "The tide..."),
        ("The tide 😀 and then", ""),
        ("(The tide", ""),
        ("The tide is in.\nWe could row to", "The tide is in."),
        ("\u201cThe tide\u201d comes", "\u201cThe tide\u201d"),
        ("the tide\u2026", "the tide\u2026"),
        ("She met Mr. Vane", ""),
        ("Bonjour ! Je suis", "Bonjour !"),
        ("そうです。でも", "そうです。"),
        ("", ""),
    ],
)
def test_the_last_whole_sentence_is_found(text: str, kept: str) -> None:
    assert text[: last_sentence_end(text)] == kept


def test_a_token_costs_little() -> None:
    words = [
        '"Come in,"',
        "she",
        "says.",
        "*The",
        "lamp*",
        "turns",
        "(slowly).",
        "\n\n",
        "Mara",
        "nods.",
    ]
    deltas = [f" {words[n % len(words)]}" for n in range(600)]

    best = min(_seconds(deltas) for _ in range(5))

    assert best / len(deltas) < 20e-6


def _seconds(deltas: Sequence[str]) -> float:
    reply = ReplyText("Lyra", [f"Player {n}" for n in range(8)] + ["Mara"])
    started = time.perf_counter()
    for delta in deltas:
        reply.feed(delta)
        assert reply.shown is not None
    elapsed = time.perf_counter() - started
    assert not reply.done
    return elapsed
