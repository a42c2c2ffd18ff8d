"""What the bot asks the local Discord for, what it made there, and what is on the screen.

    watcher, faults = Watcher(), DiscordFaults()
    async with playground(faults=[watcher.hear, faults.strike, watcher.see]) as world:
        ...
        watcher.screen()

`hear` notes every request, `see` only those that take effect; faults stand in between.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler

from bot.core.scene import ChannelId, TurnId
from bot.playground.bodies import route_name
from bot.playground.messages import Message
from bot.playground.rest import API
from bot.playground.site import Site, site_of
from bot.playground.world import ASSETS_ID, BOT_ID
from bot.services.debts import TAKEN_BACK
from bot.services.reply_buttons import STOP_PREFIX, line_to_retry

JSON = dict[str, Any]

_SAYS = {
    f"POST {API}/channels/{{channel_id}}/messages",
    f"PATCH {API}/channels/{{channel_id}}/messages/{{message_id}}",
    f"POST {API}/webhooks/{{webhook_id}}/{{token}}",
    f"PATCH {API}/webhooks/{{webhook_id}}/{{token}}/messages/{{message_id}}",
}
"""Requests that put a text on the screen."""
_CALLBACK = "/callback"
_WITH_MESSAGE = (4, 7)
"""Answers to an interaction that do so too."""
_WRITTEN_BY_MEMBERS = (0, 19)
_MARK = re.compile(r":((\d{20}r*)\.\d{1,3})$")
_WHOLE_CHANNEL = 100_000


class Kind(StrEnum):
    """Whose message it is; PROXY is that of another application's webhook."""

    MEMBER = "member"
    CHARACTER = "character"
    PROXY = "proxy"
    BOT = "bot"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the bot that says something. Paths hold tokens: only the route is kept."""

    route: str
    allowed_mentions: Any


@dataclass(slots=True)
class Post:
    """A message that the bot posted, whether or not it is still there.

    Attributes:
        buttons: custom ids of all buttons that it ever had.
    """

    id: int
    channel: ChannelId
    buttons: set[str] = field(default_factory=set)

    @property
    def mark(self) -> str:
        """The mark of the reply's part that it shows; empty if it says none."""
        return next((found[1] for found in map(_MARK.search, sorted(self.buttons)) if found), "")

    @property
    def reply(self) -> TurnId | None:
        """The reply that it shows a part of, if a mark says so."""
        return TurnId(self.mark.partition(".")[0]) if self.mark else None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that is on the screen, with the buttons that can be pressed.

    Attributes:
        is_marked: as taken back.
        is_orphan: whether the webhook that posted it is no more, so that only
            moderators can remove it.
    """

    id: int
    channel: ChannelId
    kind: Kind
    author: int
    name: str
    text: str
    buttons: tuple[str, ...] = ()
    pings: bool = False
    revisions: tuple[str, ...] = ()
    is_marked: bool = False
    is_orphan: bool = False

    @property
    def grows(self) -> bool:
        """Whether it shows a reply that is being written, which can be stopped."""
        return any(button.startswith(STOP_PREFIX) for button in self.buttons)


class Watcher:
    """Goes among the faults of a local Discord, in both places."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.posts: dict[int, Post] = {}
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """The local Discord itself; there once it was asked for anything."""
        assert self._site is not None, "no request has come yet"
        return self._site

    @web.middleware
    async def hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note a request, whatever becomes of it."""
        self._site = site_of(request)
        route = route_name(request)
        if route in _SAYS:
            body = await _body(request)
            self.calls.append(Call(route, body.get("allowed_mentions")))
        elif route.endswith(_CALLBACK):
            body = await _body(request)
            if body.get("type") in _WITH_MESSAGE:
                data = body.get("data") or {}
                self.calls.append(Call(route, data.get("allowed_mentions")))
        return await handler(request)

    @web.middleware
    async def see(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note what a request made."""
        response = await handler(request)
        if route_name(request) in _SAYS and isinstance(response, web.Response) and response.body:
            assert isinstance(response.body, bytes)
            self._note(json.loads(response.body))
        return response

    def screen(self) -> Mapping[ChannelId, Sequence[Seen]]:
        """Every message that everybody in its channel sees, oldest first, by channel."""
        return {
            ChannelId(key): [self._seen(message) for message in self._messages(key)]
            for key in self.site.world.channels
            if key != ASSETS_ID
        }

    def offers(self, channel: int) -> list[Post]:
        """Every notice there that ever offered another try."""
        posts = (post for post in self.posts.values() if post.channel == channel)
        return [post for post in posts if line_to_retry(sorted(post.buttons)) is not None]

    def _messages(self, channel: int) -> Iterator[Message]:
        return reversed(self.site.messages.page(channel, limit=_WHOLE_CHANNEL))

    def _seen(self, message: Message) -> Seen:
        user = self.site.world.users.get(message.author_id)
        return Seen(
            message.id,
            ChannelId(message.channel_id),
            self._kind(message),
            message.author_id,
            message.webhook_name or (user.global_name or user.username if user else ""),
            message.content,
            tuple(_ids(message.components, lambda cell: not cell.get("disabled"))),
            bool(message.mentions or message.mention_roles or message.mention_everyone),
            tuple(revision.text for revision in self.site.messages.revisions(message.id)),
            BOT_ID in message.reactions.get(TAKEN_BACK, ()),
            message.webhook_id not in {0, BOT_ID, *(each.id for each in self.site.webhooks.of())},
        )

    def _kind(self, message: Message) -> Kind:
        if message.webhook_id not in (0, BOT_ID):
            return Kind.CHARACTER if message.application_id == BOT_ID else Kind.PROXY
        if message.author_id == BOT_ID:
            return Kind.OTHER if message.interaction else Kind.BOT
        return Kind.MEMBER if message.type in _WRITTEN_BY_MEMBERS else Kind.OTHER

    def _note(self, shown: JSON) -> None:
        key = int(shown["id"])
        post = self.posts.setdefault(key, Post(key, ChannelId(int(shown["channel_id"]))))
        post.buttons.update(_ids(shown["components"]))


def _ids(
    components: Sequence[JSON], which: Callable[[JSON], bool] = lambda _: True
) -> Iterator[str]:
    for component in components:
        if "custom_id" in component and which(component):
            yield str(component["custom_id"])
        yield from _ids(component.get("components") or (), which)


async def _body(request: web.Request) -> JSON:
    """The fields of a request, which can be read again behind us."""
    data = await request.read()
    if not request.content_type.startswith("multipart/"):
        return _object(data)
    # aiohttp keeps what was read for everybody but its reader of parts.
    request._payload = _stream(request, data)
    try:
        async for part in aiohttp.MultipartReader(request.headers, _stream(request, data)):
            if isinstance(part, BodyPartReader) and part.name == "payload_json":
                return _object(bytes(await part.read(decode=True)))
    except ValueError:
        return {}
    return {}


def _stream(request: web.Request, data: bytes) -> aiohttp.StreamReader:
    stream = aiohttp.StreamReader(request.protocol, limit=len(data) + 1)
    stream.feed_data(data)
    stream.feed_eof()
    return stream


def _object(data: bytes) -> JSON:
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
