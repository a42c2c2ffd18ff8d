"""The local Discord as a web server on the loopback interface."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.playground import (
    cdn,
    controls,
    page_api,
    page_interactions,
    rest_channels,
    rest_commands,
    rest_guilds,
    rest_interactions,
    rest_messages,
    rest_threads,
    rest_webhooks,
)
from bot.playground.page_session import only_local, page_session
from bot.playground.rate_limits import rate_limits
from bot.playground.rest import answer_refusals, no_route
from bot.playground.site import SITE, Config, Site

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
_BODY_BYTES = 110 * 1024 * 1024
"""Ten files of the size that Discord takes, and their envelope."""
_SHUTDOWN_S = 0.3


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running local Discord is found."""

    base_url: str
    api_url: str
    gateway_url: str
    page_url: str
    """With the key; opens the page."""


def create_app(config: Config, *, faults: Sequence[Middleware] = ()) -> web.Application:
    """Put the routes together over a new world; its database is closed with the app.

    *faults* stand between the limits and the routes: they may delay, refuse or
    lose any request, before or after it took effect.
    """
    app = web.Application(
        middlewares=[only_local, page_session, answer_refusals, rate_limits(config), *faults],
        client_max_size=_BODY_BYTES,
    )
    site = Site(config)
    app[SITE] = site
    for area in (
        rest_commands,
        rest_interactions,
        rest_guilds,
        rest_channels,
        rest_threads,
        rest_messages,
        rest_webhooks,
        cdn,
        controls,
        page_api,
        page_interactions,
    ):
        app.add_routes(area.routes())
    app.router.add_route("*", "/api/{rest:.*}", no_route)
    app.router.add_get("/gateway", site.gateway.connect)
    app.router.add_get("/gateway/", site.gateway.connect)
    app.router.add_get("/favicon.ico", _no_icon)
    app.router.add_get("/", _index)
    app.router.add_static("/", PAGE)
    app.on_shutdown.append(_send_away)
    app.on_cleanup.append(_close)
    return app


@asynccontextmanager
async def serve(
    config: Config, *, port: int = 0, faults: Sequence[Middleware] = ()
) -> AsyncGenerator[Address, None]:
    """Listen on the loopback interface for the length of the block; port 0 takes a free one."""
    app = create_app(config, faults=faults)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        bound = runner.addresses[0][1]
        base_url = f"http://{HOST}:{bound}"
        site = app[SITE]
        site.uploads.base_url = base_url
        yield Address(
            base_url=base_url,
            api_url=f"{base_url}/api/v10",
            gateway_url=site.gateway_url,
            page_url=f"{base_url}/?key={config.secret}",
        )
    finally:
        await runner.cleanup()


async def _index(_request: web.Request) -> web.StreamResponse:
    index = PAGE / "index.html"
    if not index.is_file():
        return web.Response(text="The page is not installed.", status=404)
    return web.FileResponse(index)


async def _no_icon(_request: web.Request) -> web.Response:
    return web.Response(status=204)


async def _send_away(app: web.Application) -> None:
    app[SITE].close()
    # Sockets get a moment to hear their close code before they are cut.
    await asyncio.sleep(0)


async def _close(app: web.Application) -> None:
    app[SITE].journal.close()
