"""The gateway: who listens, what they asked for, and what they missed.

Speaks version 10: HELLO, IDENTIFY, READY, RESUME with replay, heartbeats,
reconnect and invalid session, Discord's close codes, intents and shards.
"""

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from aiohttp import WSMsgType, web

from bot.playground.gateway_faults import GatewayFaults
from bot.playground.gateway_session import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    PRESENCE,
    RECONNECT,
    REQUEST_MEMBERS,
    RESUME,
    VOICE,
    Connection,
    Session,
)
from bot.playground.gateway_starts import SessionStarts

log = logging.getLogger(__name__)

ROUND_TRIP_S = 0.02
_RESUMABLE_FOR_S = 120.0
_SESSIONS_AT_MOST = 64
_SENDS_PER_MINUTE = 120
_MINUTE_S = 60.0
_NORMAL, _GOING_AWAY = 1000, 1001
_ALL_INTENTS = (1 << 26) - 1


class Intent(IntFlag):
    """What a client may ask to hear of."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_WEBHOOKS = 1 << 5
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    GUILD_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    DIRECT_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


class Close(IntEnum):
    """Close codes of Discord's gateway."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    RATE_LIMITED = 4008
    INVALID_SHARD = 4010
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a new session is told: READY's contents and the events after it."""

    ready: Mapping[str, Any]
    events: Iterable[tuple[str, Mapping[str, Any]]]


class _Refused(Exception):
    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class _Pace:
    """Refuses a client that sends more than Discord takes."""

    def __init__(self) -> None:
        self._heard: deque[float] = deque(maxlen=_SENDS_PER_MINUTE)

    def tick(self) -> None:
        now = time.monotonic()
        if len(self._heard) == _SENDS_PER_MINUTE and now - self._heard[0] < _MINUTE_S:
            raise _Refused(Close.RATE_LIMITED)
        self._heard.append(now)


class Gateway:
    """All sessions of the bot."""

    def __init__(
        self,
        *,
        token: str,
        privileged: Intent,
        welcome: Callable[[Session], Welcome],
        members: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        on_change: Callable[[bool], None],
    ) -> None:
        """Set up. *privileged* are the switches that are on in the portal."""
        self._token = token
        self._denied = (
            Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
        ) & ~privileged
        self._welcome = welcome
        self._members = members
        self._on_change = on_change
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._is_online = False
        self.faults = GatewayFaults()
        self.starts = SessionStarts()

    @property
    def is_online(self) -> bool:
        """Whether the bot listens."""
        return any(session.is_online for session in self._sessions.values())

    def dispatch(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        intent: Intent | None = None,
        guild_id: int | None = None,
        censored: Mapping[str, Any] | None = None,
    ) -> None:
        """Send an event to every session that asked for it.

        Without *guild_id* it goes to shard 0, as direct messages do; *censored*
        replaces the data for sessions without message content.
        """

        def deliver() -> None:
            for session in self._sessions.values():
                number, count = session.shard
                if number != ((guild_id or 0) >> 22) % count:
                    continue
                if intent is not None and not session.intents & intent:
                    continue
                is_blind = censored is not None and not session.intents & Intent.MESSAGE_CONTENT
                session.dispatch(name, censored if is_blind else data)

        self.faults.pass_on(name, deliver)

    def cut(self) -> int:
        """Drop every connection without a word; sessions stay resumable."""
        return self._each(Connection.cut)

    def ask_to_reconnect(self) -> int:
        """Send op 7 to every connection."""
        return self._each(lambda connection: connection.send(RECONNECT))

    def invalidate(self, *, resumable: bool) -> int:
        """Send op 9 to every connection; a session that is not resumable is gone."""
        if not resumable:
            self._end_all()
        return self._each(lambda connection: connection.send(INVALID_SESSION, resumable))

    def close(self, code: int) -> int:
        """Close every connection with *code*."""
        return self._each(lambda connection: connection.close(code))

    def _each(self, act: Callable[[Connection], None]) -> int:
        connections = list(self._connections)
        for connection in connections:
            act(connection)
        return len(connections)

    def _end_all(self) -> None:
        for session in self._sessions.values():
            session.is_over = True

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection to its end."""
        if self.faults.is_shut:
            raise web.HTTPServiceUnavailable
        if request.query.get("compress") not in (None, "zlib-stream"):
            raise web.HTTPBadRequest(text="Only zlib-stream compression is spoken here.")
        socket = web.WebSocketResponse(max_msg_size=16 * 1024, timeout=0.3)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self._connections.add(connection)
        session: Session | None = None
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(_until_gone(connection))
                every_ms = int(self.faults.heartbeat_every_s * 1000)
                connection.send(HELLO, {"heartbeat_interval": every_ms})
                session = await self._serve(connection, socket)
                # Behind a close code that is queued already, this one is never sent.
                connection.close(_NORMAL)
                if connection.is_cut:
                    writer.cancel()  # nothing will come any more for which it waits
        finally:
            connection.is_open = False
            self._connections.discard(connection)
            self._lose(connection)
        log.info("gateway connection ended", extra={"session": session and session.id})
        return socket

    async def _serve(self, connection: Connection, socket: web.WebSocketResponse) -> Session | None:
        session: Session | None = None
        pace = _Pace()
        try:
            while True:
                async with asyncio.timeout(self.faults.heartbeat_every_s * 1.5):
                    frame = await socket.receive()
                if frame.type is WSMsgType.CLOSE:
                    self._hear_good_bye(session, int(frame.data))
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    return session
                pace.tick()
                session = self._hear(connection, session, _decoded(frame.data))
        except TimeoutError:
            connection.close(Close.UNKNOWN_ERROR)
        except _Refused as refused:
            log.warning("gateway connection refused: %s", refused.code.name)
            connection.close(refused.code)
        return session

    def _hear_good_bye(self, session: Session | None, code: int) -> None:
        self.starts.closed.append(code)
        if session is not None and code in (_NORMAL, _GOING_AWAY):
            session.is_over = True  # whoever wants to come back says any other code

    def _hear(
        self, connection: Connection, session: Session | None, payload: Mapping[str, Any]
    ) -> Session | None:
        data = payload.get("d")
        match payload.get("op"):
            case op if op == HEARTBEAT and self.faults.is_deaf:
                pass
            case op if op == HEARTBEAT:
                # Answered within the same moment, a client that notes the time of
                # sending after it has sent takes the answer for the last beat's.
                asyncio.get_running_loop().call_later(ROUND_TRIP_S, connection.send, HEARTBEAT_ACK)
            case op if op in (IDENTIFY, RESUME) and session is not None:
                raise _Refused(Close.ALREADY_AUTHENTICATED)
            case op if op == IDENTIFY:
                return self._identify(connection, _mapping(data))
            case op if op == RESUME:
                return self._resume(connection, _mapping(data))
            case op if op in (PRESENCE, VOICE, REQUEST_MEMBERS) and session is None:
                raise _Refused(Close.NOT_AUTHENTICATED)
            case op if op == REQUEST_MEMBERS and session is not None:
                session.dispatch("GUILD_MEMBERS_CHUNK", self._members(_mapping(data)))
            case op if op in (PRESENCE, VOICE):
                pass
            case _:
                raise _Refused(Close.UNKNOWN_OPCODE)
        return session

    def _identify(self, connection: Connection, data: Mapping[str, Any]) -> Session:
        if data.get("token") != self._token:
            raise _Refused(Close.AUTHENTICATION_FAILED)
        number, count = data.get("shard", (0, 1))
        if not 0 <= number < count:
            raise _Refused(Close.INVALID_SHARD)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~_ALL_INTENTS:
            raise _Refused(Close.INVALID_INTENTS)
        if intents & self._denied:
            raise _Refused(Close.DISALLOWED_INTENTS)
        if not self.starts.take():
            # Discord gives the bot another token then, and ends what the old one began.
            self._end_all()
            raise _Refused(Close.AUTHENTICATION_FAILED)
        session = Session(secrets.token_hex(16), (number, count), intents, connection=connection)
        self._forget_old()
        self._sessions[session.id] = session
        welcome = self._welcome(session)
        session.dispatch("READY", {**welcome.ready, "session_id": session.id})
        for name, body in welcome.events:
            session.dispatch(name, body)
        self._announce()
        return session

    def _resume(self, connection: Connection, data: Mapping[str, Any]) -> Session | None:
        if data.get("token") != self._token:
            raise _Refused(Close.AUTHENTICATION_FAILED)
        session = self._sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        if session is None or not _can_go_on(session, seq):
            connection.send(INVALID_SESSION, data=False)
            return None
        if session.connection is not None:
            session.connection.close(Close.UNKNOWN_ERROR)
        session.connection = connection
        self.starts.resumed += 1
        session.replay(data["seq"] - self.faults.repeated_on_resume)
        self._announce()
        return session

    def _lose(self, connection: Connection) -> None:
        for session in self._sessions.values():
            if session.connection is connection:
                session.connection = None
                session.lost_at = time.monotonic()
        self._announce()

    def _forget_old(self) -> None:
        deadline = time.monotonic() - _RESUMABLE_FOR_S
        for session in list(self._sessions.values()):
            if session.connection is None and session.lost_at < deadline:
                del self._sessions[session.id]
        while len(self._sessions) >= _SESSIONS_AT_MOST:
            oldest = next(iter(self._sessions.values()))
            if oldest.connection is not None:
                oldest.connection.close(Close.UNKNOWN_ERROR)
            del self._sessions[oldest.id]

    def _announce(self) -> None:
        if self.is_online != self._is_online:
            self._is_online = not self._is_online
            self._on_change(self._is_online)


def _can_go_on(session: Session, seq: object) -> bool:
    if session.is_over or not isinstance(seq, int) or not session.can_replay(seq):
        return False
    # A client may be back before the loss of its old connection is noticed.
    if session.connection is not None:
        return True
    return time.monotonic() - session.lost_at <= _RESUMABLE_FOR_S


async def _until_gone(connection: Connection) -> None:
    # A client that went away is no error of ours: the reader ends the session.
    with suppress(ConnectionError, TimeoutError):
        await connection.write()


def _decoded(data: str | bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(data))
    except ValueError as error:
        raise _Refused(Close.DECODE_ERROR) from error


def _mapping(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _Refused(Close.DECODE_ERROR)
    return data
