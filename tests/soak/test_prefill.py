"""What old lines cost when they leave: in blocks, and one by one, on the same server.

The model's own work is measured, not estimated: how many prompt tokens llama.cpp
computed for each reply. The replies are given, since only the prompts matter here.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from bot.core.budget import Costs, plan
from bot.core.lengths import Length
from bot.core.profiles import ModelProfile
from bot.core.prompt import render
from bot.core.scene import Role
from bot.core.script import Line, Persona, Script
from tests.profiles import ZEPHRP
from tests.tgi_server.conftest import serving

pytestmark = [pytest.mark.soak, pytest.mark.model, pytest.mark.timeout(900)]

CONTEXT: Final = 640
RESERVE: Final = 64
"""For the reply; what is left is the prompt's budget."""
EXCHANGES: Final = 30
SEED: Final = 20261123
WORDS: Final = (
    *("lantern", "harbour", "quiet", "rope", "river", "morning", "careful", "letter", "window"),
    *("answer", "silver", "because", "always", "under", "between", "slowly", "remembers"),
    *("the", "a", "and", "of", "to", "with", "her", "his", "one", "two", "over", "again", "never"),
)

PROFILE: Final[ModelProfile] = ZEPHRP
SCENE: Final = Script(
    character=Persona(
        "Clover",
        "Clover keeps the lighthouse on the northern cape. She is patient and curious, and knows "
        "every boat by the sound of its bell.",
    ),
    players=(Persona("Mara", "Mara is a young cartographer who came to map the cape."),),
    scenario="A storm keeps everybody in the lighthouse for the night.",
    length=Length("medium"),
)


@dataclass(frozen=True, slots=True)
class Read:
    """What one reply cost the server."""

    lines: int
    prompt: int
    prefill: int

    def __str__(self) -> str:
        return f"{self.lines:5} {self.prompt:6} {self.prefill:5}"


Choose = Callable[[Costs, int], Sequence[int]]
"""From costs and budget to the indexes of the lines that stay."""


class Blocks:
    """As the bot does it."""

    def __init__(self) -> None:
        self._cut: int | None = None

    def __call__(self, costs: Costs, budget: int) -> Sequence[int]:
        planned = plan(costs, budget, stays=(0,), cut=self._cut)
        self._cut = planned.first or None
        return planned.kept


def one_by_one(costs: Costs, budget: int) -> Sequence[int]:
    """As most bots do it: the oldest line leaves when there is no room for the newest."""
    room = budget - costs.fixed - costs.lines[0]
    first = len(costs.lines)
    while first > 1 and costs.lines[first - 1] <= room:
        first -= 1
        room -= costs.lines[first]
    return (0, *range(first, len(costs.lines)))


def story() -> Iterator[Line]:
    """A greeting, then lines of a player and replies in turn; as long as they are in chats."""
    chance = random.Random(SEED)

    def said(median: int) -> str:
        words = max(4, round(chance.lognormvariate(0, 0.5) * median))
        return " ".join(chance.choice(WORDS) for _ in range(words)).capitalize() + "."

    yield Line(Role.CHARACTER, "Clover", said(20))
    for _ in range(EXCHANGES):
        yield Line(Role.PLAYER, "Mara", said(10))
        yield Line(Role.CHARACTER, "Clover", said(26))


class Counter:
    """Counts with the server, each text once."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._lines: list[int] = []

    async def costs(self, lines: Sequence[Line]) -> Costs:
        """A line costs what it adds to an otherwise empty story."""
        bare = await self._count(())
        for line in lines[len(self._lines) :]:
            self._lines.append(await self._count((line,)) - bare + 1)
        return Costs(fixed=bare, examples=0, lines=tuple(self._lines))

    async def _count(self, lines: Sequence[Line]) -> int:
        body = {"inputs": render(replace(SCENE, lines=tuple(lines)), PROFILE)}
        async with self._http.post("/tokenize", json=body) as answer:
            return len(await answer.json())


async def play(choose: Choose, model: Path) -> list[Read]:
    """Answer line after line on a server of its own, with nothing in its cache."""
    options = ("--cache", str(model.parent), "--raw", "--ctx", str(CONTEXT), "--slots", "1")
    lines = list(story())
    found: list[Read] = []
    with serving(*options, "--threads", "2") as server:
        async with aiohttp.ClientSession(server.url) as http:
            counter = Counter(http)
            for end in range(2, len(lines), 2):
                told = lines[:end]
                kept = choose(await counter.costs(told), CONTEXT - RESERVE)
                script = replace(SCENE, lines=tuple(told[index] for index in kept))
                found.append(await ask(http, render(script, PROFILE), len(kept)))
            assert await prefill_of_all(http) == sum(read.prefill for read in found)
    return found


async def ask(http: aiohttp.ClientSession, prompt: str, lines: int) -> Read:
    body = {"inputs": prompt, "parameters": {"max_new_tokens": 1}}
    async with http.post("/generate", json=body) as answer:
        assert answer.status == 200
        told = answer.headers
    return Read(lines, int(told["x-prompt-tokens"]), int(told["x-prefill-tokens"]))


async def prefill_of_all(http: aiohttp.ClientSession) -> int:
    async with http.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    name = "tgi_engine_prefill_tokens_sum "
    return int(next(line for line in lines if line.startswith(name)).removeprefix(name))


def table(blocks: Sequence[Read], sliding: Sequence[Read]) -> str:
    rows = [
        "",
        "        |     in blocks      |     one by one     ",
        "  reply | lines prompt  read | lines prompt  read",
    ]
    rows += [
        f"  {number:5} | {block} | {slid}"
        for number, (block, slid) in enumerate(zip(blocks, sliding, strict=True), 1)
    ]
    for name, told in (("in blocks", blocks), ("one by one", sliding)):
        read, prompt = sum(r.prefill for r in told), sum(r.prompt for r in told)
        rows.append(
            f"  {name}: {read} of {prompt} tokens read, {read / len(told):.0f} per reply,"
            f" {1 - read / prompt:.0%} found in the cache"
        )
    return "\n".join(rows)


async def test_lines_that_leave_in_blocks_cost_less_than_half_of_a_sliding_window(
    model_file: Path,
) -> None:
    blocks = await play(Blocks(), model_file)
    sliding = await play(one_by_one, model_file)

    print(table(blocks, sliding))  # noqa: T201  # the numbers are what this is for
    assert all(read.prompt <= CONTEXT - RESERVE for read in (*blocks, *sliding))
    assert min(read.lines for read in blocks[EXCHANGES // 2 :]) > 4  # the story is remembered
    assert sum(read.prefill for read in blocks) < sum(read.prefill for read in sliding) / 2
