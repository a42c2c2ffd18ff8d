"""`TextGenerator` over one or several TGI servers that hold the same model."""

import asyncio
import hashlib
import json
import random
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from bot.adapters.tgi.reading import DeltaReader, http_errors_translated
from bot.adapters.tgi.wire import error_of, request_body
from bot.core.errors import (
    GenerationError,
    GenerationOverloaded,
    GenerationTimedOut,
    GenerationUnreachable,
)
from bot.core.generation import Delta, GenerationRequest, ModelLimits, Tokens

TRIES = 3
PAUSE_S = 0.25
"""Before the second try; doubled before the third, and jittered."""
PASSED_OVER_S = 3.0
"""How long a server that failed is asked last."""
SILENT_PASSED_OVER_S = 60.0
"""The same for one that kept us waiting: to find out anew costs somebody that wait again."""
SIDE_CALL_S = 10.0
"""For `/info` and `/tokenize`, which wait for no other request."""
CONNECTIONS = 128
HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the server may take for what, in seconds."""

    connect_s: float = 5.0
    first_token_s: float = 60.0
    between_tokens_s: float = 20.0
    whole_reply_s: float = 180.0


class Watch(Protocol):
    """Is told how the model servers do."""

    def began(self, replica: int, result: str, seconds: float) -> None:
        """A request had its first token ("ok"), or failed in this way before."""
        ...

    def token(self, seconds: float) -> None:
        """Another token came, so long after the one before."""
        ...


class Unwatched:
    """Nobody is told."""

    def began(self, replica: int, result: str, seconds: float) -> None: ...

    def token(self, seconds: float) -> None: ...


@dataclass(slots=True)
class _Replica:
    url: str
    number: int
    limits: ModelLimits | None = None
    passed_over_until: float = 0.0
    is_lost: bool = False


@asynccontextmanager
async def open_tgi(
    *,
    urls: Sequence[str],
    api_key: str | None,
    deadlines: Deadlines,
    watch: Watch | None = None,
) -> AsyncGenerator["TgiGenerator", None]:
    """A generator with its own pool of connections; leaving the block closes them.

    Args:
        watch: told how the servers do.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=deadlines.connect_s),
    ) as http:
        yield TgiGenerator(http, urls=urls, deadlines=deadlines, watch=watch or Unwatched())


class TgiGenerator:
    """`TextGenerator`. Borrows the session; does not close it."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        urls: Sequence[str],
        deadlines: Deadlines,
        watch: Watch,
    ) -> None:
        self._http = http
        self._watch = watch
        self._replicas = [_Replica(url.rstrip("/"), n) for n, url in enumerate(urls)]
        self._deadlines = deadlines

    @asynccontextmanager
    async def stream(
        self, request: GenerationRequest
    ) -> AsyncGenerator[AsyncIterator[Delta], None]:
        """Open a stream; leaving the block closes the connection, which frees the server.

        Until the first token a lost, silent or busy server is tried again, or
        another one; after it never, because text may have been shown.
        """
        loop = asyncio.get_running_loop()
        first_by = loop.time() + self._deadlines.first_token_s
        whole_by = loop.time() + self._deadlines.whole_reply_s
        order = self._order(request.affinity)
        for attempt in range(TRIES):
            replica, began = order[attempt % len(order)], loop.time()
            share_by = self._share_of(first_by, replica, order[attempt + 1 : TRIES])
            attempted = self._attempt(replica, request, first_by=share_by, whole_by=whole_by)
            async with AsyncExitStack() as stack:
                try:
                    reader = await stack.enter_async_context(attempted)
                    first = await anext(reader)
                except (GenerationUnreachable, GenerationTimedOut, GenerationOverloaded) as error:
                    self._note_failure(replica, error)
                    self._watch.began(replica.number, type(error).__name__, loop.time() - began)
                    pause_s = _pause_s(attempt, servers=len(order))
                    if attempt == TRIES - 1 or loop.time() + pause_s >= first_by:
                        raise
                else:
                    replica.passed_over_until, replica.is_lost = 0.0, False
                    self._watch.began(replica.number, "ok", loop.time() - began)
                    async with aclosing(self._rest(replica, first, reader, whole_by)) as deltas:
                        yield deltas
                    return
            await asyncio.sleep(pause_s)

    def _share_of(self, first_by: float, replica: _Replica, later: Sequence[_Replica]) -> float:
        """Until when to wait for *replica*, so that those asked *later* have as long.

        A server that failed of late gets no share of one that did not.
        """
        now = asyncio.get_running_loop().time()
        hopes = [
            other
            for other in later
            if now >= other.passed_over_until or now < replica.passed_over_until
        ]
        return now + (first_by - now) / (1 + len(hopes))

    async def _rest(
        self, replica: _Replica, first: Delta, reader: DeltaReader, whole_by: float
    ) -> AsyncGenerator[Delta, None]:
        yield first
        if first.finish is not None:
            return
        loop = asyncio.get_running_loop()
        last = loop.time()
        try:
            async for delta in reader:
                before, last = last, loop.time()
                self._watch.token(last - before)
                yield delta
        except GenerationUnreachable as error:
            self._note_failure(replica, error)
            raise
        except GenerationTimedOut as error:
            # One that spoke until the end of the time was slow, not silent.
            if asyncio.get_running_loop().time() < whole_by:
                self._note_failure(replica, error)
            raise

    def lost(self) -> Sequence[bool]:
        """Of each server, in the settings' order, whether it failed when it was asked last."""
        return [replica.is_lost for replica in self._replicas]

    async def limits(self) -> ModelLimits:
        """What the server accepts; asked again after it was lost."""
        failure: GenerationError = GenerationUnreachable("no model server is set")
        for replica in self._order(""):
            try:
                return await self._limits_of(replica)
            except GenerationError as error:
                failure = error
        raise failure

    async def each_limits(self) -> Sequence[ModelLimits | GenerationError]:
        """What each server accepts, in the settings' order, or why it cannot be used."""

        async def ask(replica: _Replica) -> ModelLimits | GenerationError:
            # Anew: the server may have been set up in another way since.
            asked = _Replica(replica.url, replica.number)
            try:
                # TGI tells its limits to everybody, and does the rest for who has its key.
                await self._call(asked, "POST", "/tokenize", {"inputs": "a"})
                return await self._limits_of(asked)
            except GenerationError as error:
                return error

        return await asyncio.gather(*(ask(replica) for replica in self._replicas))

    async def tokenize(self, text: str) -> Tokens:
        """Ask `/tokenize`, whose offsets count bytes."""
        failure: GenerationError = GenerationUnreachable("no model server is set")
        for replica in self._order(""):
            try:
                tokens = await self._call(replica, "POST", "/tokenize", {"inputs": text})
            except GenerationError as error:
                failure = error
                continue
            try:
                ids = array("l", (int(token["id"]) for token in tokens))
                return Tokens(ids, array("l", (int(token["start"]) for token in tokens)))
            except (KeyError, TypeError, ValueError, OverflowError):
                raise GenerationUnreachable("the model server's /tokenize makes no sense") from None
        raise failure

    def _order(self, affinity: str) -> list[_Replica]:
        """Where to ask, best first: one story keeps its server, failed ones come last.

        Rendezvous hashing: when a server leaves, only its own stories move.
        """
        now = asyncio.get_running_loop().time()

        def rank(replica: _Replica) -> tuple[bool, bytes]:
            lately = now < replica.passed_over_until
            return lately, hashlib.sha256(f"{affinity}\0{replica.url}".encode()).digest()

        return sorted(self._replicas, key=rank)

    def _note_failure(self, replica: _Replica, error: GenerationError) -> None:
        if isinstance(error, GenerationUnreachable | GenerationTimedOut):
            silent = isinstance(error, GenerationTimedOut)
            for_s = SILENT_PASSED_OVER_S if silent else PASSED_OVER_S
            replica.passed_over_until = asyncio.get_running_loop().time() + for_s
            replica.limits, replica.is_lost = None, True

    async def _limits_of(self, replica: _Replica) -> ModelLimits:
        if replica.limits is None:
            info = await self._call(replica, "GET", "/info", None)
            try:
                replica.limits = ModelLimits(
                    model=str(info["model_id"]),
                    max_input_tokens=int(info["max_input_tokens"]),
                    max_total_tokens=int(info["max_total_tokens"]),
                    max_stop_sequences=int(info["max_stop_sequences"]),
                )
            except (KeyError, TypeError, ValueError):
                raise GenerationUnreachable("the model server's /info makes no sense") from None
        return replica.limits

    async def _call(self, replica: _Replica, method: str, path: str, body: object) -> Any:
        try:
            with http_errors_translated():
                async with (
                    asyncio.timeout(SIDE_CALL_S),
                    self._http.request(method, replica.url + path, json=body) as response,
                ):
                    payload = await _json_of(response)
                    if response.status != HTTP_OK:
                        raise error_of(payload, status=response.status)
        except GenerationError as error:
            self._note_failure(replica, error)
            raise
        if not isinstance(payload, dict | list):
            raise GenerationUnreachable(f"the model server's {path} makes no sense")
        replica.is_lost = False
        return payload

    @asynccontextmanager
    async def _attempt(
        self, replica: _Replica, request: GenerationRequest, *, first_by: float, whole_by: float
    ) -> AsyncGenerator[DeltaReader, None]:
        """One attempt; leaving the block closes the connection."""
        with http_errors_translated():
            async with asyncio.timeout_at(first_by):
                limits = await self._limits_of(replica)
                body = request_body(request, most_stops=limits.max_stop_sequences)
                response = await self._http.post(f"{replica.url}/generate_stream", json=body)
        try:
            if response.status != HTTP_OK:
                with http_errors_translated():
                    async with asyncio.timeout_at(first_by):
                        payload = await _json_of(response)
                raise error_of(payload, status=response.status)
            reader = DeltaReader(
                response,
                first_by=first_by,
                between_s=self._deadlines.between_tokens_s,
                whole_by=whole_by,
            )
            yield reader
            await reader.read_out()
        finally:
            # A body that was read to its end has returned its connection
            # already; any other is cut, and that stops the server.
            response.close()


def _pause_s(attempt: int, *, servers: int) -> float:
    """How long to wait after a failed attempt; not at all before a server that was not asked."""
    if attempt + 1 < servers:
        return 0.0
    return float(PAUSE_S * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311


async def _json_of(response: aiohttp.ClientResponse) -> object:
    try:
        payload: object = json.loads(await response.read())
    except ValueError:
        return None  # a proxy's page, or nothing: the status has to do
    return payload
