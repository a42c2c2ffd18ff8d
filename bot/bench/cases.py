"""What is measured: work that the bot's own code does for a reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.adapters.profile_files import load_profile
from bot.bench import material
from bot.bench.timing import Prepare, Prepared
from bot.core.budget import Costs, plan
from bot.core.profiles import ModelProfile
from bot.core.prompt import render, stop_strings
from bot.core.repeats import RepeatJudge, is_near_repeat
from bot.core.reply_text import ReplyText
from bot.core.scene import GuardLevel
from bot.core.script import Line, Persona, Script
from bot.core.split import split
from bot.core.token_counts import estimate, known, noted
from bot.services.drafting import SENTENCES_ONLY_FROM

STORY_LINES: Final = 200
CONTEXT: Final = 4096
RESERVE: Final = 400
FIXED: Final = 500
"""Tokens of instruction, personas and scenario, a little more than the material has."""
REPLY_TOKENS: Final = 300
TOKENS_PER_EDIT: Final = 30
"""A fast model writes so many between two edits of a message; each edit splits the text."""
LONG_REPLY: Final = 10_000
TOKENIZER: Final = "bench"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        scale: units in a second; 1e3 for milliseconds.
        per: what the unit is counted for, and how many of it one time holds.
        target: in units; None where there is no promise.
    """

    name: str
    what: str
    prepare: Prepare
    unit: str
    scale: float
    per: int = 1
    target: float | None = None


def cases() -> Sequence[Case]:
    """Get every case ready to be measured."""
    profile = load_profile("zephrp")
    ms, us = ("ms", 1e3), ("µs", 1e6)
    written = material.text(LONG_REPLY // 4 + 100, seed=1)[:LONG_REPLY]
    return (
        Case(
            "prompt-first",
            "prompt of a 200-turn scene, the first time",
            _prompts(profile, new=STORY_LINES),
            *ms,
            target=1,
        ),
        Case(
            "prompt-next",
            "prompt of a 200-turn scene, turn after turn",
            _prompts(profile, new=2),
            *ms,
            target=1,
        ),
        Case(
            "stream",
            "from stream to text, per token",
            _streams(profile, GuardLevel.NORMAL),
            *us,
            per=REPLY_TOKENS,
            target=20,
        ),
        Case(
            "stream-strict",
            "from stream to text, strict, per token",
            _streams(profile, GuardLevel.STRICT),
            *us,
            per=REPLY_TOKENS,
            target=20,
        ),
        Case("split", "split a reply of 10,000 characters", _again(lambda: split(written)), *ms),
        Case(
            "estimate",
            "estimate tokens, per kB of text",
            _again(lambda: estimate(written)),
            *us,
            per=LONG_REPLY // 1000,
        ),
    )


def reply_deltas() -> Sequence[str]:
    """One reply as it is streamed."""
    return material.pieces_of(material.text(2 * REPLY_TOKENS, seed=2))[:REPLY_TOKENS]


def earlier_replies() -> Sequence[str]:
    """What it is compared with."""
    return [material.text(REPLY_TOKENS, seed) for seed in (3, 4, 5)]


def _again(work: Prepared) -> Prepare:
    def prepare(times: int) -> Prepared:
        def run() -> None:
            for _ in range(times):
                work()

        return run

    return prepare


@dataclass(frozen=True, slots=True)
class Story:
    """A stored scene: its lines, and the counts noted with them."""

    lines: Sequence[Line]
    notes: Sequence[str]


class Writer:
    """Writes lines without end."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._notes: list[str] = []

    def story(self, *, new: int) -> Story:
        """The newest lines, of which so many are written now."""
        for number in range(len(self._lines), len(self._lines) + new):
            line = material.line(number)
            self._lines.append(line)
            self._notes.append(noted(material.tokens(line.text), line.text, TOKENIZER))
        return Story(self._lines[-STORY_LINES:], self._notes[-STORY_LINES:])


def build_prompt(story: Story, profile: ModelProfile, cut: int | None) -> tuple[str, int]:
    """Do what a turn does between reading the scene and asking the model.

    Returns:
        The prompt, and the index of the first line in it.
    """
    counts = [
        known(note, line.text, TOKENIZER) or estimate(line.text)
        for note, line in zip(story.notes, story.lines, strict=True)
    ]
    chosen = plan(Costs(FIXED, 0, counts), CONTEXT - RESERVE, cut=cut)
    script = Script(
        character=Persona(material.HERO, material.PERSONA),
        players=tuple(Persona(name) for name in material.PLAYERS),
        scenario=material.SCENARIO,
        lines=tuple(story.lines[index] for index in chosen.kept),
        length=profile.lengths.usual.name,
    )
    stop_strings(script, profile)
    return render(script, profile), chosen.first


def _prompts(profile: ModelProfile, *, new: int) -> Prepare:
    """So many lines of each story are new: all as after a restart, or two as in a turn."""
    writer = Writer()
    writer.story(new=STORY_LINES)

    def prepare(times: int) -> Prepared:
        stories = [writer.story(new=new) for _ in range(times)]

        def run() -> None:
            cut: int | None = None
            for story in stories:
                _, first = build_prompt(story, profile, cut)
                cut = first - new if first > new else None  # so many lines older by then

        return run

    return prepare


def _streams(profile: ModelProfile, guard: GuardLevel) -> Prepare:
    """One reply per time, from its first token to its last as a turn takes them."""
    deltas, earlier = reply_deltas(), earlier_replies()
    return _again(lambda: read_stream(deltas, earlier, profile, guard))


def read_stream(
    deltas: Sequence[str], earlier: Sequence[str], profile: ModelProfile, guard: GuardLevel
) -> str:
    """Take each token, judge the beginning, split for every edit; return the reply."""
    reply = ReplyText(material.HERO, material.PLAYERS, profile, guard=guard)
    judge = RepeatJudge(earlier)
    shown = ""
    for number, delta in enumerate(deltas):
        reply.feed(delta)
        if number == REPLY_TOKENS * SENTENCES_ONLY_FROM:
            reply.whole_sentences()
        if reply.shown != shown:
            shown = reply.shown
            judge.verdict(shown)
        if number % TOKENS_PER_EDIT == 0:
            split(shown)
    text = reply.finish(cut=False)
    is_near_repeat(text, earlier)
    split(text)
    return text
