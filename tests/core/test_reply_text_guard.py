"""S11: a strict guard: no sentence of a reply tells what a player does."""

import pytest

from bot.core.facts import Ending
from bot.core.reply_text import ReplyText
from bot.core.scene import GuardLevel
from tests.profiles import ZEPHRP

OTHERS = ("Mara", "Tom", "Old Ann", "Tobias", "The")


def reply_to(*pieces: str, character: str = "Lyra", spoken: str = "") -> ReplyText:
    reply = ReplyText(character, OTHERS, ZEPHRP, guard=GuardLevel.STRICT, spoken=spoken)
    for piece in pieces:
        reply.feed(piece)
    return reply


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Lyra waves. Mara nods.", "Lyra waves."),
        ("Lyra waves.\nMara nods.", "Lyra waves."),
        ("Lyra waves.\n\n*Mara walks over.*", "Lyra waves."),
        ("*Lyra waves.* *Mara walks over.*", "*Lyra waves.*"),
        ("*Lyra waves* *Mara walks over*", "*Lyra waves*"),
        ("*Lyra waves. Mara walks over.*", "*Lyra waves.*"),
        ("Lyra waves. Mara's hand trembles.", "Lyra waves."),
        ("Lyra waves. Mara\u2019s hand trembles.", "Lyra waves."),
        ("Lyra waves. Tobias' hand trembles.", "Lyra waves."),
        ("Lyra waves! mara nods.", "Lyra waves!"),
        ("Lyra waves\u2026 **Mara** nods.", "Lyra waves\u2026"),
        ("Lyra waves. Old  Ann nods.", "Lyra waves."),
        ("Lyra waves. Mara (smiling) nods.", "Lyra waves."),
        ('Lyra waves. Mara "Hello!"', "Lyra waves."),
        ("Lyra waves. Mara: hello", "Lyra waves."),
        ("Lyra waves. (Mara nods.)", "Lyra waves."),
        ('"Come in." Mara nods.', '"Come in."'),
        ('"Come in," Mara says.', '"Come in,"'),
        ("\u201cCome in.\u201d Mara nods.", "\u201cCome in.\u201d"),
        ('"Come in." Mara, startled, nods.', '"Come in."'),
        ("Lyra waves. *Mara, startled, nods.*", "Lyra waves."),
        ("Mara nods.", ""),
        ("Lyra: Mara nods.", ""),
        ('"I never closed this.\n\nMara nods.', '"I never closed this."'),
    ],
)
def test_narration_of_a_player_ends_a_strict_reply(raw: str, expected: str) -> None:
    whole, pieces = reply_to(raw), reply_to(*raw)

    assert whole.finish(cut=False) == pieces.finish(cut=False) == expected
    assert whole.ended_by is pieces.ended_by is Ending.PLAYER


@pytest.mark.parametrize(
    "raw",
    [
        '"Mara, come in," Lyra says.',
        '"It rains. Mara, come in. Mara is late," Lyra says.',
        "\u201cIt rains. Mara is late.\u201d",
        "\u00abIl pleut. Mara dort.\u00bb",
        "\u2018It\u2019s late. Mara sleeps.\u2019",
        '*Lyra waves.* "It rains. Mara is late."',
        "Lyra waves. Mara, come in.",
        "Lyra waves. Mara! Come in.",
        "Lyra waves. Mara \u2014 come in.",
        "Lyra waves. Mara?",
        "Lyra waves. Mara",
        "Lyra waves at Mara and Tom.",
        "Lyra waves, and Mara nods.",
        "Lyra waves. Maranatha rings.",
        "Lyra waves. Mara-Lynn nods.",
        "Lyra calls St. Mara nods.",
        "The *old* Mara is gone.",
        "Lyra waves. The rain falls.",
        "Lyra waves. Bo nods.",
    ],
)
def test_speech_and_the_characters_own_part_stay(raw: str) -> None:
    whole, pieces = reply_to(raw), reply_to(*raw)

    assert whole.finish(cut=False) == pieces.finish(cut=False) == raw
    assert whole.ended_by is pieces.ended_by is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Lyra waves. Mar", "Lyra waves."),
        ("Lyra waves. Mara ", "Lyra waves."),
        ("Lyra waves. Mara'", "Lyra waves."),
        ("Lyra waves. *Ma", "Lyra waves."),
        ("Lyra waves. Mart", "Lyra waves. Mart"),
        ("Lyra waves. Mara!", "Lyra waves. Mara!"),
        ("Lyra waves at Mar", "Lyra waves at Mar"),
        ('"It rains. Mar', '"It rains. Mar'),
    ],
)
def test_what_may_become_narration_is_not_shown_yet(raw: str, shown: str) -> None:
    reply = reply_to(*raw)

    assert reply.shown == shown
    assert not reply.done


def test_a_character_whose_name_goes_on_where_a_players_ends_may_act() -> None:
    for pieces in (["It rains. Mara Vane nods."], list("It rains. Mara Vane nods.")):
        reply = reply_to(*pieces, character="Mara Vane")
        assert reply.finish(cut=False) == "It rains. Mara Vane nods."
    assert reply_to("It rains. Mara Vale", character="Mara Vane").ended_by is Ending.PLAYER


def test_quotation_marks_that_were_open_before_count_when_a_reply_goes_on() -> None:
    inside = reply_to(" Mara is late.", spoken='"It rains.')
    outside = reply_to(" Mara is late.", spoken='"It rains."')

    assert inside.finish(cut=False) == '"It rains. Mara is late."'
    assert outside.finish(cut=False) == '"It rains."'


def test_only_the_named_players_are_watched_where_they_are_named() -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP, guard=GuardLevel.STRICT, players=["Mara"])

    reply.feed("Tom nods. Mara nods.")

    assert reply.finish(cut=False) == "Tom nods."


def test_a_normal_guard_lets_narration_pass() -> None:
    reply = ReplyText("Lyra", OTHERS, ZEPHRP)

    reply.feed("Lyra waves. Mara nods.")

    assert reply.finish(cut=False) == "Lyra waves. Mara nods."
