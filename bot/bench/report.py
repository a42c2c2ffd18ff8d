"""What was measured, as a table for people and as JSON for programs."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot import __version__
from bot.bench.cases import Case
from bot.bench.prefix_cache import Savings, Situation
from bot.bench.redis_turn import TurnCost
from bot.bench.timing import Timing


@dataclass(frozen=True, slots=True)
class TimedCase:
    """A case and what it cost, in the case's unit."""

    case: Case
    timing: Timing

    @property
    def median(self) -> float:
        return self._in_units(self.timing.median_s)

    @property
    def best(self) -> float:
        return self._in_units(self.timing.best_s)

    @property
    def worst(self) -> float:
        return self._in_units(self.timing.worst_s)

    def _in_units(self, seconds: float) -> float:
        return seconds * self.case.scale / self.case.per


@dataclass(frozen=True, slots=True)
class PlayedScene:
    """A simulated scene and what the cache saved; `target` is the least hit ratio promised."""

    what: str
    situation: Situation
    savings: Savings
    target: float | None = None


def machine() -> dict[str, str | int]:
    """Facts that figures depend on, and nothing that tells whose machine it is."""
    return {
        "bot": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
    }


def heading(facts: dict[str, str | int]) -> str:
    return (
        f"{facts['implementation']} {facts['python']}, {facts['system']} "
        f"{facts['architecture']}, {facts['cores']} cores"
    )


def timings_table(rows: Sequence[TimedCase]) -> str:
    lines = [f"{'CPU time of this process':44}{'median':>12}{'best - worst':>18}{'target':>11}"]
    for row in rows:
        unit = row.case.unit
        target = "" if row.case.target is None else f"<= {row.case.target:g} {unit}"
        spread = f"{row.best:.3g} - {row.worst:.3g}"
        lines.append(f"{row.case.what:44}{row.median:>9.3g} {unit}{spread:>18}{target:>11}")
    return "\n".join(lines)


def scenes_table(rows: Sequence[PlayedScene]) -> str:
    """Tokens of a prompt, and of these the ones that the model server has to read."""
    names = f"{'prompt':>8}{'read':>7}{'p50':>7}{'p99':>7}{'cuts/100':>10}"
    lines = [f"{'Prefix cache':44}{'reused':>8}{'target':>8}{names}"]
    for row in rows:
        target = "" if row.target is None else f">= {row.target:.0%}"
        saved = row.savings
        lines.append(
            f"{row.what:44}{saved.hit_ratio:>8.1%}{target:>8}{saved.prompt_mean:>8,.0f}"
            f"{saved.read_mean:>7,.0f}{saved.read_p50:>7,.0f}{saved.read_p99:>7,.0f}"
            f"{saved.cuts_per_100:>10.1f}"
        )
    return "\n".join(lines)


def redis_table(cost: TurnCost) -> str:
    what = "Redis, per turn of a 200-turn scene"
    rows = [
        f"{what:44}{'median':>12}{'best - worst':>18}{'target':>11}",
        f"{'round trips':44}{cost.round_trips:>12.2f}{'':18}{'<= 6':>11}",
        _redis_row("its commands, one after the other", cost.redis_us, "<= 150 µs"),
        _redis_row("its commands, with the pauses of one channel", cost.paced_us, ""),
    ]
    if cost.streaming_trips:
        streaming = "further round trips per 2 s of streaming"
        rows.append(f"{streaming:44}{cost.streaming_trips:>12.2f}{'':18}{'<= 1':>11}")
    return "\n".join(rows)


def _redis_row(what: str, spread: tuple[float, float, float], target: str) -> str:
    best, median, worst = spread
    return f"{what:44}{median:>9.0f} µs{f'{best:.0f} - {worst:.0f}':>18}{target:>11}"


def as_json(
    facts: dict[str, str | int],
    timed: Sequence[TimedCase],
    played: Sequence[PlayedScene],
    redis: TurnCost | None,
) -> dict[str, Any]:
    return {
        "machine": facts,
        "timings": [
            {
                "name": row.case.name,
                "what": row.case.what,
                "unit": row.case.unit,
                "median": row.median,
                "best": row.best,
                "worst": row.worst,
                "rounds": row.timing.rounds,
                "target": row.case.target,
            }
            for row in timed
        ],
        "prefix_cache": [
            {
                "what": row.what,
                "situation": asdict(row.situation),
                **asdict(row.savings),
                "target": row.target,
            }
            for row in played
        ],
        "redis": asdict(redis) if redis is not None else None,
    }
