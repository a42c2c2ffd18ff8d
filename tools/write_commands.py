"""Writes `docs/commands.md` from the commands themselves.

python -m tools.write_commands            write it
python -m tools.write_commands --check    only say whether it is current
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from discord import app_commands

from tools.command_tree import Command, command_tree

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

HEAD = """\
<!-- Written by `python -m tools.write_commands`; edit the commands in bot/discord_ui instead. -->

# Commands

Answers are seen by whoever asked alone, but for what is told in a story. Options in brackets may be
left out. Who may use what depends on the scene: [stories.md](stories.md), [servers.md](servers.md).
"""
MENUS = """\
## In the menu of a message

*Apps* in the menu of a message has these; they are about that message.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    page = render()
    if arguments == ["--check"]:
        is_current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
        print("current" if is_current else "outdated: run `python -m tools.write_commands`")
        return 0 if is_current else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


def render() -> str:
    """Return the page."""
    commands = command_tree()
    menus = [each for each in commands if isinstance(each, app_commands.ContextMenu)]
    typed = [each for each in commands if not isinstance(each, app_commands.ContextMenu)]
    sections = [HEAD, *(_section(each) for each in typed), MENUS]
    return "\n".join([*sections, *(f"- **{menu.name}**" for menu in menus), ""])


def _section(command: Command) -> str:
    lines = [f"## /{command.name}\n"]
    if isinstance(command, app_commands.Group):
        lines.append(f"{command.description}.\n")
    lines += [*_described(_leaves([command]))]
    return "\n".join(lines) + "\n"


def _leaves(commands: Iterable[Any]) -> Iterator[app_commands.Command[Any, ..., Any]]:
    for command in commands:
        if isinstance(command, app_commands.Group):
            yield from _leaves(command.commands)
        else:
            yield command


def _described(
    commands: Iterable[app_commands.Command[Any, ..., Any]],
) -> Iterator[str]:
    for command in commands:
        options = " ".join(
            each.display_name if each.required else f"[{each.display_name}]"
            for each in command.parameters
        )
        yield f"- `/{command.qualified_name}{f' {options}' if options else ''}`: " + (
            command.description
        )
        for option in command.parameters:
            choices = ", ".join(f"“{choice.name}”" for choice in option.choices)
            told = str(option.description) if str(option.description) != "…" else ""
            told += f" ({choices})" if choices else ""
            if told:
                yield f"  - `{option.display_name}`: {told.strip()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
