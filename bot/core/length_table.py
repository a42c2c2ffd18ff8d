"""How many words the steps of a length ladder really give, measured on a model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.lengths import Length, LengthStep
from bot.core.phrases import phrase

_EXACT_UP_TO = 20
"""Words; beyond, a number is rounded: it was measured, not proved."""
_ROUNDED_TO = 5
_MOST_WORDS = 1_000_000


@dataclass(frozen=True, slots=True)
class MeasuredStep:
    """From and to how many words most replies have: three of five lie between.

    Attributes:
        replies: how many were looked at.
    """

    low: int
    high: int
    replies: int


@dataclass(frozen=True, slots=True)
class LengthTable:
    """What was measured, on which model.

    Attributes:
        model: as its server names it.
        profile: the name of the profile that the prompts were written by.
        measured_at: the day of the last measurement, as in 2026-11-24.
    """

    model: str
    profile: str
    measured_at: str
    steps: Mapping[Length, MeasuredStep] = field(hash=False)

    def to_json(self) -> str:
        """As text; `from_json` reads it."""
        steps = {
            name: {"low": step.low, "high": step.high, "replies": step.replies}
            for name, step in self.steps.items()
        }
        head = {"model": self.model, "profile": self.profile, "measured_at": self.measured_at}
        return json.dumps({**head, "steps": steps}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "LengthTable | None":
        """Read a table; None if that is not possible. Damaged steps are passed over."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        match found:
            case {
                "model": str(model),
                "profile": str(profile),
                "measured_at": str(day),
                "steps": dict(steps),
            }:
                read = {Length(name): _step(each) for name, each in steps.items()}
                kept = {name: step for name, step in read.items() if step is not None}
                return cls(model, profile, day, kept)
        return None


def note_name(fingerprint: str) -> str:
    """The note under which the table of a model and a profile is kept.

    Args:
        fingerprint: of both, see `token_counts.fingerprint`.
    """
    return f"lengths:{fingerprint}"


def example(step: LengthStep, table: LengthTable | None) -> str:
    """Say what a step gives: "medium ≈ 60-110 words on this model"."""
    return f"{step.name} {expected(step, table)}"


def expected(step: LengthStep, table: LengthTable | None) -> str:
    """The same without the step's name."""
    measured = None if table is None else table.steps.get(step.name)
    if measured is None:
        return phrase("≈ {words} (typical)", words=_span(*step.words))
    return phrase("≈ {words} on this model", words=_span(measured.low, measured.high))


def _span(low: int, high: int) -> str:
    low, high = _rounded(low), _rounded(high)
    if low < high:
        return phrase("{low}-{high} words", low=low, high=high)
    return phrase("1 word") if high == 1 else phrase("{count} words", count=high)


def _rounded(words: int) -> int:
    if words <= _EXACT_UP_TO:
        return words
    return _ROUNDED_TO * round(words / _ROUNDED_TO)


def _step(fields: Any) -> MeasuredStep | None:
    match fields:
        case {"low": int(low), "high": int(high), "replies": int(replies)}:
            if 0 <= low <= high <= _MOST_WORDS and 0 < replies <= _MOST_WORDS:
                return MeasuredStep(int(low), int(high), int(replies))  # true is an int, too
    return None
