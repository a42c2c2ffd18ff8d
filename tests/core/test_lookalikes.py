"""S12: names that pass for somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UserError
from bot.core.lookalike_table import LOOKALIKES
from bot.core.lookalikes import (
    KnownName,
    NameTaken,
    Whose,
    distinct_name,
    fit_name,
    looks_like,
    skeletons,
)
from bot.core.names import NAME_CHARACTERS, clean_name

RESERVED = [
    "Discord",
    "\uff24iscord",  # fullwidth
    "D\u0456scord",  # Cyrillic i
    "Disc\u043erd",  # Cyrillic o
    "Disc0rd",
    "DlSCORD",
    "D i s c o r d",
    "★ Discord ★",
    "Discord.",
    "D\u200biscord",
    "\U0001d403\U0001d422\U0001d42c\U0001d41c\U0001d428\U0001d42b\U0001d41d",  # mathematical
    "Discord Support Team",
    "the Discord bot",
    "Clyde",
    "CIyde",  # a capital i
    "C1yde",
    "\u0421lyde",  # Cyrillic
    "System",
    "SYSTEM",
    "S\u0443st\u0435m",  # Cyrillic
    "Sys\u0442em",  # Cyrillic, drawn like a capital
    "S\u0443stern",
    "\u0405ystem",  # Macedonian
    "everyone",
    "@everyone",
    "here",
    "Admin",
    "\u0391dmin",  # Greek
    "Adm\u0131n",  # without a dot
    "Ad\u043cin",  # Cyrillic m
    "\u00c1dm\u00edn",  # accents
    "ADMlN",
    "Server Admin",
    "Moderator",
    "M0derator",
    "M\u00f6derator",
    "Mod\u0435rat\u03bfr",  # Cyrillic and Greek
    "Mod Team",
    "Staff",
    "\u13daTAFF",  # Cherokee
    "Automod",
]

FREE = [
    "Mara",
    "Ash Discordia",
    "Clyde Barrow",
    "Systema",
    "Bot",
    "The Owner",
    "Hereward",
    "Admiral Vane",
    "Modest Mouse",
    "Анна",
    "Ελένη",
    "李小龍",
    "محمد",
    "आदित्य",
    "김민준",
    "X",
    "7",
]


@pytest.mark.parametrize("name", RESERVED)
def test_names_of_discord_and_of_staff_are_nobodys(name: str) -> None:
    with pytest.raises(NameTaken, match=r"looks like a name of Discord's or of a server's staff"):
        fit_name(name)


@pytest.mark.parametrize("word", ["discord", "Clyde", "SYSTEM", "moderator", "Admin"])
def test_no_letter_can_be_swapped_for_one_that_looks_like_it(word: str) -> None:
    like = dict(entry.split(":") for entry in LOOKALIKES.split())
    swapped = [
        word[:at] + other + word[at + 1 :]
        for at, letter in enumerate(word)
        for form in (letter.lower(), letter.upper())
        for other in like.get(form, "")
    ]

    assert len(swapped) > 60
    for name in swapped:
        with pytest.raises(NameTaken):
            fit_name(name)


@pytest.mark.parametrize("name", FREE)
def test_names_of_people_are_free(name: str) -> None:
    assert fit_name(name) == clean_name(name, fallback="")


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("\u0391nn", "Ann"),
        ("ann", "Ann"),
        ("A n n", "Ann"),
        ("Ann.", "Ann"),
        ("Änn", "Ann"),
        ("Ann Official", "Ann"),
        ("[Mod] Ann", "Ann"),
        ("Ann (Admin)", "Ann"),
        ("Ann", "Mod Ann"),
        ("AHHA", "\u0410\u041d\u041d\u0410"),
        ("\u0430\u043d\u043d\u0430", "\u0410\u041d\u041d\u0410"),
        ("\u039c\u0391\u03a1\u0391", "MAPA"),
        ("rnara", "mara"),
        ("Mara\u3164", "Mara"),
        ("Iris", "lris"),
        ("O\u2019Neil", "ONeil"),
        ("B0b", "Bob"),
        ("\U0001d4d0nn", "Ann"),
    ],
)
def test_names_that_are_drawn_alike_look_alike(name: str, taken: str) -> None:
    assert looks_like(name, taken)
    with pytest.raises(NameTaken, match=r"looks like a moderator's name here\. Please choose"):
        fit_name(name, [KnownName("Somebody", Whose.BOT), KnownName(taken, Whose.MODERATOR)])


@pytest.mark.parametrize(
    ("name", "other"),
    [("Anna", "Ann"), ("Ann Bell", "Ann"), ("Tom", "Ann"), ("Ann", "···"), ("Mod", "Admin")],
)
def test_other_names_do_not(name: str, other: str) -> None:
    assert not looks_like(name, other)


def test_a_refusal_says_whose_name_it_is() -> None:
    with pytest.raises(NameTaken, match=r"^“LANTERN” looks like my own name here\."):
        fit_name("LANTERN", [KnownName("Lantern", Whose.BOT)])
    with pytest.raises(NameTaken, match=r"^“VANE” looks like a character's name here\."):
        fit_name("VANE", [KnownName("Vane", Whose.CHARACTER)])


@pytest.mark.parametrize("name", ["", "  ", "###", "\u200b", "!?", "♥"])
def test_a_name_has_something_to_read(name: str) -> None:
    with pytest.raises(UserError, match=r"^A name has at least one letter or digit\.$"):
        fit_name(name)


def test_a_name_that_fits_is_clean() -> None:
    assert fit_name("  Mara:\n[the] smith  ") == "Mara the smith"


@pytest.mark.parametrize("name", [*RESERVED, "Ann", "\u0391nn", "x" * 40])
def test_a_characters_name_is_told_apart_rather_than_refused(name: str) -> None:
    known = [KnownName("Ann", Whose.MODERATOR), KnownName("x" * 32, Whose.BOT)]

    distinct = distinct_name(name, known, fallback="Character")

    assert distinct.endswith(" (character)")
    assert len(distinct) <= NAME_CHARACTERS
    assert fit_name(distinct, known) == distinct


def test_a_characters_name_that_is_free_stays() -> None:
    assert distinct_name("Vane", [KnownName("Ann", Whose.MODERATOR)], fallback="X") == "Vane"
    assert distinct_name("###", fallback="Character") == "Character"


@given(st.text(max_size=60))
def test_every_name_is_clean_or_refused(name: str) -> None:
    try:
        fitted = fit_name(name)
    except UserError:
        return
    assert fit_name(fitted) == fitted == clean_name(fitted, fallback="")


@given(st.text(max_size=40))
def test_a_name_looks_like_itself_whatever_it_is_made_of(name: str) -> None:
    drawn = skeletons(name)

    assert looks_like(name, name) is bool(drawn)
    assert all(each.isalnum() for each in drawn)
