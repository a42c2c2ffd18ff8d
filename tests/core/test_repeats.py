import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.repeats import LEAST_WORDS, MOST_WORDS, RepeatJudge, Verdict, is_near_repeat

LAMP = (
    '*The keeper trims the lamp and looks out over the water.* "There is weather coming," she '
    'says. "You had better stay the night."'
)
KETTLE = 'She sets the kettle on the stove and nods at the empty chair. "Sit, and get warm."'
SHORT = '"Yes."'
EARLIER = (LAMP, KETTLE, SHORT)


def verdict(text: str) -> Verdict:
    return RepeatJudge(EARLIER).verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        LAMP,
        KETTLE,
        "The keeper trims the lamp, and looks out over the WATER. Then",
        "*The keeper trims the lamp and gazes out over the water.*",
        "The old keeper trims the lamp and looks out over the water.",
        "Keeper trims the lamp and looks out over the water.",
        "He sets the kettle on the stove and nods at the empty chair.",
        "She sets the kettle on the stove.",
        "She sets the kettle on a stove.",
        '"Sit," she sets the kettle on the stove and nods at the chair.'.removeprefix('"Sit," '),
    ],
)
def test_a_beginning_that_was_there_before_is_a_repeat(text: str) -> None:
    assert verdict(text) is Verdict.REPEAT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rain drums on the roof of the lighthouse.", 2),
        ("*She laughs, and pours the tea.*", 3),
        ("She sets off down the stairs at once.", 4),
        ("The keeper shakes her head slowly.", 4),
        ("The keeper trims her nails in silence.", 5),
        ("She sets the kettle aside and stands.", 6),
    ],
)
def test_another_beginning_is_shown_within_its_first_words(text: str, words: int) -> None:
    shown = " ".join(text.split()[:words]) + " "
    judge = RepeatJudge(EARLIER)

    assert judge.verdict(shown) is Verdict.CLEAR
    assert judge.verdict(text) is Verdict.CLEAR


@pytest.mark.parametrize("text", ['"Yes."', "Yes.", "*The keeper trims.*", "She sets the kettle."])
def test_a_formula_is_no_repeat(text: str) -> None:
    assert verdict(text) is not Verdict.REPEAT
    assert not is_near_repeat(text, [*EARLIER, text])


def test_a_repeat_behind_a_formula_is_found() -> None:
    judge = RepeatJudge(['"Yes." She takes the lantern from its hook.'])

    assert judge.verdict('"Yes." ') is Verdict.HOLD
    assert judge.verdict('"Yes." She takes the lantern.') is Verdict.REPEAT


def test_a_word_that_is_begun_is_judged_by_what_there_is() -> None:
    judge = RepeatJudge(EARLIER)

    assert judge.verdict("She sets the ke") is Verdict.HOLD
    assert judge.verdict("She sets the ketch") is Verdict.HOLD
    assert judge.verdict("She sets the ketch al") is Verdict.CLEAR


def test_without_earlier_replies_all_is_clear() -> None:
    assert RepeatJudge([]).verdict("") is Verdict.CLEAR
    assert RepeatJudge([SHORT]).verdict('"Y') is Verdict.CLEAR


def test_text_without_blanks_between_words_is_judged_as_well() -> None:
    judge = RepeatJudge(["灯台守はランプを手に取り、海を見た。"])

    assert judge.verdict("灯台守はランプを手に取り、空を見た。") is Verdict.REPEAT
    assert is_near_repeat(
        "灯台守はランプを手に取り、空を見た。", ["灯台守はランプを手に取り、海を見た。"]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LAMP, True),
        (LAMP.upper().replace(",", ""), True),
        (LAMP.replace("coming", "near").replace("night", "week"), True),
        (LAMP + " She turns away.", True),
        ("She sets the kettle on the hob and nods at the empty chair.", True),
        (KETTLE + " " + " ".join(f"word{n}" for n in range(40)), False),
        ("The keeper looks up. The lamp is out, and the water is still.", False),
        ("", False),
    ],
)
def test_a_reply_with_mostly_the_same_words_in_a_row_is_a_near_repeat(
    text: str, *, expected: bool
) -> None:
    assert is_near_repeat(text, EARLIER) is expected


WORDS = st.sampled_from(
    [
        *("she", "She", "sets", "the", "kettle", "on", "*stove*", "keeper", "trims", "lamp", "and"),
        *("don't", "don\u2019t", "yes", "Yes.", "…", "\n", "海", "looks", "x", "nods,", '"Sit'),
    ]
)
TEXT = st.lists(WORDS, max_size=20).map(" ".join)


@settings(max_examples=500, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3), st.lists(st.integers(0, 120), max_size=6))
def test_a_verdict_does_not_depend_on_how_often_it_is_asked_for(
    text: str, earlier: list[str], places: list[int]
) -> None:
    judge = RepeatJudge(earlier)
    seen = [judge.verdict(text[:place]) for place in sorted(places)]
    seen.append(judge.verdict(text))

    decided = [each for each in seen if each is not Verdict.HOLD]
    assert len(set(decided)) <= 1
    assert seen == sorted(seen, key=lambda each: each is not Verdict.HOLD)
    assert seen[-1] is RepeatJudge(earlier).verdict(text)


@settings(max_examples=500, deadline=None)
@given(TEXT)
def test_a_reply_repeats_itself_unless_it_is_a_formula(text: str) -> None:
    words = len(text.replace("…", "").split())
    again = RepeatJudge([text]).verdict(text + ".\nAnd so on.")

    if words >= MOST_WORDS:
        assert again is Verdict.REPEAT
    if words < LEAST_WORDS:
        assert again is Verdict.CLEAR
    assert is_near_repeat(text, [text]) is (words >= LEAST_WORDS)


def test_a_verdict_costs_little() -> None:
    reply = " ".join(f"{'The keeper trims the lamp' if n == 0 else 'and'} w{n}" for n in range(300))
    repeat = " ".join([LAMP] * 15)

    for text in (reply, repeat):
        steps = [text[:end] for end in range(5, len(text), 5)][:300]
        best = min(_seconds(steps) for _ in range(5))
        assert best / len(steps) < 5e-6


def _seconds(steps: list[str]) -> float:
    judge = RepeatJudge(EARLIER)
    started = time.thread_time()
    for text in steps:
        judge.verdict(text)
    return time.thread_time() - started
