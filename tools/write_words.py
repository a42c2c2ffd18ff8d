"""Keeps the catalogues in `bot/locales` complete: which texts there are, and which a file lacks.

python -m tools.write_words --list          all texts as JSON, with the most characters of each
python -m tools.write_words --missing de    those that a language lacks, as JSON to be filled in
python -m tools.write_words --tidy de       its file in the order of the code, and nothing left over
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path

from discord import app_commands

from bot.adapters.profile_files import load_profile
from tools.command_tree import Command, command_tree

BOT = Path(__file__).resolve().parent.parent / "bot"
LOCALES = BOT / "locales"
COMMAND_TEXT, BUTTON, OPTION, PLACEHOLDER, FIELD, ANSWER = 100, 80, 100, 150, 45, 2_000
_LIMITS = {
    ("Button", "label"): BUTTON,
    ("SelectOption", "label"): OPTION,
    ("SelectOption", "description"): OPTION,
    ("Select", "placeholder"): PLACEHOLDER,
    ("TextInput", "label"): FIELD,
    ("TextInput", "placeholder"): OPTION,
    ("Label", "text"): FIELD,
    ("Label", "description"): OPTION,
}
_MARKERS = frozenset({"phrase", "template"})


@cache
def texts() -> Mapping[str, int]:
    """Every text with the most characters that it may have in any language."""
    found: dict[str, int] = {}
    for text, most in chain(_of_commands(), *map(_of_file, sorted(BOT.rglob("*.py")))):
        found[text] = min(found.get(text, ANSWER), most)
    return found


def catalogue(language: str) -> dict[str, str]:
    """What stands in the file of a language."""
    words: dict[str, str] = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))
    return words


def _of_commands() -> Iterator[tuple[str, int]]:
    for command in command_tree():
        yield from _of_command(command)


def _of_command(
    command: Command,
) -> Iterator[tuple[str, int]]:
    if isinstance(command, app_commands.ContextMenu):
        return
    yield command.description, COMMAND_TEXT
    if isinstance(command, app_commands.Group):
        for each in command.commands:
            yield from _of_command(each)
        return
    steps = {step.name for step in load_profile("zephrp").lengths.choices}
    for option in command.parameters:
        if option.description != "…":
            yield str(option.description), COMMAND_TEXT
        for choice in option.choices:
            if choice.name not in steps:  # the model's own words
                yield choice.name, COMMAND_TEXT


def _of_file(path: Path) -> Iterator[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    limits: dict[ast.AST, int] = {}
    for node in ast.walk(tree):
        limits |= _limited(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            text = node.args[0] if node.args else None
            if node.func.id in _MARKERS and isinstance(text, ast.Constant):
                yield str(text.value), limits.get(node, ANSWER)


def _limited(node: ast.AST) -> Mapping[ast.AST, int]:
    """What stands where Discord takes less than in an answer."""
    if isinstance(node, ast.ClassDef):  # the title of a form
        return {each.value: FIELD for each in node.keywords if each.arg == "title"}
    if not isinstance(node, ast.Call):
        return {}
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return {
        each.value: _LIMITS[name, each.arg]
        for each in node.keywords
        if each.arg is not None and (name, each.arg) in _LIMITS
    }


def main(arguments: list[str]) -> int:
    """Run one of the three."""
    match arguments:
        case ["--list"]:
            print(json.dumps(texts(), ensure_ascii=False, indent=1))
        case ["--missing", language]:
            known = catalogue(language)
            lacking = {text: "" for text in texts() if text not in known}
            print(json.dumps(lacking, ensure_ascii=False, indent=1))
        case ["--tidy", language]:
            known = catalogue(language)
            kept = {text: known[text] for text in texts() if text in known}
            written = json.dumps(kept, ensure_ascii=False, indent=1) + "\n"
            (LOCALES / f"{language}.json").write_text(written, encoding="utf-8")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
