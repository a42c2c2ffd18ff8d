"""The bot's own web server: `/livez`, `/readyz`, `/metrics` and portraits.

`/livez` answers while the event loop turns and depends on nothing else;
`/readyz` says 503 with the reasons while a message would not be answered.
"""

import errno
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from bot.core.errors import StartupError
from bot.core.portrait_names import portrait_name
from bot.core.ports import CharacterSource
from bot.core.scene import CharacterKey

PORT_IN_USE_EXIT_CODE = 78
PORTRAIT_CACHE_S = 86_400

Reasons = Callable[[], Awaitable[Mapping[str, str]]]
"""Why a message would not be answered now: part -> sentence; empty when it would be."""


@asynccontextmanager
async def open_http_server(
    *,
    host: str,
    port: int,
    reasons: Reasons,
    metrics_page: Callable[[], bytes],
    characters: CharacterSource,
    face: Callable[[CharacterKey], Awaitable[bytes | None]],
) -> AsyncGenerator[int, None]:
    """Serve until the block is left; yields the port, which 0 leaves to the system.

    Args:
        face: of a member's character, which is not among *characters* unless it plays.

    Raises:
        StartupError: the port is taken.
    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        missing = dict(await reasons())
        return web.json_response(
            {"ready": not missing, "reasons": missing}, status=503 if missing else 200
        )

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics_page(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    async def portrait(request: web.Request) -> web.Response:
        wanted = request.match_info["digest"]
        for character in characters.characters().values():
            if character.avatar and portrait_name(character.avatar) == f"{wanted}.png":
                return _picture(character.avatar)
        raise web.HTTPNotFound

    async def members_portrait(request: web.Request) -> web.Response:
        # Both have to be known: keys can be guessed, what a picture holds cannot.
        avatar = await face(CharacterKey(request.match_info["key"]))
        if avatar is None or portrait_name(avatar) != f"{request.match_info['digest']}.png":
            raise web.HTTPNotFound
        return _picture(avatar)

    app = web.Application()
    app.add_routes(
        [
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
            web.get("/portraits/{digest}.png", portrait),
            web.get("/portraits/{key:~[0-9]{1,20}}/{digest}.png", members_portrait),
        ]
    )
    server_logger.addFilter(_is_of_ours)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        # Out of files, asyncio logs so many errors a second for a listening socket.
        site = web.TCPSite(runner, host, port, backlog=16)
        try:
            await site.start()
        except OSError as error:
            raise StartupError(
                _sentence(error, host, port), exit_code=PORT_IN_USE_EXIT_CODE
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _is_of_ours(record: logging.LogRecord) -> bool:
    """What is no HTTP is answered with 400; its bytes are nothing for a log, nor an error here."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Set BOT_HTTP__PORT to a free one (0 finds one)."
    return (
        f"Nothing can listen on {host}, port {port}. Set BOT_HTTP__HOST to an address of this "
        "machine, and BOT_HTTP__PORT to one that its user may open (0 finds one)."
    )


def _picture(avatar: bytes) -> web.Response:
    return web.Response(
        body=avatar,
        content_type="image/png",
        headers={
            "Cache-Control": f"public, max-age={PORTRAIT_CACHE_S}, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )
