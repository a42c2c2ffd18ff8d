"""The random stories notice when a script is broken on purpose."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.adapters.redis_store import scripts
from tests.store_stories import Step, compare, steps_of

EXAMPLES = 20


@dataclass(frozen=True)
class Mutant:
    """One passage of one script, what stands there instead, and where to look for it."""

    script: str
    passage: str
    instead: str
    steps: tuple[str, ...]


MUTANTS = {
    "a commit brings a deleted reply back": Mutant(
        "commit", "or (not stored and", "or ((not stored or stored == '') and", ("commit", "delete")
    ),
    "lines stand in the order they came": Mutant(
        "shared", "not newest or newest < id", "true", ("ingest",)
    ),
    "nobody asks whose fence is newer": Mutant(
        "shared", "tonumber(newest) <= tonumber(fence)", "true", ("lease", "release", "set_cut")
    ),
    "a claim forgets what shows the reply": Mutant(
        "claim", "before[4] or ''", "''", ("claim", "posted")
    ),
    "a deleted line leaves no tombstone": Mutant(
        "delete",
        "redis.call('HSET', TURNS, id, '')",
        "redis.call('HDEL', TURNS, id)",
        ("ingest", "delete"),
    ),
    "a new scene takes lines of the one before": Mutant(
        "start", "redis.call('HSET', META, 'floor', floor)", "", ("ingest", "set_live", "start")
    ),
}


@pytest.fixture
def break_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the scripts, which every store made from now on loads."""
    for script in scripts._FOLDER.iterdir():
        (tmp_path / script.name).write_text(script.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(scripts, "_FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_script_is_noticed(redis_url: str, break_script: Path, name: str) -> None:
    mutant = MUTANTS[name]
    path = break_script / f"{mutant.script}.lua"
    text = path.read_text("utf-8")
    assert text.count(mutant.passage) == 1
    path.write_text(text.replace(mutant.passage, mutant.instead), "utf-8")

    with pytest.raises(AssertionError):
        tell_stories(redis_url, mutant.steps)


def tell_stories(url: str, kinds: tuple[str, ...]) -> None:
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
    )
    @given(steps=st.lists(steps_of(*kinds), min_size=20, max_size=40))
    def told(steps: list[Step]) -> None:
        asyncio.run(compare(url, steps))

    told()
