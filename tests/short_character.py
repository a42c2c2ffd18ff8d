"""A character of few words, where a real model answers.

It reads a prompt at some tens of tokens a second on a busy machine, so a
shipped character costs it most of a minute before the first word.
"""

from pathlib import Path

KEY = "pip"
_FILE = """\
name: Pip
persona: Pip is a small robot who waters a garden and speaks in short sentences.
greetings:
  - A small robot looked up from its watering can. "Hello," said Pip. "Who are you?"
"""


def folder_of_pip(folder: Path) -> Path:
    """Make a characters folder that holds this one only."""
    characters = folder / "characters"
    characters.mkdir()
    (characters / f"{KEY}.yaml").write_text(_FILE, encoding="utf-8")
    return characters
