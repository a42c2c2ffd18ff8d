import re

import pytest

from bot.tgi_server.limarp import parse_prompt
from bot.tgi_server.reply_shaper import Ended, ReplyShaper
from bot.tgi_server.small_model import plan_reply
from tests.tgi_server.prompts import lima


def shaper(length: str = "medium", prefill: str = "") -> ReplyShaper:
    prompt = parse_prompt(lima([("Tom", "Hi")], length=length, prefill=prefill))
    assert prompt is not None
    return ReplyShaper(plan_reply(prompt))


def shaped(text: str, length: str = "medium", pieces: str = r"\s*\S+") -> tuple[str, Ended | None]:
    reply = shaper(length)
    shown = reply.open()
    for piece in re.findall(pieces, text) if pieces else text:
        shown += reply.feed(piece)
    return shown + reply.close(), reply.ended


@pytest.mark.parametrize("pieces", [r"\s*\S+", "", r"(?s).{1,3}"])
def test_asterisks_become_prose(pieces: str) -> None:
    shown, _ = shaped(""" grins.* "Aye, look!" *She points*""", pieces=pieces)

    assert shown == ' Mira grins. "Aye, look!" She points.'


def test_narration_without_a_full_stop_gets_one_before_speech() -> None:
    shown, _ = shaped(' smiles warmly* "Come in."')

    assert shown == ' Mira smiles warmly. "Come in."'


def test_emphasis_within_speech_is_only_unmarked() -> None:
    shown, _ = shaped(' nods.* "I *really* mean it."')

    assert shown == ' Mira nods. "I really mean it."'


@pytest.mark.parametrize("pieces", [r"\s*\S+", ""])
def test_a_sentence_of_the_player_ends_the_reply_unseen(pieces: str) -> None:
    shown, ended = shaped(" grins. Tom walks over and nods. She waits.", pieces=pieces)

    assert shown == " Mira grins."
    assert ended is Ended.PLAYER


def test_names_that_only_begin_like_the_players_may_stay() -> None:
    shown, ended = shaped(" grins. Tomorrow comes. Tommy waits.*")

    assert shown == " Mira grins. Tomorrow comes. Tommy waits."
    assert ended is None


def test_a_player_may_be_spoken_to() -> None:
    shown, ended = shaped(' grins.* "Look. Tom, the sail!"')

    assert shown == ' Mira grins. "Look. Tom, the sail!"'
    assert ended is None


def test_a_line_of_the_player_is_never_shown() -> None:
    shown, _ = shaped(' grins.* "Aye." Tom: "No!"')

    assert shown == ' Mira grins. "Aye."'


def test_enough_words_end_with_their_sentence() -> None:
    shown, ended = shaped("Hop in. Mind the wet plank. And the rope. And the dog.", "micro")

    assert shown == ' "Hop in. Mind the wet plank."'
    assert ended is Ended.ENOUGH


def test_a_sentence_without_end_is_ended_at_a_comma() -> None:
    shown, ended = shaped("I will ring the bell for you, and then we go home again, " * 3, "micro")

    assert shown == ' "I will ring the bell for you, and then we go home again."'
    assert ended is Ended.ENOUGH


def test_a_title_is_no_end_of_a_sentence() -> None:
    shown, _ = shaped("You must ask for old Mr. Brown. Now go.", "micro")

    assert shown == ' "You must ask for old Mr. Brown."'


def test_a_sentence_said_twice_ends_the_reply() -> None:
    shown, ended = shaped(' nods.* "I am so tired. I am so tired. I am so tired."')

    assert ended is Ended.LOOP
    assert shown == ' Mira nods. "I am so tired. I am so tired."'


def test_a_line_break_ends_a_reply_that_is_long_enough() -> None:
    long_enough = " one two three four five six seven eight nine ten." * 3

    shown, ended = shaped(f"{long_enough}\n\nMeta text", pieces=r"\s?\S+|\n")

    assert ended is Ended.PARAGRAPH
    assert "Meta" not in shown


def test_another_paragraph_begins_with_the_character() -> None:
    reply = shaper("long")
    shown = reply.open() + reply.feed(' waves.* "Come')

    shown += reply.begin_paragraph() + reply.feed(" sits.*")

    assert shown == ' Mira waves. "Come."\n\nMira sits.'


def test_a_continued_reply_is_neither_opened_nor_spaced() -> None:
    reply = shaper(prefill='"Well')

    shown = reply.open() + reply.feed(', Tom." *She smiles.*')

    assert shown == ', Tom." She smiles.'
