"""Where Discord finds a character's face.

A webhook takes a face as an address that Discord itself fetches. With a public
address of ours that is easy. Without, the picture is uploaded once to a channel
of the host's; Discord signs such addresses for about a day, so the address is
read again from that message before it expires.

Note `portrait:<channel>:<sha256>` holds the id of that message.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.client import DiscordRest, Upload
from bot.adapters.discord_rest.refusals import NotTaken, Refused
from bot.core.characters import Character
from bot.core.errors import RoleplayError
from bot.core.portrait_names import portrait_name, portrait_path
from bot.core.ports import NoteStore
from bot.core.scene import ChannelId, MessageId

log = logging.getLogger(__name__)

RENEW_S = 600.0
"""Before its end an address is read again."""
UNSIGNED_S = 3_600.0
"""How long an address is trusted that names no end."""
KEEP = 1_000

_NOT_FOUND = 404


@dataclass(slots=True)
class _Face:
    """What is known of one picture; times are Unix seconds."""

    url: str | None = None
    until: float = 0.0
    retry_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Portraits:
    """Addresses of characters' faces. A failure never holds up a reply."""

    def __init__(
        self,
        rest: DiscordRest,
        notes: NoteStore,
        *,
        public_url: str | None,
        asset_channel: ChannelId | None,
        wait_s: float = 3.0,
        retry_s: float = 60.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Make them.

        Args:
            wait_s: the longest a reply waits for a face.
            retry_s: after a failure, how long characters go without.
            now: Unix time: Discord signs addresses until a point in it.
        """
        self._rest = rest
        self._notes = notes
        self._public_url = public_url.rstrip("/") if public_url else None
        self._asset_channel = asset_channel
        self._wait_s = wait_s
        self._retry_s = retry_s
        self._now = now
        self._faces: OrderedDict[str, _Face] = OrderedDict()
        self._said_why_not = False

    async def url(self, character: Character) -> str | None:
        """The address of *character*'s face, or None if there is none for now."""
        if character.avatar is None:
            return None
        name = portrait_name(character.avatar)
        if self._public_url is not None:
            return f"{self._public_url}{portrait_path(character)}"
        if self._asset_channel is None:
            self._say_why_not()
            return None
        face = self._face(name)
        if not self._is_due(face):
            return face.url if face.until > self._now() else None
        try:
            async with asyncio.timeout(self._wait_s), face.lock:
                if self._is_due(face):
                    await self._renew(face, self._asset_channel, name, character.avatar)
        except (RoleplayError, TimeoutError) as error:
            face.retry_at = self._now() + self._retry_s
            log.warning("portrait not available", extra={"reason": type(error).__name__})
        return face.url if face.until > self._now() else None

    def _is_due(self, face: _Face) -> bool:
        now = self._now()
        return face.until - RENEW_S <= now and face.retry_at <= now

    def _face(self, name: str) -> _Face:
        face = self._faces.setdefault(name, _Face())
        self._faces.move_to_end(name)
        if len(self._faces) > KEEP:
            self._faces.popitem(last=False)
        return face

    async def _renew(self, face: _Face, channel: ChannelId, name: str, avatar: bytes) -> None:
        note = f"portrait:{channel}:{name.removesuffix('.png')}"
        known = await self._notes.get_note(note)
        message = await self._read(channel, known) if known and known.isdigit() else None
        if message is None:
            message = await self._upload(channel, name, avatar)
            await self._notes.put_note(note, str(message["id"]))
        face.url, face.until = self._address(message)
        # Where addresses live shorter than RENEW_S, not every reply asks anew.
        face.retry_at = self._now() + self._retry_s

    async def _read(self, channel: ChannelId, known: str) -> dict[str, Any] | None:
        try:
            message = await self._rest.request(
                routes.get_message(channel, MessageId(int(known))), within_s=self._wait_s
            )
        except Refused as refused:
            if refused.status == _NOT_FOUND:
                return None
            raise
        return message if isinstance(message, dict) and message.get("attachments") else None

    async def _upload(self, channel: ChannelId, name: str, avatar: bytes) -> dict[str, Any]:
        message = await self._rest.request(
            routes.create_message(channel),
            {"allowed_mentions": {"parse": []}, "attachments": [{"id": 0, "filename": name}]},
            files=[Upload(name, avatar, "image/png")],
            within_s=self._wait_s,
        )
        if not isinstance(message, dict) or not message.get("attachments"):
            raise NotTaken("the picture was not kept")
        return message

    def _address(self, message: dict[str, Any]) -> tuple[str, float]:
        url = str(message["attachments"][0]["url"])
        ends = parse_qs(urlsplit(url).query).get("ex", [""])[0]
        try:
            return url, float(int(ends, 16))
        except ValueError:
            return url, self._now() + UNSIGNED_S

    def _say_why_not(self) -> None:
        if not self._said_why_not:
            self._said_why_not = True
            log.warning(
                "characters have no faces: set BOT_HTTP__PUBLIC_URL or BOT_DISCORD__ASSET_CHANNEL"
            )
