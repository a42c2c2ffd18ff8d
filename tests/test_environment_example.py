"""What `.env.example` shows is what there is."""

import shutil
from pathlib import Path

import pytest

from bot.settings import PLAIN_NAMES, known_names, load_settings
from tests.environment_example import environment_example

ROOT = Path(__file__).parent.parent
COMPOSE = ("docker-compose.yml", "docker-compose.cpu.yml")


def test_the_example_names_every_setting_and_no_other() -> None:
    shown = environment_example()
    compose = "".join((ROOT / name).read_text() for name in COMPOSE)

    ours = {name for name in shown if name.startswith("BOT_")}
    others = set(shown) - ours - set(PLAIN_NAMES)
    assert ours == set(known_names())
    assert all(name in compose for name in others)
    assert set(PLAIN_NAMES) <= set(shown)


def test_the_example_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*known_names(), *PLAIN_NAMES):
        monkeypatch.delenv(name, raising=False)
    defaults = load_settings()

    for name, value in environment_example().items():
        if name.startswith("BOT_") and value:
            monkeypatch.setenv(name, value)

    assert load_settings() == defaults


def test_an_example_that_was_only_copied_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*known_names(), *PLAIN_NAMES):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")

    assert load_settings().discord.token is None
