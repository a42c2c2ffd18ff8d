"""`python -m recipe check`: each check finds what it is for, and lets good texts be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.measuring_scenes import SCENES
from recipe.__main__ import main
from recipe.dataset.checks import (
    LEAST_CONVERSATIONS,
    LEAST_REPLIES,
    LEAST_WORDS,
    MOST_WITH_A_NAME,
    problems_of,
    problems_of_set,
    problems_of_size,
)
from recipe.dataset.conversation import Conversation, read_conversation
from tests.profiles import ZEPHRP
from tests.recipe.conversations import FIRST, SECOND, USUAL, put, word_tokenizer, written

Check = Callable[..., int]


def conversation(text: str = "", name: str = "inn/01.yaml") -> Conversation:
    return read_conversation((text or written()).encode(), name, "inn")


def problems(text: str) -> list[str]:
    return list(problems_of(conversation(text), ZEPHRP))


def with_last(text: str, side: str = FIRST) -> str:
    """The usual conversation with one more turn of that side."""
    more = [(FIRST, text)] if side == FIRST else [(FIRST, "Good."), (SECOND, text)]
    return written([*USUAL, (SECOND, "Go on."), *more])


def test_a_good_conversation_has_no_problem() -> None:
    assert problems(written()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*She nods.*", "holds an asterisk"),
        ("\u201cCome in.\u201d", "holds a curly quotation mark"),
        ("It\u2019s late.", "holds a curly quotation mark"),
        ("Well\u2026", "holds an ellipsis sign"),
        ("Well \U0001f600", "holds an emoji"),
        ("# Chapter one", "holds markup"),
        ("- one\n- two", "holds markup"),
        ("A `word` here.", "holds markup"),
        ("[She leaves.]", "holds a stage direction"),
        ("((brb))", "holds a stage direction"),
        ("OOC that was fun", "holds a stage direction"),
        ("(She leaves the room.)", "brackets around a whole turn"),
        ("A <b>word</b>.", "holds a tag"),
        ('"Come in.', "has a quotation mark without its other"),
        ('"One.\n\nTwo."', "has a quotation mark without its other"),
        ("He said shit and left.", "is not for everyone: shit"),
        ("It was Gandalf, of course.", "names somebody or something known: Gandalf"),
        ("It was a testament to her will.", "holds a worn phrase: a testament to"),
        ("Her voice was barely above a whisper.", "holds a worn phrase"),
        ('Bram: "I will."', "takes the part of Bram"),
        ('"Sit." Bram sat down and wept.', "takes the part of Bram"),
        ('Odalys: "Sit."', "begins with its speaker's label"),
        ("### Input", "holds markup"),
        ("Sit.</s>", "holds what ends a reply: a special"),
        ("One.\n\n\nTwo.", "holds a blank line too many"),
    ],
)
def test_what_is_wrong_with_a_turn_is_told_with_its_place(text: str, words: str) -> None:
    found = [each for each in problems(with_last(text)) if words in each]

    assert len(found) == 1
    assert found[0].startswith("inn/01.yaml: conversation[5].text ")
    assert found[0].endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        '"One," she said. "Two. Bram is a good name."',
        '"It was long ago.\n\n"And it rained," she said.',
        "She looked at Bram and waited - then laughed, all 3 of her teeth showing.",
        "The sea went out and the gulls came in. The sea went out and the gulls came in.",
        "1. e4, she wrote. Caf\u00e9 K\u00f6nig \u2014 at nine.",
        "The mother hen shifted. A jedi is no name for a dog.",
    ],
)
def test_good_prose_is_let_be(text: str) -> None:
    assert problems(with_last(text)) == []


def test_a_player_may_tell_what_the_character_does_but_not_speak_for_it() -> None:
    assert problems(with_last("Odalys laughed, and I with her.", SECOND)) == []
    assert "takes the part of Odalys" in problems(with_last('Odalys: "Ha."', SECOND))[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written(USUAL[:2]), "conversation has fewer than 4 turns"),
        (written([*USUAL, (FIRST, "Well?")]), "conversation[4] is the same side's"),
        (written(personas=("*odd*", "A courier.")), "personas.<FIRST> holds an asterisk"),
        (written(scenario="A room\u2026"), "scenario holds an ellipsis sign"),
        (with_last("Der Wind blies \u00fcber das Meer. " * 20), "is not in English"),
        (with_last("\u041d\u043e\u0447\u044c."), "is not in English"),
        (with_last("An NSFW story."), "is not for everyone"),
        (with_last("The sea went out and the gulls came in. " * 3), "says more than twice"),
        (written(names=(SCENES[0].character.name, "Bram")), "models are measured on"),
        (with_last(SCENES[1].character.text), "as a scene does that models are measured on"),
    ],
)
def test_what_is_wrong_with_a_whole_conversation(text: str, words: str) -> None:
    found = [each for each in problems(text) if words in each]

    assert len(found) == 1
    assert found[0].startswith("inn/01.yaml: ")


def test_two_conversations_that_say_the_same_are_told_once() -> None:
    said = "a heron stood in the reeds and counted every fish that went by"
    first = conversation(with_last(f"{said.capitalize()}, twice."), "a/1.yaml")
    second = conversation(written([(SECOND, f"It was late, and {said}.")]), "b/2.yaml")

    found = list(problems_of_set([first, second]))

    same = "“a heron stood in the reeds and counted” and 5 more"
    assert found == [f"b/2.yaml: the file says {same}, as a/1.yaml does."]
    assert list(problems_of_set([first])) == []


def test_a_copy_is_found_whatever_its_names_are() -> None:
    turns = [(SECOND, "Where did the tall man with the umbrella go?"), *USUAL[1:]]
    copies = [
        conversation(written(turns, names=names), f"{names[0]}.yaml")
        for names in (("Odalys", "Bram"), ("Itziar", "Knut"))
    ]

    assert len(list(problems_of_set(copies))) == 1


def test_a_name_is_not_everybodys() -> None:
    texts = [f"word{number} " * 20 for number in range(MOST_WITH_A_NAME + 1)]
    many = [
        conversation(
            written(
                [(FIRST, text)],
                names=("Odalys", f"Bram {number}"),
                personas=(text, text),
                scenario=text,
            ),
            f"{number}.yaml",
        )
        for number, text in enumerate(texts)
    ]

    assert list(problems_of_set(many)) == [
        f"{MOST_WITH_A_NAME}.yaml: names has Odalys, as {MOST_WITH_A_NAME} other files do."
    ]
    assert list(problems_of_set(many[:-1])) == []


def test_the_set_is_to_be_large_and_to_have_every_length() -> None:
    enough = dict(LEAST_REPLIES)
    whole = [conversation(with_last("word " * LEAST_WORDS))] * LEAST_CONVERSATIONS
    assert list(problems_of_size(whole, enough)) == []

    found = list(problems_of_size([conversation()], {**enough, "micro": 39}))

    assert found == [
        f"There are 1 conversations of {LEAST_CONVERSATIONS}.",
        f"There are 34 words in turns, of {LEAST_WORDS:,}.",
        "There are 39 replies of the length micro, of 40.",
    ]
    assert sum("replies of the length" in each for each in problems_of_size(whole, {})) == 10


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(*arguments: str) -> int:
        return main(
            [
                *("check", str(tmp_path / "texts"), "--source", "inn"),
                *("--tokenizer", str(word_tokenizer(tmp_path)), *arguments),
            ]
        )

    return run


def test_the_command_tells_every_problem_and_the_figures(
    tmp_path: Path, check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "texts/inn/01.yaml", written())
    assert check("--part") == 0
    put(tmp_path, "texts/inn/02.yaml", "names: [")
    put(tmp_path, "texts/inn/03.yaml", with_last("*She nods.*"))
    capsys.readouterr()

    assert check("--part") == 1

    said = capsys.readouterr().out
    assert "inn/02.yaml is no YAML" in said
    assert "inn/03.yaml: conversation[5].text holds an asterisk." in said
    assert "2 conversations, 7" in said
    assert "tiny 4, short 0" in said
    assert check() == 1
    assert "There are 2 conversations of 200." in capsys.readouterr().out


def test_the_command_refuses_what_dataset_refuses(
    tmp_path: Path, check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "texts/lolicit/01.yaml", written())

    assert check() == 2

    assert "never read, whatever is allowed" in capsys.readouterr().err
