"""Several characters: who may join, who answers, and who goes on."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cast import (
    MOST_CHARACTERS,
    added,
    calls_of,
    people_of,
    removed,
    who_answers,
    who_goes_on,
    whose_turn,
)
from bot.core.characters import Character
from bot.core.errors import UserError
from bot.core.scene import CharacterKey, MessageId, Role, SceneHead, Turn, player_turn_id
from tests.scenes import ANN, scene


def character(name: str) -> Character:
    return Character(CharacterKey(name.casefold().replace(" ", "-")), name, f"{name} is here.")


MIRA, DOV, IDA = (character(name) for name in ("Mira", "Dov", "Ida"))
PEOPLE = (MIRA, DOV, IDA)
LOADED = {who.key: who for who in PEOPLE}


def head(*others: Character, **fields: object) -> SceneHead:
    cast = tuple(who.key for who in others)
    return replace(scene(), cast=cast, **fields)  # type: ignore[arg-type]  # its fields


def told(*said: tuple[str, str]) -> tuple[Turn, ...]:
    """Lines by name; whoever is no character is a player."""
    names = {who.name for who in PEOPLE}
    return tuple(
        Turn(
            player_turn_id(MessageId(number)),
            Role.CHARACTER if name in names else Role.PLAYER,
            name,
            (text,),
        )
        for number, (name, text) in enumerate(said, start=1)
    )


def test_who_joins_speaks_after_those_who_play() -> None:
    change = added(head(DOV), IDA, (MIRA, DOV))

    assert change.head is not None
    assert people_of(change.head, LOADED) == PEOPLE


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (MIRA, "plays here already"),
        (DOV, "plays here already"),
        (Character(CharacterKey("mira-2"), "MIRA", ""), "called MIRA plays"),
        (character("Ann"), "A player here is called Ann"),
    ],
)
def test_nobody_joins_who_would_be_taken_for_another(who: Character, why: str) -> None:
    with pytest.raises(UserError, match=why):
        added(head(DOV), who, (MIRA, DOV))


def test_six_are_enough() -> None:
    others = [character(f"Extra {number}") for number in range(MOST_CHARACTERS - 1)]

    with pytest.raises(UserError, match="6 characters play here"):
        added(head(*others), IDA, (MIRA, *others))


def test_the_next_takes_the_place_of_the_first_who_leaves() -> None:
    change = removed(head(DOV, IDA, banter=2), MIRA.key, LOADED)

    assert change.head is not None
    assert (change.head.character, change.head.character_name) == (DOV.key, "Dov")
    assert change.head.cast == (IDA.key,)
    assert change.head.banter == 2


def test_who_is_left_alone_answers_nobody_by_itself() -> None:
    change = removed(head(DOV, banter=2), DOV.key, LOADED)

    assert change.head is not None
    assert change.head.cast == ()
    assert change.head.banter == 0


def test_the_last_one_does_not_leave() -> None:
    with pytest.raises(UserError, match="plays alone here"):
        removed(head(), MIRA.key, LOADED)


def test_who_does_not_play_cannot_leave() -> None:
    with pytest.raises(UserError, match="does not play here"):
        removed(head(DOV), IDA.key, LOADED)


def test_whom_the_line_names_first_answers() -> None:
    turns = told(("Mira", "Hello."), ("Ann", "Ida, where is Dov?"))

    assert who_answers(turns, PEOPLE) == IDA.key


def test_a_first_name_calls_whom_alone_it_belongs_to() -> None:
    crew = (character("Dov Kettle"), character("Dov Marsh"), character("Ida Marsh"))

    assert who_answers(told(("Ann", "Ida?")), crew) == "ida-marsh"
    assert who_answers(told(("Ann", "Dov Marsh, and Ida?")), crew) == "dov-marsh"
    assert set(calls_of(crew)) == {"Dov Kettle", "Dov Marsh", "Ida Marsh", "Ida"}


def test_a_name_outdoes_the_message_that_is_replied_to() -> None:
    line = told(("Ann", "Dov?"))

    assert who_answers(line, PEOPLE, replied_to="Ida") == DOV.key
    assert who_answers(told(("Ann", "You?")), PEOPLE, replied_to="Ida") == IDA.key


def test_a_line_that_nobody_has_answered_yet_still_calls() -> None:
    turns = told(("Mira", "Hello."), ("Ann", "Ida!"), ("Ann", "Please."))

    assert who_answers(turns, PEOPLE) == IDA.key


def test_a_name_that_was_answered_calls_no_more() -> None:
    turns = told(("Ann", "Ida!"), ("Ida", "Yes?"), ("Ann", "Oh."))

    assert who_answers(turns, PEOPLE) == MIRA.key


def test_without_a_name_they_take_turns() -> None:
    turns = told(("Ann", "Hello."))
    order = []
    for number in range(6):
        key = who_answers(turns, PEOPLE)
        order.append(key)
        turns = told(*((turn.name, turn.text) for turn in turns), (LOADED[key].name, "Yes."))
        turns = told(*((turn.name, turn.text) for turn in turns), ("Ann", f"{number}"))

    assert order == [MIRA.key, DOV.key, IDA.key] * 2


def test_characters_answer_each_other_so_often_and_no_more() -> None:
    turns = told(("Ann", "Hello."), ("Mira", "Yes."))
    spoken = []
    while (key := who_goes_on(turns, PEOPLE, 3)) is not None:
        spoken.append(key)
        turns = told(*((turn.name, turn.text) for turn in turns), (LOADED[key].name, "Yes."))

    assert spoken == [DOV.key, IDA.key, MIRA.key]


def test_whom_a_reply_names_goes_on_from_it() -> None:
    turns = told(("Ann", "Hello."), ("Mira", "Mira asks: Ida, what do you say?"))

    assert who_goes_on(turns, PEOPLE, 1) == IDA.key


def test_a_line_is_no_reply_to_go_on_from() -> None:
    assert who_goes_on(told(("Mira", "Yes."), ("Ann", "Hello.")), PEOPLE, 6) is None
    assert who_goes_on((), PEOPLE, 6) is None


def test_nobody_answers_themselves() -> None:
    assert who_goes_on(told(("Ann", "Hello."), ("Mira", "Yes.")), (MIRA,), 6) is None


NAMES = st.sampled_from(["Ann", "Mira", "Dov", "Ida"])


@given(st.lists(NAMES, max_size=12), st.integers(0, 6))
def test_whoever_speaks_plays_and_is_never_whoever_spoke(names: Sequence[str], most: int) -> None:
    turns = told(*((name, "Well.") for name in names))

    assert whose_turn(turns, PEOPLE) in LOADED
    key = who_goes_on(turns, PEOPLE, most)
    if key is not None:
        assert LOADED[key].name != names[-1]
        since = names[::-1].index("Ann") if "Ann" in names else len(names)
        assert 0 < since <= most


@given(st.integers(1, 3))
def test_all_have_spoken_before_anybody_speaks_twice(rounds: int) -> None:
    turns = told(("Ann", "Hello."))
    for _ in range(rounds):
        spoken = set()
        for _ in PEOPLE:
            key = whose_turn(turns, PEOPLE)
            spoken.add(key)
            turns = told(*((turn.name, turn.text) for turn in turns), (LOADED[key].name, "Yes."))
        assert spoken == set(LOADED)


def test_who_plays_is_known_without_the_files_that_are_gone() -> None:
    assert people_of(head(DOV, IDA), {DOV.key: DOV}) == (DOV,)
    assert ANN in head(DOV).players
