"""S11: a reply ends where somebody else would begin to speak."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.facts import Ending
from bot.core.reply_text import ReplyText
from tests.profiles import CHATML, ZEPHRP

OTHERS = ("Mara", "Tom", "Old Ann", "Lyra (2)")


def read(*deltas: str, cut: bool = False, others: Sequence[str] = OTHERS) -> str:
    reply = ReplyText("Lyra", others, ZEPHRP)
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
        ("The rope (length = two feet) holds.", "The rope (length = two feet) holds."),
        ("Hello.\n(Length=minimal)!\nContext:", "Hello."),
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
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)

    reply.feed(raw)

    assert reply.shown == shown
    assert not reply.done


@pytest.mark.parametrize(
    "raw", ["Hi.\n###", "Hi.\nMara:", "Hi.</s>", "Hi. (length = huge)", "Tom:"]
)
def test_a_stop_ends_the_reply_at_once(raw: str) -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)

    for character in raw[:-1]:
        reply.feed(character)
        assert not reply.done
    reply.feed(raw[-1])

    assert reply.done
    reply.feed(" and more")
    assert reply.finish(cut=False) == ("" if raw == "Tom:" else "Hi.")


@pytest.mark.parametrize(
    ("raw", "shown", "expected"),
    [
        ("She nods. She", "She nods.", "She nods."),
        ("Yes. She walks slowly to the window and", "Yes.", "Yes."),
        ("She nods. It costs 3.", "She nods.", "She nods. It costs 3."),
        ("no end in sight", "", "no end in sight"),
        ('"Come in, please. Sit down," she', '"Come in, please.', '"Come in, please."'),
        ("*She nods. She", "*She nods.", "*She nods.*"),
        ("*She nods*\nShe walks", "*She nods*", "*She nods*"),
        ("*She nods*\n", "*She nods*", "*She nods*"),
        ("She nods.\nMar", "She nods.", "She nods."),
        ("She nods.\n##", "She nods.", "She nods."),
        ('She nods quietly. "', "She nods quietly.", "She nods quietly."),
        ("She nods quietly.\nMara: hi", "She nods quietly.", "She nods quietly."),
        ("She waves\nMara: hi", "", "She waves"),
        ("```\ncode without an end", "", "```\ncode without an end\n```"),
        ("", "", ""),
    ],
)
def test_a_reply_that_ran_out_of_tokens_ends_with_a_sentence(
    raw: str, shown: str, expected: str
) -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)
    reply.whole_sentences()

    reply.feed(raw)

    assert reply.shown == shown
    assert reply.finish(cut=True) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("She nods. She walks", " to the window. Then", "She nods. She walks to the window."),
        ("She nods. She walks", " to the window, then", "She nods. She walks"),
        ("*She nods. She walks", " to the window", "*She nods. She walks*"),
        ('She says, "Well', " then", 'She says, "Well"'),
        ("She nods..", ". She", "She nods..."),
        ('"Wait.', '" She', '"Wait."'),
    ],
)
def test_what_is_shown_when_only_sentences_may_follow_stays(
    before: str, after: str, expected: str
) -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)
    reply.feed(before)
    reply.whole_sentences()

    reply.feed(after)

    assert reply.finish(cut=True) == expected


def test_a_reply_that_is_stopped_keeps_what_is_shown_and_no_more() -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)
    reply.feed('*She opens the door. "Come\nMar')

    assert reply.shown == '*She opens the door. "Come'
    assert reply.finish(cut=True) == '*She opens the door. "Come"*'


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('She says "', "She says"),
        ('She says *"', "She says"),
        ('She says " *', "She says"),
        ("She says (", "She says"),
        ("*", ""),
        ("She says.\n\n***", "She says."),
        ('"Hello."', '"Hello."'),
        ("*waves*", "*waves*"),
    ],
)
def test_a_mark_that_opens_is_shown_with_what_it_opens(raw: str, shown: str) -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)

    reply.feed(raw)
    assert reply.shown == shown
    reply.feed("well")

    assert reply.shown == raw + "well"
    assert read(raw) == shown


def test_a_reply_of_nothing_but_marks_is_empty() -> None:
    assert read("***") == read('"') == read("\n* *\n") == read("***", cut=True) == ""


@pytest.mark.parametrize(
    ("raw", "by"),
    [
        ("Hi.\n### Input:\nx", Ending.HEADER),
        ("Hi.\nMara: hello", Ending.NAME),
        ("Hi.\n**Mara**: hello", Ending.NAME),
        ("Hi.</s>", Ending.SPECIAL),
        ("Hi. (length = long)", Ending.SPECIAL),
        ("Hi. There is no more.", None),
        ("Hi.\nLyra: more", None),
    ],
)
def test_a_reply_knows_what_ended_it(raw: str, by: Ending | None) -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)

    reply.feed(raw)

    assert reply.ended_by is by
    assert reply.done is (by is not None)
    reply.finish(cut=False)
    assert reply.ended_by is by


@pytest.mark.parametrize(
    ("raw", "expected", "by"),
    [
        ("Hi. <END> more", "Hi.", Ending.STOP_STRING),
        ("Hi. <end> more", "Hi. <end> more", None),
        ("Hi.\n*** more", "Hi.", Ending.STOP_STRING),
        ("Hi. *** more", "Hi. *** more", None),
        ("Hi.\n\n\n\nmore", "Hi.", Ending.STOP_STRING),
        ("\n\n\n\nHi.", "Hi.", None),
        ("Hi.</s> more", "Hi.", Ending.SPECIAL),
    ],
)
def test_a_stop_of_the_profiles_own_ends_a_reply(
    raw: str, expected: str, by: Ending | None
) -> None:
    profile = replace(ZEPHRP, stops=("<END>", "\n***", "\n\n\n\n", "</s>"))
    for pieces in ([raw], list(raw)):
        reply = ReplyText("Lyra", OTHERS, profile)

        for piece in pieces:
            reply.feed(piece)

        assert reply.finish(cut=False) == expected
        assert reply.ended_by is by


def test_a_header_of_chatml_ends_a_reply() -> None:
    header = ReplyText("Lyra", OTHERS, CHATML)
    header.feed("Hi.\n<|im_start|>user")
    end = ReplyText("Lyra", OTHERS, CHATML)
    end.feed("Hi.<|im_end|>")

    assert (header.finish(cut=False), header.ended_by) == ("Hi.", Ending.HEADER)
    assert (end.finish(cut=False), end.ended_by) == ("Hi.", Ending.SPECIAL)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("**Lyra:** Hello.", "Hello."),
        ("**Lyra**: Hello.", "Hello."),
        ("***Lyra:*** Hello.", "Hello."),
        ("_**Lyra**_: Hello.", "Hello."),
        ("_**Lyra:**_ Hello.", "Hello."),
        ("**lyra :** Hello.", "Hello."),
        ("Hi.\n__Lyra__\uff1a Hello.", "Hi.\nHello."),
        ("*Lyra: nods.* Hello.", "*nods.* Hello."),
        ("**Lyra: Hello.**", "**Hello.**"),
        ("Lyra: *nods.* Hello.", "*nods.* Hello."),
        ("Lyra:*nods.* Hello.", "*nods.* Hello."),
        ("**Lyra:** **Lyra:** Hello.", "Hello."),
        ("**Lyra:** Mara: hi", ""),
        ("**Lyra:", ""),
        ("**Lyra:**", ""),
        ("**Lyra** nods.", "**Lyra** nods."),
        ("She is *Lyra:* a star.", "She is *Lyra:* a star."),
    ],
)
def test_the_own_name_is_taken_out_with_its_emphasis(raw: str, expected: str) -> None:
    assert read(raw) == expected
    assert read(*raw) == expected


@pytest.mark.parametrize(
    ("spoken", "raw", "expected"),
    [
        ("She opens the door", " and waits.", "She opens the door and waits."),
        ("She opens the door.", "\n\nLyra: Come in.", "She opens the door.\n\nCome in."),
        ("She opens the door.", "\nMara: hi", "She opens the door."),
        ("She said to", " Lyra: come.", "She said to Lyra: come."),
        ("The sign says", "Lyra: come.", "The sign saysLyra: come."),
        ("She opens the door. \n", "\nIt rains.", "She opens the door.\nIt rains."),
        ("*She opens", " the door", "*She opens the door*"),
        ("She opens the door.", "", "She opens the door."),
        ('She says: "', "", 'She says: "'),
        ("", " Lyra: Hello.", "Hello."),
    ],
)
def test_a_reply_that_goes_on_keeps_what_it_has_said(spoken: str, raw: str, expected: str) -> None:
    for pieces in ([raw], list(raw)):
        reply = ReplyText("Lyra", OTHERS, ZEPHRP, spoken=spoken)
        assert reply.shown == spoken.rstrip()

        for piece in pieces:
            reply.feed(piece)

        assert reply.finish(cut=False) == expected


def test_a_reply_that_goes_on_and_breaks_off_loses_nothing_of_what_it_had() -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP, spoken="It rains. She opens the")
    reply.whole_sentences()
    reply.feed(" door and then")

    assert reply.finish(cut=True) == "It rains. She opens the"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Hello.\r\n\r\nIt rains.", "Hello.\n\nIt rains."),
        ("Hello.\u2028It rains.", "Hello.\nIt rains."),
        ("Hello.  \n  It rains.", "Hello.\n  It rains."),
        ("Hello.\t It rains.", "Hello.\t It rains."),
    ],
)
def test_lines_end_as_prompts_have_them(raw: str, expected: str) -> None:
    assert read(raw) == expected
    assert read(*raw) == expected


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
        ("\u201cIs it late", "\u201cIs it late\u201d"),
        ("\u201eIst es sp\u00e4t\u201c", "\u201eIst es sp\u00e4t\u201c"),
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
