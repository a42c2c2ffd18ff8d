import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.harmless import harmless


@pytest.mark.parametrize(
    ("text", "tame"),
    [
        ("See https://evil.example/x?y=1 now.", "See (a link) now."),
        ("See <https://evil.example>.", "See (a link)."),
        ("Join discord.gg/abc, friend.", "Join (a link) friend."),
        ("https://discord.com/invite/abc", "(a link)"),
        ("[the harbour](https://evil.example)", "the harbour"),
        ("@everyone, @here and @Tom", "everyone, here and @Tom"),
        (
            "<@123>, <@!123>, <@&123> and <#123>",
            "(somebody), (somebody), (somebody) and (somebody)",
        ),
        ("A\u200bh\u202eoy", "Ahoy"),
        ("No" + "o" * 300 + "!", "N" + "o" * 20 + "!"),
    ],
)
def test_what_filters_stop_is_left_out(text: str, tame: str) -> None:
    assert harmless(text) == tame


@pytest.mark.parametrize(
    "text", ["Ahoy!", "*She waves.* “Well…”\n\nThe end.", "5 < 7 @ noon :) [sic]", "a.b/c"]
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


PIECES = ["https://", "discord.gg/", "@everyone", "<@1>", "[a](", ")", "x" * 30, "\u200b", " ", "a"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_doing_it_twice_changes_nothing_more(text: str) -> None:
    once = harmless(text)

    assert harmless(once) == once
