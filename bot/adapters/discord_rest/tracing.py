"""Says when a character's post has left for Discord, for whoever wants to know."""

import asyncio
import re
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

_EXECUTE = re.compile(r"/webhooks/\d+/[^/]+$")


def post_sent(reached: Callable[[], None]) -> aiohttp.TraceConfig:
    """Call *reached* each time the body of a webhook's post has been written to the socket.

    Goes to the session that `DiscordRest` borrows.
    """

    async def on_chunk(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        sent: aiohttp.TraceRequestChunkSentParams,
    ) -> None:
        if sent.method == "POST" and _EXECUTE.search(sent.url.raw_path):
            # aiohttp tells of a chunk just before it writes it.
            asyncio.get_running_loop().call_soon(reached)

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(on_chunk)
    return trace
