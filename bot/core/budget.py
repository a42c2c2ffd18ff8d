"""What of a story still fits into a prompt.

Old lines leave in one block, down to about half of the room, and the place of
the cut is kept: the prompt's beginning then stays the same for many turns, and
the server need not read it again (five to twelve times less than dropping one
line per turn).
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

from bot.core.errors import UserError
from bot.core.phrases import phrase

REMAINS = 0.5
"""Of the budget: what a cut leaves. More means cutting more often, less forgets more."""
REMAINS_OF_ROOM = 1 / 3
"""Of what the fixed part leaves: where that is long, half of the budget would be no memory."""
STAYS_OF_ROOM = 0.5
"""The most that lines which outlive the cut may take of what the fixed part leaves."""
TAKEN_BACK_OF_ROOM = 0.25
"""No cut leaves so little of lines that are not huge: if there is less, lines were deleted."""


class PromptTooLong(UserError):
    """What can never be dropped is already more than the model can read."""

    def __init__(self, *, tokens: int, budget: int) -> None:
        super().__init__(
            phrase(
                "The character and the last message need {tokens:,} tokens, and the model has "
                "room for {budget:,}. Shorten the persona, the scenario or the message.",
                tokens=tokens,
                budget=budget,
            )
        )
        self.tokens = tokens
        self.budget = budget


@dataclass(frozen=True, slots=True)
class Costs:
    """Tokens that the pieces of a prompt take, rather too many than too few.

    Attributes:
        fixed: what is never dropped beside the last line: instruction,
            personas, scenario, lore, notes, the open header, the begin token.
        examples: all examples together.
        lines: one per line of the story, oldest first.
    """

    fixed: int
    examples: int
    lines: Sequence[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes into the prompt.

    Attributes:
        examples: whether the examples do.
        first: index of the first line that does as a matter of course: the cut.
        kept: the indexes of all lines that do, in order.
        tokens: what it all costs.
    """

    examples: bool
    first: int
    kept: tuple[int, ...]
    tokens: int


def plan(costs: Costs, budget: int, *, stays: Collection[int] = (), cut: int | None = None) -> Plan:
    """Choose what fits into *budget* tokens.

    The same cut is given back for as long as all behind it fits. Lines that
    outlive it do so while they take no more than half of what the fixed part
    leaves; beyond that the oldest go, and those that open the story last.

    Args:
        stays: indexes of lines that outlive the cut: greeting and pinned ones.
        cut: where an earlier plan cut (an index into `lines`); None if none has.
            From the first cut on the examples are gone.

    Raises:
        PromptTooLong: the fixed part and the last line do not fit.
    """
    last = len(costs.lines) - 1
    needed = costs.fixed + sum(costs.lines[-1:])
    if needed > budget:
        raise PromptTooLong(tokens=needed, budget=budget)
    if cut is None:
        tokens = costs.fixed + costs.examples + sum(costs.lines)
        if tokens <= budget:
            return Plan(examples=True, first=0, kept=tuple(range(last + 1)), tokens=tokens)
    if last < 0:
        return Plan(examples=False, first=0, kept=(), tokens=costs.fixed)
    first = min(max(cut or 0, 0), last)
    cuts = _Cuts(costs, budget, stays)
    early = cuts.stays(first)
    tokens = cuts.tokens(early) + sum(costs.lines[first:])
    if tokens > budget:
        first, tokens = cuts.after(first)
        early = cuts.stays(first)
    return Plan(examples=False, first=first, kept=(*early, *range(first, last + 1)), tokens=tokens)


def standing_cut(costs: Costs, budget: int, cut: int) -> int:
    """Return *cut*, or the story's beginning if hardly anything is left behind the cut.

    Then lines were deleted since (a story was taken back to an earlier place),
    or the room has grown, and what had left may come back.
    """
    room = budget - costs.fixed
    return 0 if sum(costs.lines[cut:]) < room * TAKEN_BACK_OF_ROOM else cut


class _Cuts:
    """What a prompt costs by where it is cut. The further back the cut, the more."""

    def __init__(self, costs: Costs, budget: int, stays: Collection[int]) -> None:
        self._lines = costs.lines
        self._fixed = costs.fixed
        self._budget = budget
        self._stays = sorted({at for at in stays if 0 <= at < len(costs.lines)})
        gaps = (number for number, at in enumerate(self._stays) if number != at)
        self._opening = next(gaps, len(self._stays))

    def after(self, first: int) -> tuple[int, int]:
        """Return the nearest cut behind *first* that leaves room for many turns.

        Beside it what the prompt then costs.
        """
        behind = list(accumulate(reversed(self._lines), initial=0))[::-1]
        last = len(self._lines) - 1

        def is_enough(at: int) -> bool:
            kept = self.tokens(self.stays(at))
            lines = (self._budget - kept) * REMAINS_OF_ROOM
            return kept + behind[at] <= max(self._budget * REMAINS, kept + lines)

        cut = bisect_left(range(last), True, lo=first + 1, key=is_enough)  # noqa: FBT003  # what is searched for, not a flag
        return cut, self.tokens(self.stays(cut)) + behind[cut]

    def stays(self, first: int) -> Sequence[int]:
        """Lines before a cut at *first* that outlive it, in order."""
        early = self._stays[: bisect_left(self._stays, first)]
        if not early:
            return early
        room = self._budget - self._fixed
        longest = int(room * STAYS_OF_ROOM)
        # The line at the cut comes before all: it may be the last one. What stays
        # is not to depend on how many follow, or it would come and go.
        most = min(longest, room - self._lines[first])
        kept = []
        for at in (*early[: self._opening], *reversed(early[self._opening :])):
            if self._lines[at] > longest:
                continue  # it can never stay, and is not to cost the others their place
            most -= self._lines[at]
            if most < 0:
                break
            kept.append(at)
        return sorted(kept)

    def tokens(self, early: Sequence[int]) -> int:
        """What the fixed part costs together with the lines *early*."""
        return self._fixed + sum(self._lines[at] for at in early)
