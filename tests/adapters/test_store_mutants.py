"""The random stories notice when a script is broken on purpose."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.adapters.redis_store import scripts
from tests.store_stories import Step, compare, steps_of

EXAMPLES = 100


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
        "shared", "return newest and newest < id and", "return", ("ingest",)
    ),
    "nobody asks whose fence is newer": Mutant(
        "shared",
        "tonumber(newest) <= tonumber(fence)",
        "true",
        ("lease", "release", "take", "intent", "abandon"),
    ),
    "a claim forgets what shows the reply": Mutant(
        "take",
        "for message in string.gmatch(shown, '[^,]+') do add(message) end",
        "",
        ("take", "posted"),
    ),
    "a deleted line leaves no tombstone": Mutant(
        "delete",
        "call('HSET', TURNS, id, '')",
        "call('HDEL', TURNS, id)",
        ("ingest", "delete"),
    ),
    "a lease is given away while somebody has it": Mutant(
        "shared", "is_newer(until_ms or '', now)", "false", ("take", "lease", "release")
    ),
    "a claim takes the place of a reply that shows": Mutant(
        "take", "is_in_the_way or meta[5]", "meta[5]", ("take", "posted")
    ),
    "a line is answered that has its reply": Mutant(
        "take", "ARGV[15] == '1'", "false", ("ingest", "first", "end")
    ),
    "a line is taken for answered that is not": Mutant(
        "take", "if ids[i] <= trigger then return false end", "", ("ingest", "first", "end")
    ),
    "what was lost is taken again": Mutant(
        "shared", "had_it and fence == known", "true", ("keep", "take_again", "lease", "release")
    ),
    "a claim forgets what was written": Mutant(
        "take", "meta[11] or '', meta[12] or ''", "'', ''", ("take", "check_point")
    ),
    "a new try goes on with what was written": Mutant(
        "take", "written == '' and not anew", "written == ''", ("take", "anew", "check_point")
    ),
    "a check point of another reply is kept": Mutant(
        "lease", "meta[5] == ARGV[6]", "true", ("take", "check_point")
    ),
    "a check point of who lost the lease is kept": Mutant(
        "lease", "had_it and", "fence and", ("take", "check_point", "release")
    ),
    "an intent forgets its mark": Mutant(
        "intent", "'posting', ARGV[5]", "'posting', ''", ("take", "intent")
    ),
    "a post stays under way when it has arrived": Mutant(
        "posted", ", 'posting', ''", "", ("take", "intent", "posted")
    ),
    "a commit keeps the lease": Mutant(
        "commit", "ARGV[8] ~= '' and meta[10] == ARGV[8]", "false", ("take", "end", "lease")
    ),
    "a commit frees what another has": Mutant(
        "commit", "ARGV[8] ~= '' and meta[10] == ARGV[8]", "ARGV[8] ~= ''", ("take", "end", "lease")
    ),
    "a commit sent again is taken for another": Mutant(
        "commit", "before.write == write_name", "false", ("end", "edit", "edit", "again", "again")
    ),
    "a commit brings a deleted part back": Mutant(
        "shared", "call('LPOS', GONE, message) ~= false", "false", ("commit", "delete")
    ),
    "counts go to nobody": Mutant(
        "commit", "count_tokens(ARGV[i], ARGV[i + 1])", "", ("ingest", "end")
    ),
    "what was seen is forgotten for what is older": Mutant(
        "shared",
        "return #message > #seen or (#message == #seen and message > seen)",
        "return true",
        ("ingest", "end"),
    ),
    "a part's deletion takes the whole reply": Mutant(
        "delete", "if shorten(id, turn, message) then", "if false then", ("commit", "delete")
    ),
    "a line deleted before it came is stored": Mutant(
        "delete",
        "if not id or names(showing, message) then remember(message) end",
        "",
        ("ingest", "delete"),
    ),
    "an edit of one part holds back that of another": Mutant(
        "edit",
        "turn.edits and turn.edits[message] or newest_ms",
        "newest_ms",
        ("commit", "edit", "edit", "edit"),
    ),
    "a reply in the making is edited": Mutant(
        "edit",
        "if making[1] == id or names(making[2] or '', message) then return 0 end",
        "",
        ("commit", "take", "edit"),
    ),
    "a change is made of a scene that has gone on": Mutant(
        "apply", "if not lost and meta[2] ~= ARGV[5] then return 0 end", "", ("apply", "ingest")
    ),
    "a change that was made is made again": Mutant(
        "apply", "if meta[4] == ARGV[4] then return 1 end", "", ("apply", "ingest")
    ),
    "a turn that a change drops leaves no tombstone": Mutant(
        "apply", "call('HSET', TURNS, id, '')", "call('HDEL', TURNS, id)", ("apply", "ingest")
    ),
    "a story comes back to messages that have left": Mutant(
        "apply", "if call('SISMEMBER', OWED, message) == 0 then return 0 end", "", ("apply",)
    ),
    "what stays on the screen is to leave it still": Mutant(
        "apply", "call('SREM', OWED, ...)", "", ("apply",)
    ),
    "what was deleted is to leave the screen still": Mutant(
        "delete", "call('SREM', OWED, ARGV[i])", "", ("apply", "delete")
    ),
    "a swipe takes the place of what was there": Mutant(
        "commit", "was_claimed and meta[13] == 'swipe'", "false", ("take", "end", "commit")
    ),
    "to show a turn uses up what is for the next reply": Mutant(
        "commit",
        "and meta[13] ~= 'show'",
        "",
        ("take", "end", "commit", "set_next_length"),
    ),
    "a line from before the scene is taken": Mutant("ingest", "is_before or", "", ("ingest",)),
    "a line from before the scene went on is taken": Mutant(
        "ingest", "tonumber(meta[10]) or 0", "0", ("ingest", "set_resumed")
    ),
    "a new scene takes lines of the one before": Mutant(
        "start", "call('HSET', META, 'floor', floor)", "", ("ingest", "set_live", "start")
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
