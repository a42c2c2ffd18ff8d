"""Who counts the tokens of a prompt: the model server, its tokenizer's file, or nobody."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.composition import open_generator
from bot.core.errors import GenerationError
from bot.core.generation import ModelLimits, Tokens
from bot.core.profiles import ModelProfile
from bot.core.script import Piece
from bot.core.token_counts import estimate
from bot.settings import Settings

ANSWER_WITHIN_S = 1.0
"""A server that takes longer to say what it is does not count."""
USUAL_STOPS = 4
"""As many stop strings as TGI takes unless it was told otherwise."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Somebody who counts.

    Attributes:
        name: as the person at the terminal reads it.
        most_stops: how many stop strings the server takes.
        count: tokens of each piece of a prompt, the begin token with the first.
            Raises GenerationError.
    """

    name: str
    most_stops: int
    count: Callable[[Sequence[Piece]], Awaitable[Sequence[int]]]


async def counters(settings: Settings, profile: ModelProfile) -> AsyncGenerator[Counter, None]:
    """All who can count, the most exact first; the last one always can.

    Raises:
        StartupError: the profile names a tokenizer's file that cannot be used.
    """
    async with AsyncExitStack() as stack:
        for url in settings.tgi.urls:
            tgi = settings.tgi.model_copy(update={"urls": (url,)})
            generator = await stack.enter_async_context(
                open_generator(settings.model_copy(update={"tgi": tgi}))
            )
            limits = await _limits_in_time(generator.limits)
            if limits is not None:
                ask = generator.tokenize
                yield Counter(f"server {shown_url(url)}", limits.max_stop_sequences, _by(ask))
    if profile.tokenizer:
        # Imported here: a library that most profiles do without.
        from bot.adapters.tokenizer_file import TokenizerFile  # noqa: PLC0415

        file = TokenizerFile(profile.tokenizer)

        async def tokenize(text: str) -> Tokens:
            return file.tokenize(text)

        yield Counter(f"file {profile.tokenizer}", USUAL_STOPS, _by(tokenize))
    yield Counter("estimate", USUAL_STOPS, _estimated)


async def _limits_in_time(
    limits: Callable[[], Awaitable[ModelLimits]],
) -> ModelLimits | None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await limits()
    except (GenerationError, TimeoutError):
        return None


def _by(
    tokenize: Callable[[str], Awaitable[Tokens]],
) -> Callable[[Sequence[Piece]], Awaitable[Sequence[int]]]:
    async def count(pieces: Sequence[Piece]) -> Sequence[int]:
        return shares(pieces, await tokenize("".join(piece.text for piece in pieces)))

    return count


def shares(pieces: Sequence[Piece], tokens: Tokens) -> list[int]:
    """How many of *tokens* begin in each of *pieces*, which are the text that was parted."""
    counts = [0] * len(pieces)
    at, end = 0, len(pieces[0].text.encode())
    for start in tokens.starts:
        while start >= end and at < len(pieces) - 1:
            at += 1
            end += len(pieces[at].text.encode())
        counts[at] += 1
    return counts


async def _estimated(pieces: Sequence[Piece]) -> Sequence[int]:
    # Each estimate has one token for the beginning of its text.
    counts = [estimate(piece.text) - 1 for piece in pieces]
    counts[0] += 1
    return counts


def shown_url(url: str) -> str:
    """*url* without the name and the password it may hold."""
    return re.sub(r"//[^/?#]*@", "//", url)
