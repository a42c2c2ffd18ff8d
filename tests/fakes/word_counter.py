"""A model server that only counts: one token per word or mark, and one to begin with."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from zlib import crc32

from bot.core.errors import GenerationUnreachable
from bot.core.generation import Delta, GenerationRequest, ModelLimits, Tokens

_PIECE = re.compile(r" ?\w+|\s|[^\w\s]")


class WordCounter:
    """`TextGenerator` without a voice; `is_away` makes it unreachable."""

    def __init__(self, *, max_total_tokens: int = 4096) -> None:
        self.max_total_tokens = max_total_tokens
        self.is_away = False

    def stream(
        self, request: GenerationRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        raise AssertionError(f"nobody asks it to write: {request.affinity}")

    async def limits(self) -> ModelLimits:
        if self.is_away:
            raise GenerationUnreachable("away")
        return ModelLimits("counter", self.max_total_tokens - 1, self.max_total_tokens, 4)

    async def tokenize(self, text: str) -> Tokens:
        if self.is_away:
            raise GenerationUnreachable("away")
        found = list(_PIECE.finditer(text))
        starts = [len(text[: match.start()].encode()) for match in found]
        return Tokens([1, *(crc32(match.group().encode()) for match in found)], [0, *starts])
