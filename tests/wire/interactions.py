"""The whole bot in this process, and members' interactions handed to it as Discord would.

What it answers is caught by a small Discord. There is no connection: so a press
of a button is a few milliseconds, and every member may press every button.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord
from aiohttp import web
from discord import app_commands
from discord.http import Route

from bot.app import open_app
from bot.discord_ui.client import RoleplayBot
from bot.serving import Stops
from bot.settings import Settings
from tests.ports import free_port
from tests.wire.running import ROOT

JSON = dict[str, Any]

GUILD, APPLICATION = 7_000_000_000_000_000_001, 7_000_000_000_000_000_002
AUTOCOMPLETE, COMMAND, COMPONENT, MODAL = 4, 2, 3, 5
SENT, EDITED, SUGGESTED, FORM = 4, 7, 8, 9
"""Of the callbacks of an interaction, those that a member sees."""
_EPOCH = "2025-01-01T00:00:00+00:00"
_TOKEN = "NzAw.x.not-a-token"


@dataclass(frozen=True, slots=True)
class Person:
    """Who uses the bot, as Discord tells of them where they do."""

    user: int
    permissions: int
    roles: tuple[int, ...] = ()
    silent_until: str | None = None


@dataclass(slots=True)
class Desk:
    """Discord's API, as far as interactions are answered there."""

    answers: dict[str, JSON] = field(default_factory=dict)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/users/@me", self._me)
        app.router.add_get("/oauth2/applications/@me", self._application)
        app.router.add_put("/applications/{id}/commands", self._commands)
        app.router.add_post("/interactions/{id}/{token}/callback", self._callback)
        app.router.add_route("*", "/webhooks/{app}/{token}{tail:.*}", self._followup)
        return app

    async def answer(self, token: str, within_s: float = 5.0) -> JSON:
        """What the member sees first after using something."""
        async with asyncio.timeout(within_s), self.heard:
            while token not in self.answers:
                await self.heard.wait()
        return self.answers[token]

    async def _me(self, _: web.Request) -> web.Response:
        return _json(_user(APPLICATION, is_bot=True))

    async def _application(self, _: web.Request) -> web.Response:
        named = {"id": str(APPLICATION), "name": "ZephRP", "description": "", "icon": None}
        owned = {"owner": _user(1), "team": None, "flags": 0, "verify_key": "", "summary": ""}
        return _json({**named, **owned, "bot_public": True, "bot_require_code_grant": False})

    async def _commands(self, _: web.Request) -> web.Response:
        return _json([])

    async def _callback(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if body["type"] in (SENT, EDITED, SUGGESTED, FORM):
            await self._note(request.match_info["token"], body.get("data") or {})
        known = {"id": request.match_info["id"], "type": COMMAND}
        return _json({"interaction": known, "resource": {"type": body["type"]}})

    async def _followup(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            return web.Response(status=204)
        body = await _body(request)
        await self._note(request.match_info["token"], body)
        return _json(message_of(1, 1, str(body.get("content") or "")))

    async def _note(self, token: str, answer: JSON) -> None:
        async with self.heard:
            self.answers.setdefault(token, answer)
            self.heard.notify_all()


@dataclass(slots=True)
class InProcess:
    """A bot that is told what members use, and what they see then."""

    bot: RoleplayBot
    desk: Desk
    used: int = 0

    def commands(self) -> Mapping[str, app_commands.Command[Any, ..., Any]]:
        """All slash commands by their whole names."""
        return {
            command.qualified_name: command
            for command in self.bot.tree.walk_commands()
            if isinstance(command, app_commands.Command)
        }

    def menus(self) -> Sequence[str]:
        """All commands in the menus of messages and members."""
        kinds = (discord.AppCommandType.message, discord.AppCommandType.user)
        return [each.name for kind in kinds for each in self.bot.tree.get_commands(type=kind)]

    def items(self) -> Sequence[type[discord.ui.DynamicItem[Any]]]:
        """All buttons and selects that live by their ids."""
        return list(self.bot._connection._view_store._dynamic_items.values())

    async def use(
        self, who: Person, channel: int | None, kind: int, data: JSON, **more: Any
    ) -> JSON:
        """Use something; returns what the member sees. Without a *channel*, in a DM."""
        self.used += 1
        number = 8_000_000_000_000_000_000 + self.used
        token = f"token-{number}"
        self.bot._connection.parse_interaction_create(
            {**_common(number, kind), **_of(who, channel), "token": token, "data": data, **more}  # type: ignore[arg-type]
        )
        return await self.desk.answer(token)

    async def slash(self, who: Person, channel: int | None, name: str, **options: Any) -> str:
        """Use a slash command; options that are needed and not given are made up."""
        data = filled(self.commands()[name], options, channel)
        return text_of(await self.use(who, channel, COMMAND, data))

    async def suggestions(self, who: Person, channel: int, name: str, option: str) -> Sequence[Any]:
        """What is suggested for an option."""
        data = filled(self.commands()[name], {}, channel, only=option)
        found: Sequence[Any] = (await self.use(who, channel, AUTOCOMPLETE, data))["choices"]
        return found

    async def menu(self, who: Person, channel: int | None, name: str, message: int) -> str:
        """Use a command in the menu of a message."""
        shown = {str(message): message_of(message, channel or 1, "Ahoy")}
        data = {"id": "1", "name": name, "type": 3, "target_id": str(message)}
        answer = await self.use(who, channel, COMMAND, {**data, "resolved": {"messages": shown}})
        return text_of(answer)

    async def press(
        self, who: Person, channel: int | None, custom_id: str, *values: str, under: int = 5
    ) -> str:
        """Press a button; with *values*, choose these in a select."""
        kind = 3 if values else 2
        component: JSON = {"type": kind, "custom_id": custom_id}
        component |= (
            {"options": [{"label": each, "value": each} for each in values]}
            if values
            else {"style": 2, "label": "It"}
        )
        message = message_of(under, channel or 1, "Whatever", [component])
        data: JSON = {"custom_id": custom_id, "component_type": kind, "values": list(values)}
        return text_of(await self.use(who, channel, COMPONENT, data, message=message))

    async def submit(self, who: Person, channel: int | None, custom_id: str, field_id: str) -> str:
        """Send a form off."""
        typed = {"type": 4, "custom_id": field_id, "value": "Some words"}
        rows = [{"type": 1, "components": [typed]}]
        data = {"custom_id": custom_id, "components": rows}
        return text_of(await self.use(who, channel, MODAL, data))


@asynccontextmanager
async def in_process(
    redis_url: str, roles: Sequence[int], channels: Sequence[int], **settings: Any
) -> AsyncGenerator[InProcess, None]:
    """A bot in a server that has these roles and channels."""
    desk, port, before = Desk(), free_port(), Route.BASE
    runner = web.AppRunner(desk.app())
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"http://127.0.0.1:{port}"
        given: JSON = {
            "discord": {"token": _TOKEN, "api_url": url, "gateway_url": "ws://127.0.0.1:1"},
            "redis": {"url": redis_url},
            "tgi": {"urls": "http://127.0.0.1:9"},
            "http": {"port": 0},
            "limits": {"member_uses": 100_000, "server_uses": 100_000, "uploads": 100_000},
            "characters": Path(ROOT / "characters"),
        }
        made = Settings(_env_file=None, **{**given, **settings})
        async with open_app(made, Stops()) as (bot, _, _), bot:
            await bot.login(_TOKEN)
            bot._connection._add_guild_from_data(_guild(roles, channels))
            yield InProcess(bot, desk)
    finally:
        Route.BASE = before
        await runner.cleanup()


def filled(
    command: app_commands.Command[Any, ..., Any],
    given: Mapping[str, Any],
    channel: int | None,
    *,
    only: str = "",
) -> JSON:
    """The data of an interaction that uses *command*; *only* is the option being typed."""
    options: list[JSON] = []
    resolved: JSON = {}
    for parameter in command.parameters:
        name, kind = parameter.display_name, parameter.type
        if only:
            if name == only:
                options.append({"name": name, "type": 3, "value": "", "focused": True})
            continue
        if name not in given and not parameter.required:
            continue
        value = given.get(name, _made_up(parameter, channel))
        options.append({"name": name, "type": kind.value, "value": value})
        resolved |= _resolved(kind, value)
    data: JSON = {"name": command.name, "type": 1, "options": options}
    parent = command.parent
    while parent is not None:
        is_root = parent.parent is None
        data = {"name": parent.name, "type": 1 if is_root else 2, "options": [data]}
        parent = parent.parent
    return {**data, "id": "1", "type": 1, "resolved": resolved}


def text_of(answer: Mapping[str, Any]) -> str:
    """What is said in an answer; of a form, its title."""
    return str(answer.get("content") or answer.get("title") or "")


def message_of(key: int, channel: int, content: str, components: Sequence[JSON] = ()) -> JSON:
    """A message of the bot's, with these below it."""
    empty: JSON = {
        name: [] for name in ("mentions", "mention_roles", "attachments", "embeds", "components")
    }
    shown = {"id": str(key), "channel_id": str(channel), "content": content, "timestamp": _EPOCH}
    flags = {"type": 0, "tts": False, "pinned": False, "mention_everyone": False, "flags": 0}
    rows = [{"type": 1, "components": list(components)}] if components else []
    author = {"author": _user(APPLICATION, is_bot=True), "edited_timestamp": None}
    return {**empty, **shown, **flags, **author, "components": rows}


def _json(body: object) -> web.Response:
    # discord.py knows JSON only by exactly this name.
    return web.Response(body=json.dumps(body).encode(), content_type="application/json")


async def _body(request: web.Request) -> JSON:
    if not request.content_type.startswith("multipart"):
        found: JSON = await request.json()
        return found
    async for part in await request.multipart():
        if getattr(part, "name", "") == "payload_json":
            body: JSON = json.loads(await part.text())  # type: ignore[union-attr]
            return body
    return {}


def _made_up(
    parameter: app_commands.transformers.CommandParameter | Any, channel: int | None
) -> Any:
    kinds = discord.AppCommandOptionType
    if parameter.choices:
        return parameter.choices[0].value
    match parameter.type:
        case kinds.integer:
            return parameter.min_value or 1
        case kinds.boolean:
            return True
        case kinds.channel:
            return str(channel)
        case kinds.attachment | kinds.user | kinds.role:
            return "9"
        case _:
            return "clover"


def _resolved(kind: discord.AppCommandOptionType, value: Any) -> JSON:
    kinds = discord.AppCommandOptionType
    match kind:
        case kinds.attachment:
            named = {"id": value, "filename": "a.json", "size": 9, "url": "http://127.0.0.1:9/a"}
            return {"attachments": {value: {**named, "proxy_url": "http://127.0.0.1:9/a"}}}
        case kinds.user:
            return {"users": {value: _user(int(value))}}
        case kinds.role:
            return {"roles": {value: _role(int(value))}}
        case kinds.channel:
            return {"channels": {value: {**_channel(int(value)), "permissions": "0"}}}
        case _:
            return {}


def _common(number: int, kind: int) -> JSON:
    return {
        "id": str(number),
        "application_id": str(APPLICATION),
        "type": kind,
        "version": 1,
        "app_permissions": str(discord.Permissions.all().value),
        "attachment_size_limit": 10_000_000,
        "entitlements": [],
        "locale": "en-US",
    }


def _of(who: Person, channel: int | None) -> JSON:
    """Who has used it, and where."""
    if channel is None:
        dm = {"id": "6", "type": 1, "recipients": [_user(who.user)], "last_message_id": None}
        return {"channel": dm, "channel_id": "6", "user": _user(who.user)}
    member = {
        "user": _user(who.user),
        "roles": [str(role) for role in who.roles],
        "permissions": str(who.permissions),
        "communication_disabled_until": who.silent_until,
        "joined_at": _EPOCH,
        "premium_since": None,
        "nick": None,
        "avatar": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }
    place = {"channel": _channel(channel), "channel_id": str(channel), "guild_id": str(GUILD)}
    return {**place, "member": member, "guild_locale": "en-US"}


def _guild(roles: Sequence[int], channels: Sequence[int]) -> Any:
    named = {"id": str(GUILD), "name": "Here", "owner_id": "1", "unavailable": False}
    levels = {"verification_level": 0, "default_message_notifications": 0, "mfa_level": 0}
    more = {"explicit_content_filter": 0, "nsfw_level": 0, "premium_tier": 0, "features": []}
    inside = {
        "roles": [_role(GUILD), *map(_role, roles)],
        "channels": [*map(_channel, channels)],
        "members": [],
        "emojis": [],
        "stickers": [],
        "threads": [],
    }
    return {**named, **levels, **more, **inside, "preferred_locale": "en-US"}


def _channel(key: int) -> JSON:
    about = {"id": str(key), "type": 0, "name": f"channel-{key}", "position": 0, "nsfw": False}
    return {**about, "permission_overwrites": [], "parent_id": None, "guild_id": str(GUILD)}


def _role(key: int) -> JSON:
    look = {"color": 0, "colors": {"primary_color": 0}, "hoist": False, "mentionable": False}
    about = {"id": str(key), "name": f"role-{key}", "permissions": "0", "position": 1}
    return {**about, **look, "managed": False, "flags": 0}


def _user(key: int, *, is_bot: bool = False) -> JSON:
    named = {"id": str(key), "username": f"user-{key}", "global_name": None, "avatar": None}
    return {**named, "discriminator": "0", "bot": is_bot}
