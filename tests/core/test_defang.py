"""S09: links, masked links and invitations in what a model writes."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.defang import LONGEST_WORD, Defanger, defanged
from bot.core.profiles import ModelProfile
from bot.core.reply_text import ReplyText
from tests.profiles import ZEPHRP

CLICKABLE = re.compile(r"(?:https?|ftp|discord|steam)://|discord\.gg/[\w-]", re.IGNORECASE)
PIECES = st.sampled_from(
    [
        *("http", "https", "s", ":", "/", "//", "://", " ", "\n", "discord", ".gg", "/", "x", "]("),
        *("[gold](https://evil.example/a)", "discord.gg/abc", "htthttp://p://", ")", "…", "Ahoy"),
    ]
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See https://evil.example/a?b=c now", "See https: //evil.example/a?b=c now"),
        ("[gold](http://evil.example)", "[gold](http: //evil.example)"),
        ("<HTTPS://evil.example>", "<HTTPS: //evil.example>"),
        ("discord.gg/abc-123, come!", "discord.gg/… come!"),
        ("https://discord.com/invite/abc", "https: //discord.com/invite/…"),
        ("(discord.gg/abc)", "(discord.gg/…)"),
        ("htthttp://p://x", "htthttp: //p://x"),
        ("steam://run/5", "steam: //run/5"),
        ("either/or, 5:30, c:/x, a//b", "either/or, 5:30, c:/x, a//b"),
        ("http:/", "http:/"),
        ("", ""),
    ],
)
def test_s09_links_lead_nowhere(written: str, shown: str) -> None:
    assert defanged(written) == shown
    assert defanged(shown) == shown
    fed = Defanger()
    assert "".join(map(fed.feed, written)) + fed.finish() == shown


@given(st.lists(PIECES, max_size=30))
@example(["http", ":", "/", "/", "x"])
def test_s09_nothing_that_was_shown_is_taken_back(pieces: list[str]) -> None:
    fed, shown = Defanger(), ""
    for piece in pieces:
        shown += fed.feed(piece)
        assert CLICKABLE.search(shown) is None
    shown += fed.finish()

    assert shown == defanged("".join(pieces))


@given(st.lists(PIECES, max_size=15), st.lists(PIECES, max_size=15))
def test_s09_a_reply_that_goes_on_makes_no_link_of_two_halves(
    before: list[str], after: list[str]
) -> None:
    said = defanged("".join(before))
    fed = Defanger(said)
    whole = said + "".join(map(fed.feed, after)) + fed.finish()

    assert CLICKABLE.search(whole) is None


def test_s09_a_word_without_end_costs_no_more_than_its_length() -> None:
    fed = Defanger()
    for _ in range(100 * LONGEST_WORD):
        fed.feed("a")

    assert len(fed._word) <= LONGEST_WORD


@pytest.mark.parametrize(("keeps", "shown"), [(True, "https://a.example"), (False, "https: //a.")])
def test_s09_a_reply_as_it_grows(*, keeps: bool, shown: str) -> None:
    profile: ModelProfile = ZEPHRP
    reply = ReplyText("Mira", ["Ann"], profile, keeps_links=keeps)
    seen = []
    for char in " Look: [gold](https://a.example/b) or discord.gg/abc today.":
        reply.feed(char)
        seen.append(reply.shown)
    text = reply.finish(cut=False)

    assert shown in text
    assert ("discord.gg/abc" in text) is keeps
    assert all(text.startswith(each) for each in seen)
    assert keeps or not any(CLICKABLE.search(each) for each in seen)
