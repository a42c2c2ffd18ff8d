"""The exported page, as it is written; `test_chat_page.py` looks at it in a browser."""

import re
from base64 import b64encode
from hashlib import sha256
from itertools import chain
from typing import Any

import pytest

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_export import to_html
from bot.core.chat_style import MUTED, PAPER, SPEAKER_COLOURS
from bot.core.scene import Role
from tests.chat_pages import Page

DAY_MS = 86_400_000
C, P, N = Role.CHARACTER, Role.PLAYER, Role.NARRATOR


def said(name: str, role: Role, *swipes: str, **fields: Any) -> ChatMessage:
    return ChatMessage(name, role, swipes, **fields)


def page_of(*messages: ChatMessage, **fields: Any) -> str:
    chat = Chat(messages, **{"user_name": "Mara", "character_name": "Lyra", **fields})
    return to_html(chat).decode()


def test_the_page_names_who_plays_and_tells_what_was_said() -> None:
    html = page_of(
        said("Lyra", C, "*Hello.*", at_ms=DAY_MS),
        said("Mara", P, "Hi.", at_ms=2 * DAY_MS),
        said("Tom", P, "Yes.", at_ms=2 * DAY_MS),
        said("Narrator", N, "Rain.", at_ms=2 * DAY_MS),
        metadata={"scenario": "A **storm**."},
    )

    assert "<title>Lyra with Mara and Tom</title>" in html
    assert "<h1>Lyra</h1>" in html
    assert "4 lines · 2 January 1970 to 3 January 1970" in html
    assert "A <strong>storm</strong>." in html
    assert html.count('<p class="day">') == 2
    assert Page(html).text.index("Hello.") < Page(html).text.index("Yes.")
    assert re.findall(r'<article class="(.*?)">', html) == [
        "turn s0",
        "turn s1",
        "turn s2",
        "turn told",
    ]


def test_who_goes_on_speaking_is_not_named_again() -> None:
    html = page_of(said("Mara", P, "a"), said("Mara", P, "b"), said("Lyra", C, "c"))

    assert html.count(">Mara</h2>") == 1
    assert '<article class="turn on s0"><p dir="auto">b</p></article>' in html


def test_hidden_lines_and_other_versions_are_folded_away() -> None:
    html = page_of(
        said("Mara", P, "brb", hidden=True),
        said("Tom", P, "ok", hidden=True),
        said("Lyra", C, "one", "two", " ", "three", current=1),
    )

    assert "<summary>2 lines by Mara and Tom, hidden</summary>" in html
    assert '<details class="others"><summary>2 other versions</summary>' in html
    assert '<li><p dir="auto">one</p></li><li><p dir="auto">three</p></li>' in html
    assert "1 line" in html
    assert "with" not in Page(html).text.split("hidden", maxsplit=1)[0]


def test_a_mention_names_whom_the_file_knows() -> None:
    extra = {"extra": {"discord": {"author": "12"}}}

    html = page_of(said("Mara", P, "me", fields=extra), said("Lyra", C, "<@12> and <@13>"))

    assert "@Mara and @somebody" in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "</style><script>alert(1)</script>",
        "</title></head><img src=x onerror=alert(1)>",
        "\"><a href='javascript:alert(1)'>x</a>",
        "<!-- --><svg/onload=alert(1)>",
        "]]><style>@import 'https://a.b'</style>",
        "[x](javascript:alert(1)) <https://a.b> ![x](https://a.b/c.png)",
        "{{constructor}} ${1} &#60;script&#62;",
        "\u202ereversed\u0000\ud800",
    ],
)
def test_whatever_is_said_or_called_is_text(hostile: str) -> None:
    html = page_of(
        said(hostile, C, hostile, hostile * 2),
        said(hostile, P, f"||{hostile}||", hidden=True),
        said(hostile, N, f"`{hostile}`"),
        character_name=hostile,
        metadata={"scenario": hostile, hostile: hostile},
    )

    page = Page(html)
    assert page.text.count("alert(1)") == html.count("alert(1)")
    assert "\u202e" not in html
    assert "\0" not in html


def test_the_policy_lets_nothing_but_the_pages_own_style_in() -> None:
    html = page_of(said("Lyra", C, "Hello."))

    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
        in html
    )
    assert "url(" not in style
    assert "@import" not in style
    assert "://" not in html


def test_nobody_and_nothing_is_a_page_as_well() -> None:
    assert "0 lines" in Page(page_of(character_name="", user_name="")).text
    assert "(no text)" in Page(page_of(said("", C, ""))).text


@pytest.mark.parametrize("time", [0, 1])
def test_every_colour_can_be_read_on_its_paper(time: int) -> None:
    for colour in chain((pair[time] for pair in SPEAKER_COLOURS), (MUTED[time],)):
        assert contrast(colour, PAPER[time]) >= 4.5


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    lighter, darker = sorted(map(luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
