"""What every `PatternSearch` does, and that strangers' patterns cannot hang ours."""

import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from time import thread_time

import pytest

from bot.adapters.re2_patterns import Re2PatternSearch
from bot.core.lore_ports import Pattern, PatternRefused, PatternSearch, PatternTooSlow
from tests.fakes.plain_patterns import PlainPatternSearch

SEARCHES: dict[str, Callable[[], PatternSearch]] = {
    "re2": Re2PatternSearch,
    "plain": PlainPatternSearch,
}
SPENT: dict[str, Callable[[], PatternSearch]] = {
    "re2": lambda: Re2PatternSearch(within_s=0),
    "plain": lambda: PlainPatternSearch(searches=0),
}
EVIL = (
    "(a+)+$",
    "((a{500}){500}){500}",
    "(?:a|b|c|d){1,1000}" * 5,
    "(.*){1,1000}[bc]",
    "((((((a*)*)*)*)*)*)*b",
    r"(\w+\s?)*x",
    "(a|aa)+$",
    "(.*a){20}",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?:(?:(?:a{1,30}){1,30}){1,30}){1,30}",
    "(" * 200,
)
TEXT = ("a" * 9_000 + " hello " * 1_500 + "!")[:20_000]


@pytest.mark.parametrize("make", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        (Pattern("dragons?"), "two dragons", True),
        (Pattern("dragon"), "two Dragons", False),
        (Pattern("dragon", "i"), "two Dragons", True),
        (Pattern("dragon", "giu"), "two Dragons", True),
        (Pattern("^b", ""), "a\nb", False),
        (Pattern("^b", "m"), "a\nb", True),
        (Pattern("a.b", ""), "a\nb", False),
        (Pattern("a.b", "s"), "a\nb", True),
        (Pattern(r"caf\u00e9"), "the café", True),
        (Pattern("日本+"), "今日は日本", True),
        (Pattern("a"), "\ud800a", True),
    ],
)
def test_patterns_are_found_as_their_flags_say(
    make: Callable[[], PatternSearch], pattern: Pattern, text: str, *, is_found: bool
) -> None:
    assert make().found(pattern, text) is is_found


@pytest.mark.parametrize("make", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("source", ["[", "(", "*a", r"\8"])
def test_what_is_no_pattern_is_refused(make: Callable[[], PatternSearch], source: str) -> None:
    with pytest.raises(PatternRefused):
        make().found(Pattern(source), "a")


@pytest.mark.parametrize("make", SPENT.values(), ids=SPENT)
def test_what_is_spent_finds_nothing_more(make: Callable[[], PatternSearch]) -> None:
    with pytest.raises(PatternTooSlow):
        make().found(Pattern("a"), "a")


@pytest.mark.parametrize("source", [r"a(?=b)", r"(?<=a)b", r"(a)\1"])
def test_patterns_that_need_going_back_are_refused(source: str) -> None:
    with pytest.raises(PatternRefused):
        Re2PatternSearch().found(Pattern(source), "aab")


@pytest.mark.parametrize("source", EVIL, ids=lambda source: source[:20])
def test_an_evil_pattern_takes_less_than_a_second(source: str) -> None:
    began = thread_time()

    with suppress(PatternRefused):
        Re2PatternSearch().found(Pattern(source), TEXT)

    assert thread_time() - began < 1


def test_many_evil_patterns_take_hardly_more_than_one() -> None:
    search, began, slow = Re2PatternSearch(), thread_time(), 0
    for number in range(300):
        try:
            search.found(Pattern(f"(.*){{1,{number + 100}}}[bc]"), TEXT)
        except PatternTooSlow:
            slow += 1
        except PatternRefused:
            pass

    assert thread_time() - began < 1
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert used < 1_000_000 * (1024 if sys.platform == "darwin" else 1)
