"""What a data set consists of, in figures that two runs have in common."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.lengths import AUTO
from recipe.dataset.conversation import Conversation
from recipe.dataset.labels import FEWER_TOKENS_THAN
from recipe.dataset.training_text import Sample


@dataclass(slots=True)
class Totals:
    """Sums over conversations and their samples."""

    conversations: int = 0
    samples: int = 0
    turns: int = 0
    words: int = 0
    tokens: int = 0
    untold: int = 0
    longest: int = 0
    lengths: Counter[str] = field(default_factory=Counter)

    def add(self, conversation: Conversation, samples: Sequence[Sample]) -> None:
        """Count a conversation in."""
        self.conversations += 1
        self.turns += len(conversation.turns)
        self.words += sum(len(turn.text.split()) for turn in conversation.turns)
        for sample in samples:
            self.samples += 1
            self.tokens += sample.tokens
            self.longest = max(self.longest, sample.tokens)
            self.lengths.update(sample.replies)
            self.untold += sum(label == AUTO for label in sample.labels)

    def to_json(self) -> Mapping[str, Any]:
        """As the statistics file has it; words are those of turns."""
        return {
            "conversations": self.conversations,
            "samples": self.samples,
            "turns": self.turns,
            "words": self.words,
            "tokens": self.tokens,
            "longest_sample_tokens": self.longest,
            "replies": self.lengths.total(),
            "replies_told_no_length": self.untold,
            "replies_by_length": {name: self.lengths[name] for name in FEWER_TOKENS_THAN},
        }


def summed(parts: Iterable[tuple[Conversation, Sequence[Sample]]]) -> Mapping[str, Totals]:
    """Totals of each source, and of all under the empty name."""
    totals: dict[str, Totals] = {"": Totals()}
    for conversation, samples in parts:
        totals[""].add(conversation, samples)
        totals.setdefault(conversation.source, Totals()).add(conversation, samples)
    return totals
