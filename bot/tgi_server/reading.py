"""What llama.cpp says it read, and how much of it it knew already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Reading:
    """Tokens of one request, over all that llama.cpp is asked for its sake.

    Attributes:
        prompt: of the prompts it has begun to read.
        prefill: those of them that were computed; the others were in its cache.
    """

    prompt: int = 0
    prefill: int = 0
    _begun: bool = False
    _before: int = 0

    def begin(self) -> None:
        """Another prompt goes to llama.cpp."""
        self._begun = False
        self._before = self.prefill

    def progress(self, told: Mapping[str, Any]) -> None:
        """Take a `prompt_progress`, which says how far the prompt is read.

        Counted while it is read, not at the end: a client that leaves, and a
        reply that is long enough, break llama.cpp off before it sums up.
        """
        if not self._begun:
            self._begun = True
            self.prompt += told["total"]
        self.prefill = self._before + told["processed"] - told["cache"]
