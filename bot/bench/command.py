"""`python -m bot bench`: measure, print a table, write the figures down."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.bench.cases import cases
from bot.bench.prefix_cache import Planner, Situation, simulate, sliding_window
from bot.bench.redis_turn import TurnCost, measure_turns
from bot.bench.report import (
    PlayedScene,
    TimedCase,
    as_json,
    heading,
    machine,
    redis_table,
    scenes_table,
    timings_table,
)
from bot.bench.timing import Effort, measure
from bot.core.budget import plan
from bot.core.errors import StartupError
from bot.core.script import Position

EXIT_USAGE: Final = 2

NAMES: Final = ("prompt", "stream", "split", "estimate", "prefix", "redis")
SEEDS: Final = range(5)
TURNS: Final = 1000
QUICK_TURNS: Final = 100
REDIS_TURNS: Final = 200
QUICK_REDIS_TURNS: Final = 10
THOROUGH: Final = Effort(rounds=7, round_s=0.1)
QUICK: Final = Effort(rounds=3, round_s=0.005)

NOTE: Final = 60
LORE: Final = 300
ENTRY: Final = 60

_SCENES: Final[Sequence[tuple[str, Situation, Planner, float | None]]] = (
    ("4,096 tokens of context", Situation(4096), plan, 0.82),
    ("8,192 tokens of context", Situation(8192), plan, 0.90),
    ("4,096, lore, a note at depth 4", Situation(4096, lore=LORE, note=NOTE), plan, None),
    ("8,192, lore, a note at depth 4", Situation(8192, lore=LORE, note=NOTE), plan, None),
    ("4,096, lore that comes and goes, on top", Situation(4096, passing_lore=ENTRY), plan, None),
    (
        "4,096, lore that comes and goes, at depth 4",
        Situation(4096, passing_lore=ENTRY, passing_position=Position.DEPTH),
        plan,
        None,
    ),
    ("4,096, sliding window", Situation(4096), sliding_window, None),
    ("8,192, sliding window", Situation(8192), sliding_window, None),
)


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure, and where the figures go. `only`: one of `NAMES`."""

    json: Path
    only: str | None = None
    quick: bool = False


def run(options: BenchOptions, say: Callable[[str], None]) -> int:
    """Measure what was asked for; the exit code does not tell whether targets were met.

    Raises:
        StartupError: nothing has that name, the file cannot be written, or there is no
            Redis-compatible server of our own.
    """
    if options.only not in (None, *NAMES):
        raise StartupError(
            f"There is nothing called {options.only} to measure. Choose {', '.join(NAMES)}.",
            exit_code=EXIT_USAGE,
        )
    facts = machine()
    say(heading(facts))
    timed: list[TimedCase] = []
    played: list[PlayedScene] = []
    if options.only not in ("prefix", "redis"):
        effort = QUICK if options.quick else THOROUGH
        chosen = [each for each in cases() if options.only in (None, each.name.partition("-")[0])]
        timed = [TimedCase(each, measure(each.prepare, effort)) for each in chosen]
        say("\n" + timings_table(timed))
    if options.only in (None, "prefix"):
        turns = QUICK_TURNS if options.quick else TURNS
        played = [
            PlayedScene(
                what, situation, simulate(situation, planner, turns=turns, seeds=SEEDS), target
            )
            for what, situation, planner, target in _SCENES
        ]
        say("\n" + scenes_table(played))
    redis: TurnCost | None = None
    if options.only in (None, "redis"):
        turns = QUICK_REDIS_TURNS if options.quick else REDIS_TURNS
        redis = asyncio.run(measure_turns(turns, streams=0 if options.quick else 2))
        say("\n" + redis_table(redis))
    figures = json.dumps(as_json(facts, timed, played, redis), indent=2, ensure_ascii=False)
    try:
        options.json.write_text(figures + "\n", encoding="utf-8")
    except OSError as error:
        raise StartupError(
            f"The figures cannot be written to {options.json} ({error.strerror}). "
            "Choose another place with --json.",
            exit_code=EXIT_USAGE,
        ) from None
    say(f"\nWritten to {options.json}")
    return 0
