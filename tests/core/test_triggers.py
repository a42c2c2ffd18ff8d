import pytest

from bot.core.triggers import Decision, calls_by_name, decide, is_out_of_character


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
