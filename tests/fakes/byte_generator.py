"""A tokenizer like a Llama's in miniature, behind the port: words, then bytes."""

import re
import zlib
from array import array
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from bot.core.errors import GenerationUnreachable
from bot.core.generation import Delta, GenerationRequest, ModelLimits, Tokens

_PIECE = re.compile(r" ?[A-Za-z]{1,4}|[\x00-\x7f]|[^\x00-\x7f]")


class ByteGenerator:
    """Cuts words into pieces of four letters, and what is not ASCII into bytes."""

    def __init__(self, *, total: int = 4096, model: str = "miniature") -> None:
        self.model = model
        self.total = total
        self.tokenized: list[str] = []
        self.is_away = False

    def stream(
        self, request: GenerationRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        raise AssertionError(f"nobody asked for a reply: {request.seed}")

    async def limits(self) -> ModelLimits:
        self._check()
        return ModelLimits(self.model, self.total - 1, self.total, 4)

    async def tokenize(self, text: str) -> Tokens:
        self._check()
        self.tokenized.append(text)
        ids, starts, at = array("l", [1]), array("l", [0]), 0
        for piece in _PIECE.findall(text):
            data = piece.encode()
            for offset in range(len(data) if len(data) > 1 and not piece.isascii() else 1):
                ids.append(2 + zlib.crc32(data[offset:]) % 32_000)
                starts.append(at + offset)
            at += len(data)
        return Tokens(ids, starts)

    def _check(self) -> None:
        if self.is_away:
            raise GenerationUnreachable("nothing answers")
