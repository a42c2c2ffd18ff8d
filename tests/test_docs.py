import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.settings import Settings, known_names
from tools import write_commands, write_docs

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path for folder in (ROOT, ROOT / "docs", ROOT / "characters") for path in folder.glob("*.md")
)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_the_configuration_page_is_what_the_tool_writes() -> None:
    assert write_docs.PAGE.read_text(encoding="utf-8") == write_docs.render()


def test_the_page_of_commands_is_what_the_tool_writes() -> None:
    assert write_commands.PAGE.read_text(encoding="utf-8") == write_commands.render()


def test_the_configuration_page_names_every_setting() -> None:
    page = write_docs.render()

    assert [name for name in known_names() if f"| `{name}` |" not in page] == []


def test_every_setting_says_what_it_is() -> None:
    """Also keeps the generated page complete: it takes these sentences."""
    kinds = [field.annotation for field in Settings.model_fields.values()]
    groups = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]

    silent = [
        f"{group.__name__}.{field}"
        for group in groups
        for field in group.model_fields.keys() - write_docs.docstrings(group).keys()
    ]

    assert silent == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))

    lost = [
        target
        for is_picture, target in links
        if not is_picture and "://" not in target and not (page.parent / target).exists()
    ]

    assert lost == []


def test_every_direct_dependency_is_accounted_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = [*project["project"]["dependencies"], *groups["dev"], *groups["recipe"]]
    page = (ROOT / "docs" / "dependencies.md").read_text()

    names = {re.split(r"[\[=<>;]", requirement)[0] for requirement in wanted}
    listed = set(re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE))

    assert listed == names
