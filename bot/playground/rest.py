"""What all routes of the API share: who asks, and how refusals are written."""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.playground.permissions import require
from bot.playground.refusals import Refusal, invalid_fields, unauthorized
from bot.playground.rights import Right
from bot.playground.site import Site, site_of
from bot.playground.world import Channel

log = logging.getLogger(__name__)

API = "/api/v10"
_UNKNOWN_ROUTES_KEPT = 200

_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,}")
"""What must not be logged; ids and names of routes are shorter."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write what is refused, and routes that are not there, as Discord writes it."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except Refusal as refusal:
        return answer(refusal.body(), status=refusal.status)


async def no_route(request: web.Request) -> web.Response:
    """Answer for what is not there, loudly: what a bot asks for in vain is a gap here."""
    missing = f"{request.method} {_TOKEN.sub('…', request.path)}"
    log.error("no such route: %s", missing)
    known = site_of(request).unknown_routes
    known.append(missing)
    del known[:-_UNKNOWN_ROUTES_KEPT]
    return answer({"message": "404: Not Found", "code": 0}, status=404)


def as_bot(handler: Handler) -> Handler:
    """Let only the bot in."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        wanted = f"Bot {site_of(request).config.token}"
        if request.headers.get("Authorization") != wanted:
            raise unauthorized()
        return await handler(request)

    return guarded


def number(request: web.Request, name: str) -> int:
    """Return an id from the path."""
    text = request.match_info[name]
    if not text.isdecimal():
        raise invalid_fields({name: f'Value "{text}" is not snowflake.'})
    return int(text)


def query_number(request: web.Request, name: str, default: int | None = None) -> int | None:
    """Return a number from the query."""
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise invalid_fields({name: f'Value "{text}" is not int.'})
    return int(text)


def bot_channel(request: web.Request, *needed: Right) -> tuple[Site, Channel]:
    """Return the path's channel, if the bot may do there what it wants."""
    site = site_of(request)
    channel = site.world.channel(number(request, "channel_id"))
    require(site.world, site.world.bot_id, channel, *needed)
    return site, channel


def answer(body: Any, *, status: int = 200) -> web.Response:
    """Answer with JSON, its type without a charset: clients of Discord compare it literally."""
    data = json.dumps(body).encode()
    return web.Response(body=data, status=status, headers={"Content-Type": "application/json"})


def nothing() -> web.Response:
    """Answer with no content."""
    return web.Response(status=204)
