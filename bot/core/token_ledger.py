"""What the pieces of a prompt cost: as counted in their place, else as estimated."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from bot.core.budget import Costs
from bot.core.scene import Turn, TurnId
from bot.core.script import Part, Piece
from bot.core.token_counts import estimate, known, noted

HEADER_TOKENS = 16
"""For the header above a line, where nobody has counted it."""


class TokenLedger:
    """Counts of one story's lines and of what stands around them.

    A line's count is what it added to a prompt, its header and label included.
    Of two counts the higher one is kept: where it stands next may cost either.
    """

    def __init__(self, turns: Sequence[Turn], tokenizer: str, told: Mapping[str, int]) -> None:
        """Begin with what the turns say, and *told*: the tokens of other pieces by text."""
        self._turns = turns
        self._tokenizer = tokenizer
        self._told = dict(told)
        self._lines: dict[int, int | None] = {}
        self._counted: set[int] = set()

    def costs(
        self, around: Iterable[Piece], *, since: int = 0, stays: Collection[int] = ()
    ) -> Costs:
        """What all costs, of the lines those behind *since* and those of *stays*.

        Other lines cost nothing. *around* are the pieces of a prompt without lines.
        """
        fixed, examples = 0, 0
        for piece in around:
            tokens = self._told.get(piece.text)
            tokens = estimate(piece.text) if tokens is None else tokens
            if piece.part is Part.EXAMPLES:
                examples += tokens
            else:
                fixed += tokens
        lines = [0] * len(self._turns)
        for at in chain(range(since, len(lines)), stays):
            lines[at] = self._cost(at)
        return Costs(fixed, examples, lines)

    def unknown(self, *, since: int = 0, stays: Collection[int] = ()) -> Sequence[int]:
        """Lines that nobody has counted, newest first."""
        asked = {*range(since, len(self._turns)), *stays}
        return [at for at in sorted(asked, reverse=True) if self._known(at) is None]

    def knows(self, around: Iterable[Piece]) -> bool:
        """Whether all of these, which are no lines, have been counted."""
        return all(piece.text in self._told for piece in around)

    def note(
        self, pieces: Sequence[Piece], starts: Sequence[int], lines: Sequence[int]
    ) -> Mapping[Part, int]:
        """Note what each piece of a prompt took, and return it by part.

        Args:
            starts: where each token of the prompt begins, in bytes.
            lines: of each line of the prompt's script, its index in the story.
        """
        parts: dict[Part, int] = {}
        silent = set(lines)
        end, before = 0, 0
        for piece in pieces:
            end += len(piece.text.encode())
            until = len(starts) if piece is pieces[-1] else bisect_left(starts, end)
            tokens, before = until - before, until
            parts[piece.part] = parts.get(piece.part, 0) + tokens
            if piece.line is None:
                self._told[piece.text] = tokens
            else:
                self._note_line(lines[piece.line], tokens)
                silent.discard(lines[piece.line])
        for at in silent:  # nothing of these is left once they are clean
            self._note_line(at, 0)
        return parts

    def told(self, around: Iterable[Piece]) -> Mapping[str, int]:
        """The tokens of those of the pieces that have been counted, by text."""
        texts = {piece.text for piece in around}
        return {text: tokens for text, tokens in self._told.items() if text in texts}

    def news(self) -> Mapping[TurnId, str]:
        """The counts that the turns themselves do not say yet."""
        news: dict[TurnId, str] = {}
        for at in sorted(self._counted):
            turn, tokens = self._turns[at], self._lines[at]
            note = "" if tokens is None else noted(tokens, turn.text, self._tokenizer)
            if note != turn.count:
                news[turn.id] = note
        return news

    def _note_line(self, at: int, tokens: int) -> None:
        self._lines[at] = max(tokens, self._known(at) or 0)
        self._counted.add(at)

    def _known(self, at: int) -> int | None:
        if at not in self._lines:
            turn = self._turns[at]
            self._lines[at] = known(turn.count, turn.text, self._tokenizer)
        return self._lines[at]

    def _cost(self, at: int) -> int:
        tokens = self._known(at)
        if tokens is not None:
            return tokens
        turn = self._turns[at]
        return estimate(turn.name) + estimate(turn.text) + HEADER_TOKENS
