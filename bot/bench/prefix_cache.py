"""How much of each prompt the model server has read before: a simulation.

Text Generation Inference keeps the prompts it has read and does not read a
known beginning again. Its rules: reuse is exact to the token; only prompts are
kept, not what was generated; a prompt is kept only once its request has ended.
A long scene is played against such a cache, and a planner chooses the lines.

A prompt here is a row of segments, each with an id and a length: two segments
are equal or share no token. The real figure is a little better, because the
headers of two different lines begin alike.
"""

import math
import random
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple, Protocol, TypeAlias

from bot.core.budget import Costs, Plan
from bot.core.script import NOTE_DEPTH, Position

WARM_UP_TURNS = 50
"""Played before anything is counted: a young scene, which needs no cut, says little."""
STORED_LINES = 200
"""The planner sees the newest ones; the contexts here hold a quarter of that."""
SIGMA = 0.5
"""Of the logarithm of a line's length: one line in thirty is 2.5 times the median or more."""
LORE_ENTRIES = 10
LORE_IN_LINES = 0.1
"""The share of lines that mention an entry of the passing lore."""
LORE_STAYS_LINES = 4


class Segment(NamedTuple):
    """A stretch of a prompt; what has another id has no token in common with it."""

    id: int
    tokens: int


Prompt: TypeAlias = Sequence[Segment]
_Node: TypeAlias = "dict[Segment, _Node]"


class PrefixCache:
    """What a model server has read, without a limit of memory."""

    def __init__(self) -> None:
        self._root: _Node = {}

    def reused(self, prompt: Prompt) -> int:
        """Count the tokens of the longest known beginning, as a request starts.

        The last token is always read anew: there the reply begins.
        """
        node, tokens = self._root, 0
        for segment in prompt:
            following = node.get(segment)
            if following is None:
                return tokens
            node, tokens = following, tokens + segment.tokens
        return max(0, tokens - 1)

    def keep(self, prompt: Prompt) -> None:
        """Keep *prompt*, as its request ends."""
        node = self._root
        for segment in prompt:
            node = node.setdefault(segment, {})


class Planner(Protocol):
    """Chooses the lines of a prompt, as `bot.core.budget.plan` does."""

    def __call__(
        self, costs: Costs, budget: int, *, stays: Collection[int] = (), cut: int | None = None
    ) -> Plan: ...


def sliding_window(
    costs: Costs,
    budget: int,
    *,
    stays: Collection[int] = (),  # noqa: ARG001  # a window keeps nothing
    cut: int | None = None,  # noqa: ARG001  # and knows no earlier cut
) -> Plan:
    """Choose the newest lines that fit: what most front ends do, for comparison."""
    tokens, first = costs.fixed, len(costs.lines)
    while first and tokens + costs.lines[first - 1] <= budget:
        first -= 1
        tokens += costs.lines[first]
    return Plan(False, first, tuple(range(first, len(costs.lines))), tokens)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class Situation:
    """A scene as it is played; everything in tokens, lines by their mean.

    Attributes:
        reserve: of the context, for the reply.
        head: instruction, personas and scenario; `tail`: the open header.
        lore: always in the prompt, before the story.
        note: `NOTE_DEPTH` lines before the end.
        passing_lore: each of ten entries, which one line in ten mentions; it
            stays for `LORE_STAYS_LINES` lines.
        passing_position: where it stands: before the personas or at a depth.
    """

    context: int
    reserve: int = 400
    head: int = 700
    tail: int = 20
    player_line: int = 100
    reply: int = 200
    lore: int = 0
    note: int = 0
    passing_lore: int = 0
    passing_position: Position = Position.BEFORE


@dataclass(frozen=True, slots=True)
class TurnRead:
    """One turn: the prompt's tokens, those read anew, and whether lines had to leave."""

    prompt: int
    read: int
    has_cut: bool


@dataclass(frozen=True, slots=True)
class Savings:
    """What a planner makes of the cache over many turns."""

    turns: int
    prompt_mean: float
    hit_ratio: float
    read_mean: float
    read_p50: float
    read_p99: float
    cuts_per_100: float


def simulate(
    situation: Situation, planner: Planner, *, turns: int, seeds: Sequence[int]
) -> Savings:
    """Play a scene of so many turns for each seed."""
    played = [turn for seed in seeds for turn in play(situation, planner, turns=turns, seed=seed)]
    read = [turn.read for turn in played]
    prompts = [turn.prompt for turn in played]
    return Savings(
        turns=len(played),
        prompt_mean=statistics.fmean(prompts),
        hit_ratio=1 - sum(read) / sum(prompts),
        read_mean=statistics.fmean(read),
        read_p50=statistics.median(read),
        read_p99=statistics.quantiles(read, n=100, method="inclusive")[98],
        cuts_per_100=100 * sum(turn.has_cut for turn in played) / len(played),
    )


def play(situation: Situation, planner: Planner, *, turns: int, seed: int) -> Sequence[TurnRead]:
    """Play one scene; its first turns are not among those returned."""
    scene, cache = _Scene(situation, seed), PrefixCache()
    played: list[TurnRead] = []
    for _ in range(WARM_UP_TURNS + turns):
        scene.say(situation.player_line)
        earlier = scene.cut
        prompt = scene.prompt(planner)
        tokens = sum(segment.tokens for segment in prompt)
        read = tokens - cache.reused(prompt)
        cache.keep(prompt)
        scene.say(situation.reply)
        played.append(TurnRead(tokens, read, has_cut=scene.cut != earlier))
    return played[WARM_UP_TURNS:]


class _Scene:
    """The lines of one story, and where the planner cut last."""

    def __init__(self, situation: Situation, seed: int) -> None:
        self._situation = situation
        self._chance = random.Random(seed)  # noqa: S311  # a game, not a secret
        ids = count()
        self._lore = Segment(next(ids), situation.lore)
        self._head = Segment(next(ids), situation.head)
        self._note = Segment(next(ids), situation.note)
        self._tail = Segment(next(ids), situation.tail)
        self._entries = [Segment(next(ids), situation.passing_lore) for _ in range(LORE_ENTRIES)]
        self._ids = ids
        self._lines: list[Segment] = []
        self._mentions: list[Segment | None] = []
        self._forgotten = 0  # lines that are stored no longer
        self.cut = 0
        """How many lines of the whole story have left; 0 while all fit."""

    def say(self, mean: int) -> None:
        """Add a line of about *mean* tokens."""
        mu = math.log(mean) - SIGMA**2 / 2  # of a lognormal with that mean
        self._lines.append(
            Segment(next(self._ids), max(1, round(self._chance.lognormvariate(mu, SIGMA))))
        )
        is_mentioned = self._chance.random() < LORE_IN_LINES
        self._mentions.append(self._chance.choice(self._entries) if is_mentioned else None)
        if len(self._lines) > STORED_LINES:
            del self._lines[0], self._mentions[0]
            self._forgotten += 1

    def prompt(self, planner: Planner) -> Prompt:
        """Choose the lines and put the prompt together."""
        recent = self._mentions[-LORE_STAYS_LINES:]
        passing = [entry for entry in self._entries if entry.tokens and entry in recent]
        around = [self._lore, self._head, self._note, self._tail, *passing]
        costs = Costs(
            fixed=sum(segment.tokens for segment in around),
            examples=0,
            lines=[line.tokens for line in self._lines],
        )
        plan = planner(
            costs,
            self._situation.context - self._situation.reserve,
            cut=self.cut - self._forgotten if self.cut else None,
        )
        self.cut = self._forgotten + plan.first
        lines = [self._lines[index] for index in plan.kept]
        deep = max(0, len(lines) - NOTE_DEPTH)
        at_depth = [self._note] if self._note.tokens else []
        if self._situation.passing_position is Position.DEPTH:
            at_depth = [*passing, *at_depth]
            passing = []
        lore = [self._lore] if self._lore.tokens else []
        return (*passing, *lore, self._head, *lines[:deep], *at_depth, *lines[deep:], self._tail)
