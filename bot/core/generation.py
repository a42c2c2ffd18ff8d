"""What is asked of the model and what comes back, whatever server holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. None leaves a filter off."""

    temperature: float
    top_p: float | None = None
    top_k: int | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One reply to be written.

    Attributes:
        prompt: the exact text; the server adds its own begin token.
        stop: most important first; the server is sent as many as it takes.
        seed: drawn by the caller; kept for "why this reply".
        affinity: requests of one story share it, so that they meet the same
            server's prefix cache where there are several.
    """

    prompt: str
    stop: tuple[str, ...]
    max_new_tokens: int
    seed: int
    sampling: Sampling
    affinity: str = ""


class FinishReason(StrEnum):
    """Why the model ended."""

    END = "eos_token"
    STOP = "stop_sequence"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a stream. `prompt_tokens` is None if the server did not say."""

    reason: FinishReason
    generated_tokens: int
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a stream: text to append (maybe none) and, once, the end.

    Attributes:
        is_special: a token that is more than text came, in the middle of the
            stream: whatever it was, the reply is over.
    """

    text: str
    finish: Finish | None = None
    is_special: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as the model server's tokenizer parts it, its begin token included.

    Attributes:
        ids: one per token.
        starts: where each token begins, in UTF-8 bytes of the text; never falls.
    """

    ids: Sequence[int]
    starts: Sequence[int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What the model server accepts, from its `/info`."""

    model: str
    max_input_tokens: int
    max_total_tokens: int
    max_stop_sequences: int
