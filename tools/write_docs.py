"""Writes `docs/configuration.md` from the settings themselves.

python -m tools.write_docs            write it
python -m tools.write_docs --check    only say whether it is current
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot import settings
from bot.settings import PLAIN_NAMES, PREFIX, Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

HEAD = """\
<!-- Written by `python -m tools.write_docs`; edit bot/settings.py instead. -->

# Configuration

Every setting is an environment variable or a line in `.env`; the environment wins. All have a
default except the token. A misspelt name that begins `BOT_` stops the start and names the nearest
right one; a wrong value stops it too, and is never repeated in the message. Names that end in `_S`
are seconds.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    page = render()
    if arguments == ["--check"]:
        is_current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
        print("current" if is_current else "outdated: run `python -m tools.write_docs`")
        return 0 if is_current else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


def render() -> str:
    """Return the page."""
    sections: list[str] = [HEAD, _plain_names()]
    loose: list[str] = []
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            intro = inspect.getdoc(group) or ""
            sections.append(
                f"## {intro.partition('.')[0]}\n\n{_table(_rows(group, f'{PREFIX}{name}__'))}"
            )
        else:
            loose.append(_row(Settings, name, field, PREFIX))
    sections.append(f"## Files and logs\n\n{_table(iter(loose))}")
    return "\n".join(sections)


def _plain_names() -> str:
    rows = "".join(f"| `{plain}` | `{full}` |\n" for plain, full in PLAIN_NAMES.items())
    return (
        "The three that everybody sets have a plain name too; the full name wins.\n\n"
        f"| plain name | full name |\n| --- | --- |\n{rows}"
    )


def _table(rows: Iterator[str]) -> str:
    return "| name | default | what it does |\n| --- | --- | --- |\n" + "".join(rows)


def _rows(group: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in group.model_fields.items():
        yield _row(group, name, field, prefix)


def _row(group: type[BaseModel], name: str, field: FieldInfo, prefix: str) -> str:
    said = docstrings(group)[name]
    said = said.replace("None ", "Empty: ", 1) if said.startswith("None ") else said
    return f"| `{(prefix + name).upper()}` | {_shown(field.default)} | {said} |\n"


def _shown(default: Any) -> str:
    if default is None or isinstance(default, SecretStr):
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    if isinstance(default, float) and default.is_integer():
        return f"`{default:.0f}`"
    return f"`{default}`"


def docstrings(group: type[BaseModel]) -> dict[str, str]:
    """Return the text under each field, which only the source still has."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == group.__name__
    )
    texts = {}
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                texts[name] = " ".join(text.split())
            case _:
                pass
    return texts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
