"""What a piece of work costs in CPU time of this process.

Time that others take on the same machine is not counted, but it empties
caches: so several rounds, of which the middle one counts.
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Prepared: TypeAlias = Callable[[], object]
Prepare: TypeAlias = Callable[[int], Prepared]
"""Given how many times, gets everything ready and returns what does the work so often."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds, and seconds of CPU that each takes at least."""

    rounds: int
    round_s: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of CPU for one time: the middle, the best and the worst round."""

    median_s: float
    best_s: float
    worst_s: float
    rounds: int
    times: int


def measure(prepare: Prepare, effort: Effort) -> Timing:
    """Do the work as often as a round needs, round after round."""
    times = 1
    while (took_s := _cpu_s(prepare(times))) < effort.round_s:
        # Twice at least: the first tries are too short to be trusted.
        times = max(2 * times, min(16 * times, round(times * effort.round_s / max(took_s, 1e-9))))
    rounds = [_cpu_s(prepare(times)) / times for _ in range(effort.rounds)]
    return Timing(statistics.median(rounds), min(rounds), max(rounds), effort.rounds, times)


def _cpu_s(work: Prepared) -> float:
    gc.collect()  # what was prepared is not the work's own litter
    before = time.process_time()
    work()
    return time.process_time() - before
