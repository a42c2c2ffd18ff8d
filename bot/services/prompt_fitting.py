"""Choosing the lines of a story until the prompt, as the model server counts it, fits."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.budget import Costs, Plan, PromptTooLong, plan, standing_cut
from bot.core.generation import Tokens
from bot.core.ports import TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.prompt import pieces
from bot.core.scene import Turn
from bot.core.script import Part, Piece, Script
from bot.core.story import Story
from bot.core.token_ledger import TokenLedger
from bot.services.prompt_room import Room

MOST_ROUNDS = 6
"""Each cut halves the story at least; more would mean that counts are broken."""
MOST_COUNTED_BYTES = 60_000
"""Of lines that nobody has counted, in one request; what is older rarely fits anyway."""
HEADER_BYTES = 32


@dataclass(frozen=True, slots=True)
class PromptTask:
    """A prompt that is to be built.

    Attributes:
        around: the pieces of the prompt without any line.
        written: what the reply already has.
        player: who is to speak, if that is not the character.
    """

    story: Story
    around: tuple[Piece, ...]
    written: str
    player: str
    ledger: TokenLedger


@dataclass(frozen=True, slots=True)
class PromptDraft:
    """A prompt as it was counted."""

    script: Script
    prompt: str
    tokens: Tokens
    parts: Mapping[Part, int]


class PromptFitting:
    """Fits stories into the room there is. Borrows the generator."""

    def __init__(self, generator: TextGenerator, profile: ModelProfile) -> None:
        self._generator = generator
        self._profile = profile

    async def fit(self, task: PromptTask, room: Room, excess: int) -> tuple[Plan, PromptDraft, int]:
        """Choose lines until the prompt, counted exactly, fits.

        Beside it what prompt and reply may have together.
        """
        budget, together, tokens = room.budget, room.context, 0
        for _ in range(MOST_ROUNDS):
            chosen = await self._plan(task, budget)
            draft = await self._drafted(task, chosen.kept, examples=chosen.examples)
            tokens = len(draft.tokens)
            if excess:
                # The server took less than this, whatever its limits say. What
                # the story cannot give the reply has to.
                together = min(room.context, tokens + room.reply) - excess
                least = self._least(task)
                budget, excess = max(min(budget, tokens) - excess, min(budget, least)), 0
            if tokens <= budget:
                return chosen, draft, together
        raise PromptTooLong(tokens=tokens, budget=budget)

    def _least(self, task: PromptTask) -> int:
        """What the prompt costs with nothing but what is never dropped."""
        costs = self._costs(task, len(task.story.turns) - 1 if task.story.turns else None)
        return costs.fixed + sum(costs.lines[-1:])

    async def _plan(self, task: PromptTask, budget: int) -> Plan:
        """Choose lines by the counts there are; before any leaves, count what is not."""
        since = self._since(task, budget)
        with suppress(PromptTooLong):  # by estimates it may only seem so
            chosen = self._planned(task, budget, since)
            if not _drops(chosen, task.story, since or 0):
                return chosen
        unknown = task.ledger.unknown(since=since or 0, stays=task.story.stays)
        if unknown or not task.ledger.knows(task.around):
            await self._drafted(task, _newest(task.story.turns, unknown), examples=since is None)
        return self._planned(task, budget, since)

    def _planned(self, task: PromptTask, budget: int, since: int | None) -> Plan:
        return plan(self._costs(task, since), budget, stays=task.story.stays, cut=since)

    def _since(self, task: PromptTask, budget: int) -> int | None:
        """The cut that still counts."""
        if task.story.cut is None:
            return None
        return standing_cut(self._costs(task, task.story.cut), budget, task.story.cut)

    def _costs(self, task: PromptTask, since: int | None) -> Costs:
        return task.ledger.costs(task.around, since=since or 0, stays=task.story.stays)

    async def _drafted(
        self, task: PromptTask, lines: Sequence[int], *, examples: bool
    ) -> PromptDraft:
        """Write the prompt of these lines, and let the server count it."""
        script = replace(
            task.story.script,
            examples=task.story.script.examples if examples else (),
            lines=tuple(task.story.script.lines[at] for at in lines),
        )
        written = (
            *pieces(script, self._profile, player=task.player),
            *written_piece(task.written),
        )
        prompt = "".join(piece.text for piece in written)
        tokens = await self._generator.tokenize(prompt)
        parts = task.ledger.note(written, tokens.starts, lines)
        return PromptDraft(script, prompt, tokens, parts)


def _drops(chosen: Plan, story: Story, since: int) -> bool:
    """Whether the plan leaves out anything that an earlier cut has not."""
    wanted = len(story.turns) - since + sum(at < since for at in story.stays)
    return len(chosen.kept) < wanted or bool(story.script.examples and not chosen.examples)


def _newest(turns: Sequence[Turn], lines: Sequence[int]) -> Sequence[int]:
    """Of *lines*, newest first, as many as may be counted at once; in their order."""
    left = MOST_COUNTED_BYTES
    chosen: list[int] = []
    for at in lines:
        turn = turns[at]
        left -= len(f"{turn.name}{turn.text}".encode("utf-8", "surrogatepass")) + HEADER_BYTES
        if left < 0 and chosen:
            break
        chosen.append(at)
    return chosen[::-1]


def written_piece(written: str) -> tuple[Piece, ...]:
    """What of the reply is there already: the end of the prompt."""
    return (Piece(Part.REPLY, written),) if written else ()
