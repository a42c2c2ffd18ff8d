"""The part of Discord's REST API a voice needs, on a real socket, with faults on demand."""

import asyncio
import itertools
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import BodyPartReader, web

APPLICATION = BOT_USER = 4242
UNKNOWN_MESSAGE = 404, {"message": "Unknown Message", "code": 10008}
VIA = {"Via": "1.1 google"}


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived; `at` is monotonic."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    at: float
    files: tuple[bytes, ...] = ()

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Fault:
    """What happens instead of, or after, the ordinary answer.

    Attributes:
        stores: whether Discord does its work before it fails.
        status: of the answer; None cuts the connection without one.
        after_s: how long it takes; a hang is a long time.
    """

    stores: bool = False
    status: int | None = None
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0


STORE_THEN_502 = Fault(stores=True, status=502, text="<html>bad gateway</html>")
STORE_THEN_RESET = Fault(stores=True)
BAD_GATEWAY = Fault(status=502, text="<html>bad gateway</html>")
RESET = Fault()


def refusal(status: int, code: int) -> Fault:
    return Fault(status=status, body={"message": "no", "code": code})


def limited(
    seconds: float, *, scope: str = "user", headers: Mapping[str, str] | None = None
) -> Fault:
    body = {"message": "limited", "retry_after": seconds, "global": scope == "global"}
    own = {**VIA, "X-RateLimit-Scope": scope, "Retry-After": str(seconds)}
    return Fault(status=429, body=body, headers=own if headers is None else headers)


@dataclass
class StoredMessage:
    id: int
    channel: int
    author: str  # the name on the screen; "" for the bot itself
    text: str
    components: list[Any]
    webhook: int | None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    edited_at: float | None = None
    is_ours: bool = True

    @property
    def labels(self) -> list[str]:
        return [cell["label"] for row in self.components for cell in row["components"]]


class ScriptedDiscord:
    """Channels, webhooks and messages; `script` queues faults for matching calls."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Recorded] = []
        self.messages: dict[int, StoredMessage] = {}
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.threads: dict[int, dict[str, Any]] = {}
        self.answer_headers: Callable[[Recorded], Mapping[str, str]] = lambda _: {}
        self.attachment_ends_at: float = time.time() + 86_400
        self.latency_s = 0.0
        self.may_read_history = True
        self._faults: list[tuple[re.Pattern[str], deque[Fault]]] = []
        self._ids = itertools.count(100_001)
        self._nonces: dict[tuple[int, str], int] = {}
        self._last: dict[int, int] = {}

    def script(self, call: str, *faults: Fault) -> None:
        """Let the next calls that match the expression *call* meet *faults*."""
        self._faults.append((re.compile(call), deque(faults)))

    def calls(self, expression: str) -> list[Recorded]:
        return [each for each in self.requests if re.search(expression, each.call)]

    def on_screen(self, channel: int) -> list[StoredMessage]:
        return [each for each in self.messages.values() if each.channel == channel]

    def add_webhook(self, channel: int, *, application: int | None = APPLICATION) -> int:
        number = next(self._ids)
        self.webhooks[number] = {
            "id": str(number),
            "channel_id": str(channel),
            "token": f"key-{number}",
            "application_id": None if application is None else str(application),
        }
        return number

    def add_message(self, channel: int, text: str) -> StoredMessage:
        """Somebody else writes."""
        stored = StoredMessage(next(self._ids), channel, "somebody", text, [], None, is_ours=False)
        self._keep(stored)
        return stored

    async def handle(self, request: web.Request) -> web.StreamResponse:
        recorded = await _record(request)
        self.requests.append(recorded)
        fault = self._fault(recorded.call)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if fault is None:
            status, body = self._answer(recorded)
            return _json(status, body, self.answer_headers(recorded))
        if fault.stores:
            self._answer(recorded)
        if fault.after_s:
            await asyncio.sleep(fault.after_s)
        if fault.status is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault.text is not None:
            return web.Response(
                status=fault.status,
                text=fault.text,
                content_type="text/html",
                headers=fault.headers,
            )
        return _json(fault.status, fault.body, fault.headers)

    def _fault(self, call: str) -> Fault | None:
        for expression, faults in self._faults:
            if faults and expression.search(call):
                return faults.popleft()
        return None

    def _answer(self, asked: Recorded) -> tuple[int, Any]:  # noqa: C901, PLR0911  # one per route
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["oauth2", "applications", "@me"] | ["users", "@me"]:
                return 200, {"id": str(APPLICATION)}  # of the bot's user, too
            case "GET", ["channels", channel]:
                last = self._last.get(int(channel))
                return 200, {"id": channel, "last_message_id": last and str(last)}
            case "GET", ["channels", channel, "messages"]:
                return 200, self._page(asked, int(channel))
            case "GET", ["channels", channel, "webhooks"]:
                rows = self.webhooks.values()
                return 200, [row for row in rows if row["channel_id"] == channel]
            case "POST", ["channels", channel, "webhooks"]:
                return 200, self.webhooks[self.add_webhook(int(channel))]
            case "POST", ["channels", channel, "messages"]:
                return self._create(asked, int(channel))
            case "POST", ["channels", channel, "threads"]:
                return 201, self._start_thread(asked, channel)
            case "GET", ["guilds", _, "threads", "active"]:
                return 200, {"threads": list(self.threads.values()), "members": []}
            case _, ["channels", _, "messages", message]:
                return self._one(asked, int(message), None)
            case _, ["channels", *_]:
                return 204, None
            case _, ["webhooks", webhook, token, *rest]:
                return self._by_webhook(asked, int(webhook), token, rest)
        return 404, {"message": "404: Not Found", "code": 0}

    def _by_webhook(
        self, asked: Recorded, webhook: int, token: str, rest: list[str]
    ) -> tuple[int, Any]:
        row = self.webhooks.get(webhook)
        if row is None or row["token"] != token:
            return 404, {"message": "Unknown Webhook", "code": 10015}
        if asked.method == "POST":
            channel = int(asked.query.get("thread_id") or row["channel_id"])
            return 200, self._store(asked, channel, webhook)
        return self._one(asked, int(rest[1]), webhook)

    def _create(self, asked: Recorded, channel: int) -> tuple[int, Any]:
        nonce = (channel, str(asked.body.get("nonce")))
        if asked.body.get("enforce_nonce") and nonce in self._nonces:
            known = self.messages.get(self._nonces[nonce])
            return (200, _shape(known)) if known else UNKNOWN_MESSAGE
        shape = self._store(asked, channel, None)
        self._nonces[nonce] = int(shape["id"])
        return 200, shape

    def _start_thread(self, asked: Recorded, channel: str) -> dict[str, Any]:
        number = next(self._ids)
        self.threads[number] = {
            "id": str(number),
            "parent_id": channel,
            "owner_id": str(BOT_USER),
            "name": asked.body["name"],
            "type": asked.body.get("type", 11),
        }
        if "message" in asked.body:
            self._store(replace(asked, body=asked.body["message"]), number, None)
        return self.threads[number]

    def _store(self, asked: Recorded, channel: int, webhook: int | None) -> dict[str, Any]:
        stored = StoredMessage(
            id=next(self._ids),
            channel=channel,
            author=asked.body.get("username", ""),
            text=asked.body.get("content", ""),
            components=asked.body.get("components", []),
            webhook=webhook,
        )
        if asked.files:
            ends = f"{int(self.attachment_ends_at):x}"
            url = f"https://cdn.invalid/{stored.id}.png?ex={ends}&is=1&hm=2"
            stored.attachments.append({"id": "1", "url": url})
        self._keep(stored)
        return _shape(stored)

    def _keep(self, stored: StoredMessage) -> None:
        self.messages[stored.id] = stored
        self._last[stored.channel] = stored.id  # stays so when it is deleted

    def _page(self, asked: Recorded, channel: int) -> list[dict[str, Any]]:
        if not self.may_read_history:
            return []
        after, limit = int(asked.query.get("after", 0)), int(asked.query["limit"])
        found = [each for each in self.on_screen(channel) if each.id > after]
        chosen = found[:limit] if after else found[-limit:]
        return [_shape(each) for each in reversed(chosen)]

    def _one(self, asked: Recorded, message: int, webhook: int | None) -> tuple[int, Any]:
        if asked.method == "GET" and webhook is None and not self.may_read_history:
            return 403, {"message": "Missing Access", "code": 50001}
        stored = self.messages.get(message)
        if stored is None or (webhook is not None and stored.webhook != webhook):
            return UNKNOWN_MESSAGE
        if asked.method == "DELETE":
            del self.messages[message]
            return 204, None
        if asked.method == "GET":
            return 200, _shape(stored)
        if webhook != stored.webhook:
            return 403, {"message": "Cannot edit another's message", "code": 50005}
        stored.text = asked.body.get("content", stored.text)
        stored.components = asked.body["components"]
        stored.edited_at = time.time()
        return 200, _shape(stored)


@asynccontextmanager
async def scripted_discord() -> AsyncGenerator[ScriptedDiscord, None]:
    discord = ScriptedDiscord()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", discord.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    try:
        yield discord
    finally:
        await runner.cleanup()


async def _record(request: web.Request) -> Recorded:
    at = time.monotonic()
    body: Any = None
    files: list[bytes] = []
    if request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            content = bytes(await part.read())
            if part.name == "payload_json":
                body = json.loads(content)
            else:
                files.append(content)
    elif request.can_read_body:
        body = await request.json()
    return Recorded(
        request.method,
        request.path.removeprefix("/api/v10"),
        dict(request.query),
        body,
        dict(request.headers),
        at,
        tuple(files),
    )


def _json(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.json_response(body, status=status, headers=headers)


def _shape(stored: StoredMessage) -> dict[str, Any]:
    edited = stored.edited_at
    by_webhook = {"webhook_id": str(stored.webhook), "application_id": str(APPLICATION)}
    return {
        "id": str(stored.id),
        "channel_id": str(stored.channel),
        "author": {"id": str(stored.webhook or BOT_USER) if stored.is_ours else "99"},
        "content": stored.text,
        "attachments": stored.attachments,
        "components": stored.components,
        "edited_timestamp": edited and datetime.fromtimestamp(edited, UTC).isoformat(),
        **(by_webhook if stored.webhook is not None else {}),
    }
