"""All parts of the local Discord, put together."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.playground.broadcast import Broadcast
from bot.playground.commands import Commands
from bot.playground.gateway import Gateway, Intent, Welcome
from bot.playground.gateway_session import Session
from bot.playground.interaction_payloads import InteractionPayloads
from bot.playground.interactions import Interactions
from bot.playground.journal import Journal
from bot.playground.messages import Messages
from bot.playground.payloads import Payloads
from bot.playground.postings import Postings
from bot.playground.snowflakes import Snowflakes
from bot.playground.streams import Streams
from bot.playground.uploads import Uploads
from bot.playground.webhooks import Webhooks
from bot.playground.world import World

_MEMBERS_AT_MOST = 100
_CONTENT_FLAG = 1 << 19
"""On the application: message content, for an app in few guilds."""


@dataclass(frozen=True, slots=True)
class Config:
    """What differs between one local Discord and the next."""

    token: str
    """The bot's."""
    secret: str
    """Opens the page."""
    data: Path | None = None
    """Folder of the database; None keeps everything in memory."""
    message_content: bool = True
    """The switch in the portal; off, content is hidden and the intent refused."""
    enforce_limits: bool = False
    """Count requests and answer 429 as Discord does."""
    ack_within_s: float = 3.0
    """How long the bot may take to acknowledge an interaction."""


class Site:
    """The world with everything that changes or shows it. Closes the journal."""

    def __init__(self, config: Config) -> None:
        path = None if config.data is None else config.data / "playground.sqlite3"
        self.config = config
        self.journal = Journal(path)
        self.snowflakes = Snowflakes()
        self.world = World(self.journal)
        self.messages = Messages(self.journal)
        self.uploads = Uploads(self.journal, secret=config.secret)
        self.payloads = Payloads(self.world, self.messages, self.uploads)
        self.streams = Streams()
        self.gateway = Gateway(
            token=config.token,
            privileged=Intent.MESSAGE_CONTENT if config.message_content else Intent(0),
            welcome=self._welcome,
            members=self._members,
            on_change=lambda online: self.streams.send("BOT_STATUS", lambda _: {"online": online}),
        )
        self.broadcast = Broadcast(self.world, self.payloads, self.gateway, self.streams)
        self.postings = Postings(
            self.world, self.messages, self.uploads, self.snowflakes, self.broadcast
        )
        self.webhooks = Webhooks(self.journal, self.snowflakes)
        self.commands = Commands(self.journal, self.snowflakes, app_id=self.world.bot_id)
        self.interactions = Interactions(
            self.snowflakes, self.broadcast, ack_within_s=config.ack_within_s
        )
        self.interaction_payloads = InteractionPayloads(self.world, self.payloads)
        self.unknown_routes: list[str] = []
        self.snowflakes.after(self.messages.newest_id)
        self._count_messages()

    def close(self) -> None:
        """Send everybody away and close the database."""
        self.interactions.close()
        self.streams.end_all()
        self.gateway.close(1001)

    def application(self) -> dict[str, Any]:
        """The application as its owner sees it."""
        return {
            "id": str(self.world.bot_id),
            "name": self.world.user(self.world.bot_id).username,
            "icon": None,
            "description": "",
            "summary": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": _CONTENT_FLAG if self.config.message_content else 0,
            "owner": self.payloads.user(self.world.owner_id),
            "team": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "tags": [],
            "integration_types_config": {"0": {}},
        }

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""
        return self.uploads.base_url.replace("http", "ws", 1) + "/gateway"

    def _welcome(self, session: Session) -> Welcome:
        number, count = session.shard
        has_guild = (self.world.guild_id >> 22) % count == number
        guild = {"id": str(self.world.guild_id), "unavailable": True}
        ready = {
            "v": 10,
            "user": self.payloads.user(self.world.bot_id),
            "guilds": [guild] if has_guild else [],
            "resume_gateway_url": self.gateway.faults.resume_url or self.gateway_url,
            "shard": list(session.shard),
            "application": {
                "id": str(self.world.bot_id),
                "flags": self.application()["flags"],
            },
        }
        is_told = has_guild and session.intents & Intent.GUILDS
        created = [("GUILD_CREATE", self.payloads.guild_create())] if is_told else []
        return Welcome(ready, created)

    def _members(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        ids = {str(key) for key in wanted.get("user_ids") or []}
        query = wanted.get("query")
        found = [
            self.payloads.member(key)
            for key in self.world.members
            if str(key) in ids
            or (query is not None and self.world.users[key].username.startswith(query))
        ]
        chunk: dict[str, Any] = {
            "guild_id": str(self.world.guild_id),
            "members": found[:_MEMBERS_AT_MOST],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        return {**chunk, "nonce": wanted["nonce"]} if "nonce" in wanted else chunk

    def _count_messages(self) -> None:
        for channel in self.world.channels.values():
            newest = self.messages.page(channel.id, limit=1)
            channel.last_message_id = newest[0].id if newest else 0
            if channel.is_thread:
                channel.message_count = self.messages.count(channel.id)


SITE = web.AppKey("site", Site)


def site_of(request: web.Request) -> Site:
    """Return the local Discord that serves *request*."""
    return request.app[SITE]


def now_ms() -> int:
    """Unix time in milliseconds."""
    return int(time.time() * 1000)
