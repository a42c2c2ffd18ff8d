"""Writes `recipe/training/axolotl-VERSION.txt`: the fields that axolotl's configuration has.

python -m tools.write_axolotl_fields axolotl-VERSION-py3-none-any.whl …

Axolotl passes over a key that it does not know, so a misspelt one trains with the
default. It needs a CUDA stack to be imported; its schema is read as text instead.
Get a wheel with `pip download --no-deps --python-version 3.12 --only-binary :all:`.
"""

import ast
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "recipe" / "training"
SCHEMAS = "axolotl/utils/schemas/"
TOP, DEPRECATED = "AxolotlInputConfig", "DeprecatedParameters"
HEAD = """\
# Fields of axolotl {version}'s configuration, written by tools/write_axolotl_fields.py.
# One a line; a dot leads into a group, `!` marks what axolotl no longer wants.
"""
Classes = Mapping[str, ast.ClassDef]


def main() -> None:
    """Write one list for each wheel that is named."""
    for name in sys.argv[1:]:
        wheel = Path(name)
        version = wheel.name.split("-")[1]
        target = FOLDER / f"axolotl-{version}.txt"
        lines = "\n".join(sorted(set(fields(read_classes(wheel)))))
        target.write_text(HEAD.format(version=version) + lines + "\n", encoding="utf-8")
        print(f"{target.name}: {lines.count(chr(10)) + 1} fields")


def read_classes(wheel: Path) -> Classes:
    """Every class of the schema by its name."""
    found: dict[str, ast.ClassDef] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(SCHEMAS) and name.endswith(".py"):
                tree = ast.parse(archive.read(name))
                found |= {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return found


def fields(classes: Classes, top: str = TOP, prefix: str = "") -> Iterator[str]:
    """Names of *top*'s fields, its bases' and, one level down, its groups'."""
    for owner, statement in _statements(classes, top):
        assert isinstance(statement.target, ast.Name)  # noqa: S101  # fields have plain names
        mark = "!" if owner == DEPRECATED else ""
        names = {statement.target.id, *_aliases(statement)}
        for name in names:
            yield f"{mark}{prefix}{name}"
            if not prefix:
                for word in re.findall(r"\w+", ast.unparse(statement.annotation)):
                    if word in classes:
                        yield from fields(classes, word, prefix=f"{name}.")


def _statements(classes: Classes, name: str) -> Iterator[tuple[str, ast.AnnAssign]]:
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes:
            yield from _statements(classes, base.id)
    for statement in classes[name].body:
        if isinstance(statement, ast.AnnAssign):
            yield name, statement


def _aliases(statement: ast.AnnAssign) -> Iterator[str]:
    if isinstance(statement.value, ast.Call):
        for keyword in statement.value.keywords:
            if keyword.arg == "alias" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


if __name__ == "__main__":
    main()
