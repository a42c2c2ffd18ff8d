"""Who may open the page: holders of the printed link, from this machine only."""

import hmac
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.refusals import Refusal
from bot.playground.rest import Handler, answer
from bot.playground.site import site_of

COOKIE = "playground"
_HOSTS = ("127.0.0.1", "localhost", "::1")
_CLOSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Closed</title>
<h1>This page needs its key</h1>
<p>Open the link that the terminal printed; it ends in <code>/?key=…</code>.</p></html>"""
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@web.middleware
async def only_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that merely resolve to this machine: DNS rebinding."""
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        host = None
    if host not in _HOSTS:
        return web.Response(status=421, text="Only 127.0.0.1 and localhost are served here.")
    return await handler(request)


@web.middleware
async def page_session(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody without the key see the page, and no other site act on it."""
    if not _is_page(request.path):
        return await handler(request)
    secret = site_of(request).config.secret
    if request.path == "/" and hmac.compare_digest(request.query.get("key", ""), secret):
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(COOKIE, _mark(secret), httponly=True, samesite="Strict", path="/")
        return response
    if not hmac.compare_digest(request.cookies.get(COOKIE, ""), _mark(secret)):
        return _closed(request)
    if request.method not in ("GET", "HEAD") and not _is_same_origin(request):
        return _sentence(403, "This came from another site.")
    try:
        response_ = await handler(request)
    except Refusal as refusal:
        return _sentence(refusal.status, _spoken(refusal))
    if not response_.prepared:
        response_.headers.setdefault("Content-Security-Policy", POLICY)
        response_.headers.setdefault("X-Content-Type-Options", "nosniff")
        response_.headers.setdefault("Referrer-Policy", "no-referrer")
        response_.headers.setdefault("Cache-Control", "no-store")
    return response_


def _is_page(path: str) -> bool:
    return not path.startswith(("/api/", "/cdn/")) and path not in ("/gateway", "/favicon.ico")


def _is_same_origin(request: web.Request) -> bool:
    if request.content_type not in ("application/json", "multipart/form-data"):
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _closed(request: web.Request) -> web.Response:
    if request.path.startswith("/page/"):
        return _sentence(403, "Open the link that the terminal printed.")
    return web.Response(status=403, text=_CLOSED, content_type="text/html")


def _sentence(status: int, message: str) -> web.Response:
    return answer({"message": message}, status=status)


def _spoken(refusal: Refusal) -> str:
    """The refusal as one sentence for people, the first wrong field named."""
    sentences = {
        50001: "You cannot see this channel.",
        50013: "You have no right to do that here.",
        50005: "Only the author can edit a message.",
        50006: "An empty message cannot be sent.",
        10008: "This message is not there any more.",
        10003: "This channel is not there any more.",
    }
    for path, (_, text) in refusal.errors.items():
        return f"{path}: {text}"
    return sentences.get(refusal.code, refusal.message)


def _mark(secret: str) -> str:
    return hmac.new(secret.encode(), b"page", "sha256").hexdigest()
