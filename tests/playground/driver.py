"""Drives a local Discord in tests: starts it, and acts as its members.

    async with playground() as world:
        started = await world.mara.slash("roleplay start", character="Captain Vane")
        await world.mara.send("Ahoy!")
        reply = await world.mara.wait_for_message(lambda m: m.is_webhook)

Channels are named ("tavern") or given by id. Everything that waits has a
deadline and fails with what was there instead.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.typedefs import Middleware

from bot.playground.server import Address, serve
from bot.playground.site import Config
from bot.playground.world import ANN_ID, MARA_ID, TOM_ID
from tests import canaries
from tests.playground.member import Member, eventually
from tests.playground.shown import JSON, Refused, Revision, Shown, Use

__all__ = [
    "Member",
    "Playground",
    "Refused",
    "Revision",
    "Shown",
    "Use",
    "eventually",
    "playground",
    "visiting",
]

TOKEN = canaries.TOKEN


@dataclass(slots=True)
class Playground:
    """A running local Discord and its members."""

    address: Address
    token: str
    session: aiohttp.ClientSession
    mara: Member = field(init=False)
    tom: Member = field(init=False)
    ann: Member = field(init=False)

    async def rest(self, method: str, path: str, **options: Any) -> Any:
        """Call Discord's API as the bot; returns the JSON, or None.

        Raises:
            Refused: the answer was an error; its message is Discord's JSON.
        """
        headers = {"Authorization": f"Bot {self.token}"}
        url = self.address.api_url + path
        async with self.session.request(method, url, headers=headers, **options) as response:
            text = await response.text()
            if not response.ok:
                raise Refused(response.status, text)
            return json.loads(text) if text else None

    async def page(self, method: str, path: str, **options: Any) -> Any:
        """Call the page's API."""
        url = self.address.base_url + path
        async with self.session.request(method, url, **options) as response:
            body = json.loads(await response.text() or "null")
            if not response.ok:
                raise Refused(response.status, body["message"])
            return body

    async def act(self, path: str, body: JSON) -> Any:
        """Do something through the page's API."""
        return await self.page("POST", path, json=body)

    async def gateway(self, action: str, **options: Any) -> int:
        """Pull a lever of the gateway: cut, reconnect, invalidate, close, limit starts."""
        body = await self.act("/page/controls/gateway", {"action": action, **options})
        return int(body["connections"])

    async def gateway_seen(self) -> JSON:
        """What clients did: `identified` and `resumed`, and `closed` with which codes."""
        seen: JSON = await self.page("GET", "/page/controls/gateway")
        return seen

    async def overwrite(self, channel: int, target: int, *, allow: int = 0, deny: int = 0) -> None:
        """Make an exception for a role or member in a channel."""
        exception = {"target_id": str(target), "allow": str(int(allow)), "deny": str(int(deny))}
        body = {"channel_id": str(channel), **exception}
        await self.act("/page/controls/overwrite", body)

    async def time_out(self, user: int, until: str | None) -> None:
        """Put a member under time-out until then, or end it."""
        await self.act("/page/controls/member", {"user_id": str(user), "silent_until": until})

    async def set_roles(self, user: int, *roles: int) -> None:
        """Give a member these roles and no others."""
        body = {"user_id": str(user), "role_ids": [str(role) for role in roles]}
        await self.act("/page/controls/member", body)

    async def set_language(self, locale: str, user: int | None = None) -> None:
        """Set a member's client to a language; without one, the server."""
        body = {"locale": locale} | ({} if user is None else {"user_id": str(user)})
        await self.act("/page/controls/language", body)

    async def webhooks(self) -> list[JSON]:
        """All that there are, with their keys, whatever the bot may see."""
        return list(await self.page("GET", "/page/controls/webhooks"))

    async def delete_webhooks(self, channel: int) -> None:
        """Take a channel's webhooks away, as an administrator may."""
        await self.act("/page/controls/webhooks/delete", {"channel_id": str(channel)})

    async def foreign_webhook(self, channel: int, name: str = "Proxy") -> str:
        """Make a webhook of another application's; returns the path to post by it."""
        body = {"channel_id": str(channel), "name": name}
        made = await self.act("/page/controls/webhooks/foreign", body)
        return f"/webhooks/{made['id']}/{made['token']}"

    async def tell(self, name: str, **data: Any) -> None:
        """Tell the bot of an event, whatever has happened."""
        await self.act("/page/controls/event", {"name": name, "data": data})

    async def history(self, message: int) -> list[Revision]:
        """Every text that a message had."""
        found = await self.page("GET", f"/page/history?message_id={message}")
        return [Revision(**revision) for revision in found]

    async def unknown_routes(self) -> list[str]:
        """What was asked for that does not exist here."""
        return list(await self.page("GET", "/page/controls/unknown-routes"))

    async def wait_online(self, within_s: float = 15.0, *, online: bool = True) -> None:
        """Wait until the bot listens, or has gone."""

        async def is_so() -> bool:
            return (await self.mara.state())["bot_online"] is online

        await eventually(is_so, within_s)


@asynccontextmanager
async def playground(
    *,
    data: Path | None = None,
    token: str = TOKEN,
    faults: Sequence[Middleware] = (),
    away: Collection[int] = (),
    **settings: Any,
) -> AsyncIterator[Playground]:
    """Run a local Discord in this process; *settings* are fields of `Config`."""
    config = Config(token=token, secret=secrets.token_urlsafe(8), data=data, **settings)
    async with (
        serve(config, faults=faults) as address,
        visiting(address, token=token, away=away) as world,
    ):
        yield world


@asynccontextmanager
async def visiting(
    address: Address, *, token: str, away: Collection[int] = ()
) -> AsyncIterator[Playground]:
    """Act in a local Discord that runs already, in this process or another.

    Who is *away* hears of no event, and so cannot use commands or buttons.
    """
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(address.page_url, allow_redirects=False) as response:
            assert response.status == 303, "the key is wrong"
        world = Playground(address, token, session)
        members = [Member(world, key) for key in (MARA_ID, TOM_ID, ANN_ID)]
        world.mara, world.tom, world.ann = members
        present = [member for member in members if member.id not in away]
        listeners = [asyncio.create_task(_until_closed(member)) for member in present]
        try:
            for member in present:
                await member.connected()
            yield world
        finally:
            await _note_webhooks(world)
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)


async def _note_webhooks(world: Playground) -> None:
    """Their keys must stand in no log."""
    with suppress(Refused, aiohttp.ClientError, TimeoutError, OSError):
        for hook in await world.webhooks():
            canaries.note_secret(hook["token"])


async def _until_closed(member: Member) -> None:
    try:
        await member.listen()
    except aiohttp.ClientError:
        return  # the server went away; a test that needs it will say so
