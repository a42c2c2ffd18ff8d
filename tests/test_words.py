"""The bot's own words: none is left out, and every language has all of them."""

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from discord import app_commands

from bot.adapters.word_files import LANGUAGES
from bot.core.phrases import places_of
from tools.command_tree import Command, command_tree
from tools.write_words import catalogue, texts

MOST_OF_A_COMMAND = 8_000
"""Characters of its names, descriptions and values, each in the language where it is longest."""
ROOT = Path(__file__).parent.parent
SAYING = {"say", "say_once", "say_in_place", "send_message", "explain", "notice", "send"}
"""What says its first text, or its second one behind the place, to people."""
FILES = sorted(
    path
    for layer in ("core", "services", "discord_ui")
    for path in (ROOT / "bot" / layer).rglob("*.py")
)
LANGUAGE_NAMES = sorted(set(LANGUAGES.values()))


def user_errors() -> frozenset[str]:
    """The names of `UserError` and of all that is derived from it."""
    bases: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(base) for base in node.bases}
    found = {"UserError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


def said_barely(tree: ast.AST, errors: frozenset[str]) -> Iterator[ast.expr]:
    """Texts with words that are handed to people as they stand."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
        if name in SAYING | errors:
            handed = [*node.args, *(each.value for each in node.keywords if each.arg == "content")]
            yield from (each for each in handed if is_bare(each))


def is_bare(text: ast.expr) -> bool:
    """Whether a text, or one of two, has words and is no phrase."""
    match text:
        case ast.IfExp():
            return is_bare(text.body) or is_bare(text.orelse)
        case ast.Constant(value=str(words)):
            return bool(re.search(r"[A-Za-z]{2,}[,.]?[ .…]", words))
        case ast.JoinedStr():
            return any(is_bare(each) for each in text.values if isinstance(each, ast.Constant))
    return False


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ('raise UserError("No.")', True),
        ('raise UserError(f"{name} is gone.")', True),
        ('await say(interaction, "Yes." if well else told)', True),
        ('await notices.say(place, "Wait.")', True),
        ('await notices.say(place, phrase("Wait."))', False),
        ("raise UserError(told)", False),
        ('await say(interaction, f"**{name}**")', False),
    ],
)
def test_the_search_for_bare_words_finds_them(code: str, is_found: bool) -> None:  # noqa: FBT001  # a row of the table
    tree = ast.parse(f"async def function():\n    {code}")

    assert bool(list(said_barely(tree, frozenset({"UserError"})))) is is_found


def test_nobody_is_told_a_sentence_that_has_no_translation() -> None:
    errors = user_errors()

    bare = [
        f"{path.relative_to(ROOT)}:{text.lineno}: {ast.unparse(text)}"
        for path in FILES
        for text in said_barely(ast.parse(path.read_text(encoding="utf-8")), errors)
    ]

    assert bare == []


def test_every_text_is_a_template() -> None:
    for text in texts():
        assert places_of(text) is not None, text


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_language_has_every_text_and_no_other(language: str) -> None:
    known = set(catalogue(language))
    wanted = set(texts())

    assert sorted(known - wanted) == [], "left over: run `python -m tools.write_words --tidy`"
    assert sorted(wanted - known) == [], "see `python -m tools.write_words --missing`"


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    wrong = [
        (text, said)
        for text, said in catalogue(language).items()
        if places_with_formats(text) != places_with_formats(said)
    ]

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_translation_fits_where_discord_shows_it(language: str) -> None:
    limits = texts()

    long = [
        (len(said), said)
        for text, said in catalogue(language).items()
        if len(said) > limits.get(text, 2_000)
    ]

    assert long == []


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_translation_says_something_and_keeps_blanks_at_its_ends(language: str) -> None:
    for text, said in catalogue(language).items():
        assert said.strip(), text
        assert edges(said) == edges(text), text


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_translation_names_the_commands_that_its_text_names(language: str) -> None:
    commands = re.compile(r"`/[a-z][^`]*`|(?<![\w`])/[a-z]+(?: [a-z-]+)?(?=[\s.,:;)])")
    wrong = [
        (text, said)
        for text, said in catalogue(language).items()
        if not {each.split(" ")[0].strip("`") for each in commands.findall(text)}
        <= set(re.findall(r"/[a-z]+", said))
    ]

    assert wrong == []


def test_a_file_of_words_is_written_in_one_way() -> None:
    for language in LANGUAGE_NAMES:
        path = ROOT / "bot" / "locales" / f"{language}.json"
        words = json.loads(path.read_text(encoding="utf-8"))
        in_order = [text for text in texts() if text in words]

        assert list(words) == in_order, "run `python -m tools.write_words --tidy`"


@pytest.mark.parametrize("command", command_tree(), ids=lambda command: command.name)
def test_a_command_is_no_larger_than_discord_takes_with_all_its_languages(
    command: Command,
) -> None:
    catalogues = [catalogue(language) for language in LANGUAGE_NAMES]

    size = sum(
        max(len(text), *(len(words.get(text, "")) for words in catalogues))
        for text in texts_of(command)
    )

    assert size <= MOST_OF_A_COMMAND


def texts_of(command: object) -> Iterator[str]:
    """Names, descriptions and values of a command and all that is in it."""
    match command:
        case app_commands.Group():
            yield from (command.name, command.description)
            for each in command.commands:
                yield from texts_of(each)
        case app_commands.Command():
            yield from (command.name, command.description)
            for option in command.parameters:
                yield from (option.display_name, str(option.description))
                for choice in option.choices:
                    yield from (choice.name, str(choice.value))


def places_with_formats(text: str) -> set[tuple[str, str]]:
    """The places of a template, each with how its value is written."""
    found = string.Formatter().parse(text)
    return {(name, form or "") for _, name, form, _ in found if name is not None}


def edges(text: str) -> tuple[str, str]:
    """The blanks before and behind a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
