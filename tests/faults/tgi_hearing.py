"""Asking a generator that has proxies before its servers, and what came of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.adapters.tgi import Deadlines, TgiGenerator, open_tgi
from bot.core.errors import GenerationError
from bot.core.generation import GenerationRequest
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.scripted_tgi import story
from tests.profiles import ZEPHRP

FAST = Deadlines(first_token_s=0.5, between_tokens_s=0.2, whole_reply_s=2)
PATIENT = replace(FAST, first_token_s=5, whole_reply_s=10)
"""With time for three tries."""
REQUEST = GenerationRequest(
    prompt="### Response:\nMira:", stop=(), max_new_tokens=200, seed=7, sampling=ZEPHRP.sampling
)
REPLY = story(70)


@asynccontextmanager
async def generator_on(
    *proxies: FaultProxy, deadlines: Deadlines = FAST
) -> AsyncGenerator[TgiGenerator, None]:
    urls = [f"http://{proxy.address}" for proxy in proxies]
    async with open_tgi(urls=urls, api_key=None, deadlines=deadlines) as generator:
        yield generator


class Heard:
    """What came of a request: text, the error that ended it if one did, and how long it took."""

    def __init__(self) -> None:
        self.text = ""
        self.error: GenerationError | None = None
        self.seconds = 0.0


async def hear(generator: TgiGenerator, request: GenerationRequest = REQUEST) -> Heard:
    heard = Heard()
    began = asyncio.get_running_loop().time()
    try:
        async with generator.stream(request) as deltas:
            async for delta in deltas:
                heard.text += delta.text
    except GenerationError as error:
        heard.error = error
    heard.seconds = asyncio.get_running_loop().time() - began
    return heard
