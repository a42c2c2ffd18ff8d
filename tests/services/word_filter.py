"""A host's filter that knows two words, and what asks it."""

import asyncio

from bot.core.content_filter import Context, Direction, Ruling, Verdict
from bot.core.errors import FilterFailed
from bot.services.content_guard import ContentGuard, Fails


class WordFilter:
    """Blocks a word, redacts another; hangs or fails where it is told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Direction, str, Context]] = []
        self.hangs = False
        self.fails = False

    async def check(self, direction: Direction, text: str, context: Context) -> Ruling:
        self.asked.append((direction, text, context))
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise FilterFailed("no answer")
        if "bad" in text:
            return Ruling(Verdict.BLOCK)
        if "rude" in text:
            return Ruling(Verdict.REDACT, text.replace("rude", "----"))
        return Ruling(Verdict.ALLOW)


def guarded(
    judge: WordFilter | None, fails: Fails = Fails.BY_AGE, *, is_adult: bool | None = False
) -> ContentGuard:
    return ContentGuard(judge, lambda _: is_adult, within_s=0.02, fails=fails)
