"""Discord's limits, counted and announced in headers as Discord does.

The numbers are those seen in the wild; a bot must follow the headers and know
none of them. Interactions stand outside, as they do there.
"""

import hashlib
import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.rest import API, answer
from bot.playground.site import Config
from bot.playground.world import BOT_ID

_GLOBAL = (50, 1.0)
_BUCKETS = (
    (re.compile(r"POST /channels/(\d+)/messages"), "send", 5, 5.0),
    (re.compile(r"PATCH /channels/(\d+)/messages/\d+"), "edit", 5, 5.0),
    (re.compile(r"DELETE /channels/(\d+)/messages/\d+"), "delete", 5, 1.0),
    (re.compile(r"PUT /channels/(\d+)/messages/\d+/reactions/.+"), "react", 1, 0.25),
    (re.compile(r"POST /channels/(\d+)/typing"), "typing", 5, 5.0),
    (re.compile(r"(?:POST|PATCH|DELETE) /webhooks/(\d+)/[^/]+(?:/messages/.+)?"), "hook", 5, 2.0),
)
_WINDOWS_KEPT = 2_000


@dataclass(slots=True)
class _Window:
    limit: int
    length_s: float
    ends_at: float = 0.0
    used: int = 0
    times: deque[float] = field(default_factory=deque)


def rate_limits(config: Config, *, clock: Callable[[], float] = time.monotonic) -> Middleware:
    """Return the middleware that counts; without `enforce_limits` it lets everything pass."""
    windows: OrderedDict[str, _Window] = OrderedDict()

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not config.enforce_limits or not request.path.startswith(API):
            return await handler(request)
        if _is_interaction(request):
            return await handler(request)
        now = clock()
        everything = _window(windows, "global", *_GLOBAL, now=now)
        if everything.used >= everything.limit:
            return _refusal(everything, now, scope="global", bucket="")
        everything.used += 1
        found = _bucket(request)
        if found is None:
            return await handler(request)
        name, major, limit, length_s = found
        bucket = hashlib.sha256(name.encode()).hexdigest()[:32]
        window = _window(windows, f"{name}:{major}", limit, length_s, now=now)
        if window.used >= window.limit:
            return _refusal(window, now, scope="user", bucket=bucket)
        window.used += 1
        response = await handler(request)
        response.headers.update(_headers(window, now, bucket))
        return response

    return counted


def _is_interaction(request: web.Request) -> bool:
    # Follow-ups go to the webhook that has the application's own id.
    own = (f"{API}/interactions/", f"{API}/webhooks/{BOT_ID}/")
    return request.path.startswith(own)


def _bucket(request: web.Request) -> tuple[str, str, int, float] | None:
    line = f"{request.method} {request.path.removeprefix(API)}"
    for pattern, name, limit, length_s in _BUCKETS:
        found = pattern.fullmatch(line)
        if found:
            return name, found[1], limit, length_s
    return None


def _window(
    windows: OrderedDict[str, _Window], key: str, limit: int, length_s: float, *, now: float
) -> _Window:
    window = windows.get(key)
    if window is None or window.ends_at <= now:
        window = windows[key] = _Window(limit, length_s, now + length_s)
    windows.move_to_end(key)
    while len(windows) > _WINDOWS_KEPT:
        windows.popitem(last=False)
    return window


def _headers(window: _Window, now: float, bucket: str) -> dict[str, str]:
    rest = max(window.ends_at - now, 0.0)
    return {
        "Via": "1.1 local",
        "X-RateLimit-Limit": str(window.limit),
        "X-RateLimit-Remaining": str(window.limit - window.used),
        "X-RateLimit-Reset": f"{time.time() + rest:.3f}",
        "X-RateLimit-Reset-After": f"{rest:.3f}",
        "X-RateLimit-Bucket": bucket,
    }


def _refusal(window: _Window, now: float, *, scope: str, bucket: str) -> web.Response:
    rest = max(window.ends_at - now, 0.001)
    is_global = scope == "global"
    headers = _headers(window, now, bucket) if bucket else {"Via": "1.1 local"}
    headers |= {"Retry-After": str(math.ceil(rest)), "X-RateLimit-Scope": scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(rest, 3),
        "global": is_global,
    }
    response = answer(body, status=429)
    response.headers.update(headers)
    return response
