from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scene import ReplyMode, Turn, UserId
from bot.core.triggers import (
    ACTIVE_LINES,
    ACTIVE_MS,
    Decision,
    all_have_written,
    calls_by_name,
    decide,
    first_named,
    is_out_of_character,
)
from tests.scenes import ANN, BOB, line, reply


@pytest.mark.parametrize(
    "text",
    [
        "((brb))",
        "((brb",
        "  ((back in five)) ",
        "// phone",
        "//phone.",
        "ooc: wait",
        "OOC : wait",
        "(OOC: wait)",
        "(ooc wait",
        "[OOC] wait a second",
        "[ooc: wait]",
    ],
)
def test_talk_beside_the_story_is_recognised(text: str) -> None:
    assert is_out_of_character(text)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "https://example.com/a",
        "//cdn.example.com/cat.png",
        "(waves)",
        "((hums)) Good evening!",
        "(ooc: sorry) I open the door.",
        "(oocyte)",
        "He says ooc: nothing",
        "and/or // maybe",
        "cool: yes",
    ],
)
def test_the_story_is_not_taken_for_talk_beside_it(text: str) -> None:
    assert not is_out_of_character(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lyra, look!", ["Lyra"]),
        ("Is that LYRA's lamp?", ["Lyra"]),
        ("Straße or STRASSE", ["straße"]),
        ("ask  mara\nvane", ["Mara Vane"]),
        ("アヤちゃん", ["アヤ"]),
        ("Élise?", ["E\u0301lise"]),
        ("(C++) hello", ["C++"]),
        ("hello Tom", ["Lyra", "Tom"]),
    ],
)
def test_a_name_calls_its_character(text: str, names: list[str]) -> None:
    assert calls_by_name(text, names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lyrical", ["Lyra"]),
        ("Lyraesque", ["Lyra"]),
        ("annotate", ["Ann"]),
        ("anything", []),
        ("anything", ["", "  "]),
        ("abc", ["a.c"]),
    ],
)
def test_a_part_of_a_word_calls_nobody(text: str, names: list[str]) -> None:
    assert not calls_by_name(text, names)


@pytest.mark.parametrize(
    ("players", "mentioned", "replied", "text", "expected"),
    [
        (1, False, False, "Hello.", Decision.ANSWER),
        (0, False, False, "Hello.", Decision.ANSWER),
        (2, False, False, "Hello.", Decision.REMEMBER),
        (2, True, False, "Hello.", Decision.ANSWER),
        (2, False, True, "Hello.", Decision.ANSWER),
        (2, False, False, "Hello, lyra.", Decision.ANSWER),
        (1, True, True, "((brb))", Decision.IGNORE_OOC),
        (2, False, False, "// brb, Lyra", Decision.IGNORE_OOC),
        (1, True, True, " \n", Decision.IGNORE_EMPTY),
    ],
)
def test_a_message_is_decided_by_who_it_speaks_to(
    *, players: int, mentioned: bool, replied: bool, text: str, expected: Decision
) -> None:
    decision = decide(
        players=players,
        mentioned=mentioned,
        replied_to_character=replied,
        text=text,
        names=["Lyra"],
    )

    assert decision is expected


CALLS: dict[str, dict[str, object]] = {
    "nobody": {},
    "a mention": {"mentioned": True},
    "a reply": {"replied_to_character": True},
    "a name": {"text": "Mira, look!"},
}


@pytest.mark.parametrize("players", [1, 2])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("mode", "called_by"),
    [
        (ReplyMode.ALWAYS, {"nobody", "a mention", "a reply", "a name"}),
        (ReplyMode.NAME, {"a mention", "a reply", "a name"}),
        (ReplyMode.MENTION, {"a mention", "a reply"}),
        (ReplyMode.TURNS, set()),
    ],
)
def test_each_mode_has_its_calls_however_many_play(
    mode: ReplyMode, called_by: set[str], call: str, players: int
) -> None:
    said = {"mentioned": False, "replied_to_character": False, "text": "Hm.", **CALLS[call]}

    decision = decide(players=players, names=("Mira",), mode=mode, **said)  # type: ignore[arg-type]  # of a table

    assert (decision is Decision.ANSWER) == (call in called_by)


@pytest.mark.parametrize("mode", ReplyMode)
def test_talk_beside_the_story_is_answered_in_no_mode(mode: ReplyMode) -> None:
    decision = decide(
        players=1,
        mentioned=True,
        replied_to_character=True,
        text="((Mira, brb))",
        names=("Mira",),
        mode=mode,
        is_round_over=True,
    )

    assert decision is Decision.IGNORE_OOC


def test_a_round_is_over_when_all_have_written_since_the_last_reply() -> None:
    told: tuple[Turn, ...] = (line(1), line(2, author=BOB), reply(2, "Yes."))
    assert not all_have_written((*told, line(3)))
    assert all_have_written((*told, line(3), line(4, author=BOB)))
    assert all_have_written((*told, line(3, author=BOB), line(4)))


def test_whoever_plays_alone_ends_each_round() -> None:
    assert all_have_written((line(1), reply(1, "Yes."), line(2)))


def test_what_is_being_answered_was_said_before_the_round() -> None:
    told = (line(1), line(2, author=BOB), line(3))
    under_way = reply(2, "").id

    assert all_have_written(told)
    assert not all_have_written(told, answered=under_way)


def test_nobody_is_waited_for_who_has_long_not_written() -> None:
    gone = line(1, author=BOB)
    late = replace(line(2), at_ms=gone.at_ms + ACTIVE_MS + 1)
    assert all_have_written((gone, reply(1, "Yes."), late))
    assert not all_have_written((gone, reply(1, "Yes."), replace(late, at_ms=gone.at_ms)))

    many = [line(number) for number in range(2, 2 + ACTIVE_LINES)]
    assert all_have_written((gone, reply(1, "Yes."), *many))
    assert not all_have_written((gone, reply(1, "Yes."), *many[1:]))


def test_without_a_line_no_round_is_over() -> None:
    assert not all_have_written(())
    assert not all_have_written((reply(1, "Hello."),))


@given(st.lists(st.sampled_from([ANN, BOB, None]), max_size=12))
def test_the_order_in_which_players_write_does_not_count(said: Sequence[UserId | None]) -> None:
    """None is a reply."""
    turns = tuple(
        reply(number, "Yes.") if author is None else line(number, author=author)
        for number, author in enumerate(said, start=1)
    )
    since = list(said)[len(said) - said[::-1].index(None) :] if None in said else list(said)
    everybody = {author for author in said if author is not None}

    assert all_have_written(turns) == (bool(everybody) and everybody <= set(since))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Dov, where is Mira?", "Dov"),
        ("where is MIRA? dov?", "Mira"),
        ("Ida Crane?", "Ida Crane"),
        ("Nobody.", None),
    ],
)
def test_the_name_that_is_said_first_is_found(text: str, first: str | None) -> None:
    assert first_named(text, ["Mira", "Ida", "Ida Crane", "Dov"]) == first
