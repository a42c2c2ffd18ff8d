"""What a reply costs at the least on this machine: loops that do nothing with it.

    .venv/bin/python -m tests.bench.floor URL [--tokens 200] [--tokens-per-s 40]

For a process of its own, with the model server in another. Prints JSON:
milliseconds of CPU per reply of so many tokens.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable

import aiohttp

from bot.adapters.tgi import Deadlines, open_tgi
from bot.core.generation import GenerationRequest, Sampling

ROUNDS = 3
PROMPT = "### Response:\nMira:"


async def wake_ups(count: int, every_s: float) -> None:
    """One sleep for each token."""
    for _ in range(count):
        await asyncio.sleep(every_s)


async def bare_read(url: str, tokens: int) -> None:
    """Read a stream's bytes and look at none of them."""
    body = {"inputs": PROMPT, "parameters": {"max_new_tokens": tokens}}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/generate_stream", json=body) as response,
    ):
        while await response.content.readany():
            pass


async def own_read(url: str, tokens: int) -> None:
    """Read a stream with the bot's generator, up to its deltas."""
    request = GenerationRequest(
        prompt=PROMPT, stop=(), max_new_tokens=tokens, seed=1, sampling=Sampling(0.7)
    )
    async with (
        open_tgi(urls=[url], api_key=None, deadlines=Deadlines()) as generator,
        generator.stream(request) as deltas,
    ):
        async for _ in deltas:
            pass


async def cpu_ms(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds of this process's CPU; the middle of some rounds."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        before = time.process_time()
        await work()
        rounds.append((time.process_time() - before) * 1000)
    return statistics.median(rounds)


async def run(options: argparse.Namespace) -> dict[str, float]:
    url, tokens = options.url, options.tokens
    await own_read(url, 1)  # loads what is loaded once
    return {
        "wake_ups": await cpu_ms(lambda: wake_ups(tokens, 1 / options.tokens_per_s)),
        "bare_read": await cpu_ms(lambda: bare_read(url, tokens)),
        "own_read": await cpu_ms(lambda: own_read(url, tokens)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--tokens-per-s", type=float, default=40.0)
    print(json.dumps(asyncio.run(run(parser.parse_args()))))  # noqa: T201
