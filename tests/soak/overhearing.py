"""A door between the bot and its model server that notes what the model wrote."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

_HANDED_ON = ("Content-Type",)


@dataclass(slots=True)
class Overheard:
    """What the model wrote, request by request, before anybody cleaned it."""

    url: str = ""
    texts: list[str] = field(default_factory=list)


@asynccontextmanager
async def overhearing(url: str) -> AsyncIterator[Overheard]:
    """Serve the model server at *url* under another address."""
    overheard = Overheard()
    forever = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(url, timeout=forever) as http:

        async def hand_on(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            headers = {
                name: request.headers[name] for name in _HANDED_ON if name in request.headers
            }
            async with http.request(
                request.method, request.path, data=body, headers=headers
            ) as answer:
                reply = web.StreamResponse(
                    status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]}
                )
                await reply.prepare(request)
                number = len(overheard.texts)
                if request.path == "/generate_stream":
                    overheard.texts.append("")
                async for line in answer.content:
                    if request.path == "/generate_stream":
                        overheard.texts[number] += _text(line)
                    await reply.write(line)
                return reply

        app = web.Application(client_max_size=1 << 22)
        app.router.add_route("*", "/{path:.*}", hand_on)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            overheard.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield overheard
        finally:
            await runner.cleanup()


def _text(line: bytes) -> str:
    if not line.startswith(b"data:"):
        return ""
    token = json.loads(line[5:]).get("token") or {"special": True}
    return "" if token["special"] else str(token["text"])
