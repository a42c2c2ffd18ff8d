"""A story without somebody: not a word of theirs, and not their name."""

from dataclasses import replace

from bot.core.privacy import Forgotten, nameless, without, without_players
from bot.core.quotes import quote
from bot.core.scene import MessageId, Role, Scene, Turn, TurnId, UserId
from tests.scenes import ANN, BOB, line, reply, scene

SAID = "My secret is a brass key, and nobody must know where it is. " * 8


def story(*turns: Turn, names: dict[UserId, str] | None = None) -> Scene:
    return Scene(replace(scene(), players=names or {ANN: "Ann", BOB: "Bob"}), turns)


def test_their_turns_go_and_others_stay() -> None:
    told = story(line(1), line(2, author=BOB, name="Bob"), reply(2, "Oh."))

    left = without(told, {BOB})

    assert [turn.id for turn in left.turns] == [told.turns[0].id, told.turns[2].id]
    assert dict(left.head.players) == {ANN: "Ann"}
    assert left.head.unnamed == {"Bob"}


def test_a_story_without_them_is_the_same_object() -> None:
    told = story(line(1), names={ANN: "Ann"})

    assert without(told, {BOB}) is told
    assert without(told, ()) is told
    assert without_players(told.head, {BOB}) is told.head


def test_what_others_quote_of_them_goes_under_whatever_name_they_said_it() -> None:
    theirs = replace(line(1, author=BOB, name="Lyra"), swipes=(SAID,))
    unnamed = replace(theirs, id=TurnId("2"), role=Role.NARRATOR, name="", messages=(MessageId(2),))
    quoting = [
        replace(line(number), quoted=quote((said, reply(9, "x")), said.messages[0]))
        for number, said in ((3, theirs), (4, unnamed))
    ]
    other = replace(line(5), quoted="Clover: “Bob is a fine name.”")
    assert all(turn.quoted for turn in quoting)

    left = without(story(theirs, unnamed, *quoting, other), {BOB})

    assert [turn.quoted for turn in left.turns] == ["", "", other.quoted]


def test_names_are_not_told_however_they_are_cased() -> None:
    told = story(
        line(1, author=BOB, name="Bob"),
        replace(reply(1, ""), swipes=("BOB! Bobby waits, and Bob's hat with him. bob",)),
    )
    told = Scene(replace(told.head, note="Bob is away.", scenario="Bob and Ann."), told.turns)

    left = nameless(without(told, {BOB}))

    assert left.turns[0].text == "someone! Bobby waits, and someone's hat with him. someone"
    assert (left.head.note, left.head.scenario) == ("someone is away.", "someone and Ann.")


def test_a_name_that_somebody_else_has_too_is_told() -> None:
    told = story(
        line(1, author=BOB, name="Ann"),
        replace(reply(1, ""), swipes=("Ann!",)),
        names={ANN: "Ann", BOB: "Ann"},
    )

    assert nameless(without(told, {BOB})).turns[0].text == "Ann!"


def test_a_receipt_counts_what_there_was() -> None:
    done = Forgotten(channels=2, lines=3, personas=1)

    counts = {kind.value: count for kind, count in done.counts().items() if count}
    assert counts == {"channels": 2, "lines": 3, "personas": 1}
