"""Kubernetes shows the files of a ConfigMap this way."""

from pathlib import Path

import pytest

from bot.adapters.character_files import load_characters
from bot.adapters.character_yaml import key_for
from bot.core.characters import ExampleLine, Rating
from bot.core.lengths import Length
from bot.core.scene import CharacterKey, Role
from tests.adapters.character_folder import BROKEN, GOOD, Write, only_warning, png
from tests.profiles import LENGTHS


def test_every_field_arrives(folder: Path, write: Write) -> None:
    write("face.png", png())
    write(
        "ann-of-the-nets.yaml",
        "name: Ann\n"
        "tagline: Mends nets.\n"
        "persona: >-\n  Ann mends nets\n  and talks to gulls.\n"
        "scenario: '{{char}} sits on the quay.'\n"
        "greetings:\n  - '\"Mind the hook.\"'\n  - Hello.\n"
        "group_greetings: 'All of you.'\n"
        "examples:\n  - player: Hello?\n  - character: '\"Hm,\" said {{Char}}.'\n"
        "length: Short\nrating: everyone\navatar: face.png\n",
    )

    loaded = load_characters(folder, lengths=LENGTHS)

    character = loaded.characters[CharacterKey("ann-of-the-nets")]
    assert loaded.warnings == ()
    assert character.name == "Ann"
    assert character.tagline == "Mends nets."
    assert character.persona == "Ann mends nets and talks to gulls."
    assert character.scenario == "Ann sits on the quay."
    assert character.greetings == ('"Mind the hook."', "Hello.")
    assert character.group_greetings == ("All of you.",)
    assert character.examples == (
        ExampleLine(Role.PLAYER, "Hello?"),
        ExampleLine(Role.CHARACTER, '"Hm," said Ann.'),
    )
    assert character.length == Length("short")
    assert character.rating is Rating.EVERYONE
    assert character.avatar == png()


def test_a_name_and_a_persona_are_enough(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD)

    character = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("ann")]

    assert (character.greetings, character.examples, character.length) == ((), (), None)
    assert character.rating is Rating.EVERYONE


def test_words_that_yaml_would_turn_into_values_stay_words(folder: Path, write: Write) -> None:
    write("no.yaml", "name: No\npersona: 1_000\nscenario: 2026-01-01\ntagline: null\n")

    character = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("no")]

    assert (character.name, character.persona) == ("No", "1_000")
    assert (character.scenario, character.tagline) == ("2026-01-01", "")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        b"---\n" + GOOD.encode() + b"...\n",
    ],
    ids=["byte order mark", "CRLF", "document marks"],
)
def test_what_editors_leave_behind_does_no_harm(content: bytes, folder: Path, write: Write) -> None:
    write("ann.yaml", content)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert loaded.warnings == ()
    assert loaded.characters[CharacterKey("ann")].persona == "Ann mends nets."


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_left_out_with_a_sentence(case: str, folder: Path, write: Write) -> None:
    content, complaint = BROKEN[case]
    write("ann.yaml", GOOD)
    write("broken.yaml", content)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann"}
    assert complaint in only_warning(loaded)
    assert only_warning(loaded).startswith("characters/broken.yaml: ")
    assert only_warning(loaded).endswith(".")
    assert only_warning(loaded).isprintable()


def test_tags_construct_nothing(folder: Path, write: Write, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write("ann.yaml", f"name: Ann\npersona: !!python/object/apply:os.mkdir ['{trace}']\n")
    write("bob.yaml", "name: Bob\npersona: x\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert not trace.exists()
    assert set(loaded.characters) == {"bob"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("greeting: Hi.", "line 3: `greeting` is not a field; did you mean `greetings`?"),
        ("personality: x", "`personality` is not a field; did you mean `persona`?"),
        ("length: lnog", "`length` 'lnog' is unknown and left out; did you mean long?"),
        ("tagline: " + "x" * 101, "line 3: `tagline` has 101 characters"),
        ('"a\\nb": x', "`'a\\nb'` is not a field"),
    ],
)
def test_a_harmless_slip_is_said_and_the_character_plays(
    line: str, complaint: str, folder: Path, write: Write
) -> None:
    write("ann.yaml", GOOD + line + "\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert complaint in only_warning(loaded)
    assert "?." not in only_warning(loaded)
    assert loaded.characters[CharacterKey("ann")].name == "Ann"


def test_a_long_tagline_is_cut_to_what_discord_shows(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD + "tagline: " + "x" * 200 + "\n")

    tagline = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("ann")].tagline

    assert tagline == "x" * 99 + "…"


def test_a_persona_that_crowds_out_the_story_is_said(folder: Path, write: Write) -> None:
    write("ann.yaml", "name: Ann\npersona: " + "word " * 1500 + "\n")

    assert "goes into every prompt" in only_warning(load_characters(folder, lengths=LENGTHS))


def test_two_characters_of_one_name_are_both_there_and_said(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD)
    write("other.yaml", GOOD.replace("Ann", "ANN"))

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann", "other"}
    assert "ann and other share the name 'Ann'" in only_warning(loaded)


def test_two_files_of_one_key_keep_the_first(folder: Path, write: Write) -> None:
    write("a-b.yaml", GOOD)
    write("a_b.yaml", GOOD.replace("Ann", "Bob"))

    loaded = load_characters(folder, lengths=LENGTHS)

    assert loaded.characters[CharacterKey("a-b")].name == "Ann"
    assert "characters/a_b.yaml: the name `a-b` is taken" in only_warning(loaded)


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("Ann Marie", "ann-marie"),
        ("__ann__", "ann"),
        ("Ánn", "ánn"),
        ("アン", "アン"),
        ("!!!", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_key_is_a_lower_case_slug(stem: str, key: str) -> None:
    assert key_for(stem) == key


def test_a_minor_of_the_hosts_own_is_never_rated_adult(folder: Path, write: Write) -> None:
    write("ann.yaml", "name: Ann\npersona: 'Ann mends nets. Age: 16'\n")
    write("bob.yaml", "name: Bob\npersona: 'Bob mends nets. Age: 16'\nrating: adult\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann"}
    assert "line 3: the character is described as under 18, so it can" in only_warning(loaded)
