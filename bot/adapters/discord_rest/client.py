"""One request to Discord: when it may leave, what became of it, whether to repeat it.

An answer is one of four things. *Ok*. *Refused*: Discord says no and means it.
*Not taken*: it certainly did nothing (no connection, a limit). *Ambiguous*: the
request left and nobody can tell (time-out, reset, 5xx). What creates a message
is never sent again after the last of these; everything else may be.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from yarl import URL

from bot import __version__
from bot.adapters.discord_rest.limits import RateLimits
from bot.adapters.discord_rest.refusals import NotTaken, Refused, refusal
from bot.adapters.discord_rest.routes import Route
from bot.core.errors import PostAmbiguous, PostError

log = logging.getLogger(__name__)

USER_AGENT = f"DiscordBot (https://zephrp.invalid, {__version__})"

TRIES = 3
LIMITED_TRIES = 5
FIRST_PAUSE_S = 0.25
CLOUDFLARE_PAUSE_S = 60.0
"""Shut out without being told for how long."""

OPTIONAL_UNTIL = 2_000
"""Invalid answers in ten minutes, from which on typing and reactions rest."""
ANYTHING_UNTIL = 5_000
"""From here on nothing is sent: at 10,000 Discord shuts our address out."""

_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_INVALID = {_UNAUTHORIZED, 403, _TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes along with a message."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    payload: Any  # JSON, or None where there was none


class Watch(Protocol):
    """Is told what becomes of requests."""

    def answered(self, route: str, status: int) -> None:
        """Discord has answered; *route* has no id."""
        ...

    def limited(self, scope: str) -> None:
        """It was an answer 429."""
        ...

    def waited(self, seconds: float) -> None:
        """A request had to wait for its limit."""
        ...


class Unwatched:
    """Nobody is told."""

    def answered(self, route: str, status: int) -> None: ...

    def limited(self, scope: str) -> None: ...

    def waited(self, seconds: float) -> None: ...


class DiscordRest:
    """Discord's REST API. Borrows the session; does not close it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        token: str,
        connect_s: float = 3.0,
        answer_s: float = 10.0,
        whole_s: float = 15.0,
        per_second: int = 50,
        on_unauthorized: Callable[[], None] = lambda: None,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Set up.

        Args:
            connect_s: for a connection.
            answer_s: for one answer.
            whole_s: for a request with all its waits and tries.
            per_second: requests with and without the bot's token, each.
            on_unauthorized: called once when Discord does not accept the bot's
                token. From then on nothing is sent: the process has to end.
            watch: told what becomes of requests.
        """
        self._session = session
        self._api_url = api_url.rstrip("/")
        self._authorization = {"Authorization": f"Bot {token}"}
        self._connect_s = connect_s
        self._answer_s = answer_s
        self._whole_s = whole_s
        self._clock = clock
        self._chance = chance
        self._limits = RateLimits(clock=clock, per_second=per_second)
        self._on_unauthorized = on_unauthorized
        self._watch = watch or Unwatched()
        self._is_unauthorized = False

    async def request(
        self,
        route: Route,
        body: Mapping[str, Any] | None = None,
        *,
        files: Sequence[Upload] = (),
        within_s: float | None = None,
        optional: bool = False,
    ) -> Any:
        """Send, wait where a limit asks for it, repeat where that is safe.

        Args:
            within_s: for everything together.
            optional: nobody misses it; left out when too much was refused lately.

        Returns:
            The JSON of the answer, or None where it has none.

        Raises:
            Refused: Discord said no.
            NotTaken: it did nothing, and *within_s* or the tries are over.
            PostAmbiguous: it may have done it.
        """
        until = self._clock() + (self._whole_s if within_s is None else within_s)
        failed = limited = 0
        while True:
            self._stay_welcome(route, optional=optional)
            waited_s = await self._limits.turn(route, until=until)
            if waited_s:
                self._watch.waited(waited_s)
            try:
                answer = await self._send(route, body, files, until)
                self._watch.answered(route.name, answer.status)
                if answer.status != _TOO_MANY_REQUESTS:
                    return self._judge(route, answer)
            except (NotTaken, PostAmbiguous) as error:
                failed += 1
                if not self._may_repeat(route, error, failed, until):
                    raise
                await self._pause(failed, until)
            else:
                limited += 1
                self._obey(route, answer)
                if limited == LIMITED_TRIES:
                    raise NotTaken(f"{route.name}: limited {limited} times")

    async def _send(
        self,
        route: Route,
        body: Mapping[str, Any] | None,
        files: Sequence[Upload],
        until: float,
    ) -> _Answer:
        total_s = max(0.05, min(self._answer_s, until - self._clock()))
        headers = {"User-Agent": USER_AGENT}
        if route.authorized:
            headers |= self._authorization
        if body is not None and not files:
            headers["Content-Type"] = "application/json"
        # Causes are cut off below: aiohttp's error texts can hold the address,
        # and the address of a webhook is its key.
        try:
            async with self._session.request(
                route.method,
                URL(self._api_url + route.path, encoded=True),
                data=_encode(body, files),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=total_s, connect=self._connect_s, sock_connect=self._connect_s
                ),
            ) as response:
                return _Answer(response.status, response.headers, _decode(await response.read()))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotTaken(f"{route.name}: no connection ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PostAmbiguous(f"{route.name}: no answer ({type(error).__name__})") from None

    def _judge(self, route: Route, answer: _Answer) -> Any:
        self._limits.learn(route, answer.headers)
        if answer.status < 300:  # noqa: PLR2004  # 2xx
            return answer.payload
        if answer.status in _INVALID:
            self._limits.note_invalid()
        if answer.status == _UNAUTHORIZED and route.authorized and not self._is_unauthorized:
            self._is_unauthorized = True
            log.error("discord does not accept the token any more")
            self._on_unauthorized()
        # 408 is what proxies in front of Discord say when it took too long.
        if answer.status >= 500 or answer.status == _REQUEST_TIMEOUT:  # noqa: PLR2004  # 5xx
            raise PostAmbiguous(f"{route.name}: Discord failed with {answer.status}")
        refused = refusal(answer.status, _code(answer.payload), route.name, _fields(answer.payload))
        log.info(
            "discord refused",
            extra={"route": route.name, "status": refused.status, "code": refused.code},
        )
        raise refused

    def _obey(self, route: Route, answer: _Answer) -> None:
        self._limits.learn(route, answer.headers)
        payload = answer.payload if isinstance(answer.payload, dict) else None
        wait_s = _seconds(payload and payload.get("retry_after"))
        wait_s = _seconds(answer.headers.get("Retry-After")) if wait_s is None else wait_s
        scope = answer.headers.get("X-RateLimit-Scope", "")
        if scope != "shared":
            self._limits.note_invalid()
        self._watch.limited(scope)
        log.warning(
            "discord limits us",
            extra={"route": route.name, "scope": scope or "none", "wait_s": wait_s},
        )
        if payload is None and "Via" not in answer.headers:
            # Not Discord but what stands before it, and it means the address.
            for authorized in (True, False):
                self._limits.close_all(wait_s or CLOUDFLARE_PAUSE_S, authorized=authorized)
        elif scope == "global" or (payload and payload.get("global") is True):
            self._limits.close_all(wait_s or 1.0, authorized=route.authorized)
        else:
            self._limits.close(route, wait_s or 1.0)

    @property
    def invalid_lately(self) -> int:
        """How many answers of the last ten minutes brought us nearer to being shut out."""
        return self._limits.invalid_lately

    def _may_repeat(self, route: Route, error: PostError, failed: int, until: float) -> bool:
        if failed >= TRIES or self._clock() >= until:
            return False
        return route.repeatable or isinstance(error, NotTaken)

    async def _pause(self, failed: int, until: float) -> None:
        pause_s = FIRST_PAUSE_S * 2 ** (failed - 1) * (0.5 + self._chance())
        await asyncio.sleep(max(0.0, min(pause_s, until - self._clock())))

    def _stay_welcome(self, route: Route, *, optional: bool) -> None:
        if self._is_unauthorized:
            raise Refused(_UNAUTHORIZED, 0, route.name)
        if self._limits.invalid_lately >= (OPTIONAL_UNTIL if optional else ANYTHING_UNTIL):
            raise NotTaken(f"{route.name}: too much was refused in the last ten minutes")


def _encode(
    body: Mapping[str, Any] | None, files: Sequence[Upload]
) -> bytes | aiohttp.FormData | None:
    text = None if body is None else json.dumps(body, separators=(",", ":"))
    if not files:
        return None if text is None else text.encode()
    form = aiohttp.FormData()
    form.add_field("payload_json", text or "{}", content_type="application/json")
    for number, file in enumerate(files):
        form.add_field(
            f"files[{number}]",
            file.content,
            filename=file.name,
            content_type=file.content_type,
        )
    return form


def _decode(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _code(payload: object) -> int:
    code = payload.get("code") if isinstance(payload, dict) else None
    return code if isinstance(code, int) else 0


def _fields(payload: object) -> Collection[str]:
    errors = payload.get("errors") if isinstance(payload, dict) else None
    return [str(name) for name in errors] if isinstance(errors, dict) else ()


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
