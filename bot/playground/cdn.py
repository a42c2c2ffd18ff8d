"""Pictures and uploads, as Discord's content network serves them."""

import re

from aiohttp import web

from bot.playground.pictures import draw
from bot.playground.rest import number
from bot.playground.site import site_of
from bot.playground.uploads import content_type, is_shown_inline

_OWN_FILE = re.compile(r"^https?://(?:127\.0\.0\.1|localhost)(?::\d+)?(/cdn/attachments/[^?]+)")


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.get("/cdn/attachments/{channel_id}/{attachment_id}/{filename}", _attachment),
        web.get(r"/cdn/avatars/{user_id}/{face:[0-9a-z_]+}.png", _avatar),
        web.get(r"/cdn/embed/avatars/{user_id}.png", _default_avatar),
    ]


async def _attachment(request: web.Request) -> web.Response:
    site = site_of(request)
    query = request.query
    try:
        is_valid = site.uploads.is_valid(
            request.path,
            ex=query.get("ex", ""),
            issued=query.get("is", ""),
            mark=query.get("hm", ""),
        )
    except ValueError:
        is_valid = False
    data = site.uploads.read(number(request, "attachment_id")) if is_valid else None
    if data is None:
        return web.Response(status=404, text="This content is no longer available.")
    kind = content_type(request.match_info["filename"])
    place = "inline" if is_shown_inline(kind) else "attachment"
    return web.Response(
        body=data,
        headers={
            "Content-Type": kind,
            "Content-Disposition": place,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


async def _default_avatar(request: web.Request) -> web.Response:
    return web.Response(body=draw(request.match_info["user_id"]), content_type="image/png")


async def _avatar(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    face = request.match_info["face"]
    found = _OWN_FILE.match(site.messages.face_url(face) or "")
    if found is not None:
        raise web.HTTPFound(site.uploads.signed(found[1]))
    own = site.webhooks.picture(number(request, "user_id"), face)
    if own is not None:
        return web.Response(body=own, content_type="image/png")
    # A picture that lies elsewhere is never fetched: its address draws one here.
    return web.Response(
        body=draw(face), content_type="image/png", headers={"Cache-Control": "max-age=86400"}
    )
