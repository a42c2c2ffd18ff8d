"""Routes of the API for channels and their permissions."""

from typing import Any

from aiohttp import web

from bot.playground.bodies import read_body
from bot.playground.permissions import require
from bot.playground.refusals import Refusal, invalid
from bot.playground.rest import API, answer, as_bot, bot_channel, nothing, number
from bot.playground.rights import Right
from bot.playground.site import Site
from bot.playground.world import Channel, Overwrite

_CHANNEL_FIELDS = (
    "name",
    "topic",
    "nsfw",
    "position",
    "rate_limit_per_user",
    "default_auto_archive_duration",
)
_THREAD_FIELDS = (
    "name",
    "archived",
    "locked",
    "auto_archive_duration",
    "rate_limit_per_user",
    "invitable",
    "flags",
    "applied_tags",
)
_SETS = {
    "name": "name",
    "topic": "topic",
    "nsfw": "nsfw",
    "position": "position",
    "rate_limit_per_user": "slowmode_s",
    "archived": "archived",
    "locked": "locked",
    "auto_archive_duration": "auto_archive_minutes",
}


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    channel = f"{API}/channels/{{channel_id}}"
    return [
        web.get(channel, as_bot(_get)),
        web.patch(channel, as_bot(_patch)),
        web.delete(channel, as_bot(_delete)),
        web.put(f"{channel}/permissions/{{target_id}}", as_bot(_overwrite)),
        web.delete(f"{channel}/permissions/{{target_id}}", as_bot(_drop_overwrite)),
    ]


async def _get(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    return answer(site.payloads.channel(channel))


async def _patch(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    known = _THREAD_FIELDS if channel.is_thread else _CHANNEL_FIELDS
    body = await read_body(request, known)
    _require_change(site, channel, body.fields)
    change_channel(site, channel, body.fields)
    return answer(site.payloads.channel(channel))


def _require_change(site: Site, channel: Channel, fields: dict[str, Any]) -> None:
    me = site.world.bot_id
    if not channel.is_thread:
        require(site.world, me, channel, Right.MANAGE_CHANNELS)
    elif fields.get("locked") is not None or channel.owner_id != me:
        require(site.world, me, channel, Right.MANAGE_THREADS)


def change_channel(site: Site, channel: Channel, fields: dict[str, Any]) -> None:
    """Change what *fields* names, and tell of it."""
    if "name" in fields and not fields["name"]:
        raise invalid(name="This field is required")
    for name, value in fields.items():
        if name in _SETS:
            setattr(channel, _SETS[name], value)
    site.world.keep(channel)
    site.broadcast.channel("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)


async def _delete(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    if channel.is_direct:
        raise Refusal(403, 50003, "Cannot execute action on a DM channel")
    right = Right.MANAGE_THREADS if channel.is_thread else Right.MANAGE_CHANNELS
    require(site.world, site.world.bot_id, channel, right)
    drawn = site.payloads.channel(channel)
    delete_channel(site, channel)
    return answer(drawn)


def delete_channel(site: Site, channel: Channel) -> None:
    """Take a channel away with its threads, messages and webhooks."""
    for thread in list(site.world.threads(channel.id)):
        site.messages.drop_channel(thread.id)
    # The news goes out first: afterwards nobody has rights in the channel.
    site.broadcast.channel("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
    site.messages.drop_channel(channel.id)
    site.webhooks.drop_channel(channel.id)
    site.world.drop(channel)


async def _overwrite(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.MANAGE_ROLES)
    body = await read_body(request, ("allow", "deny", "type"))
    target_id = number(request, "target_id")
    set_overwrite(site, channel, target_id, body.fields)
    return nothing()


def set_overwrite(site: Site, channel: Channel, target_id: int, fields: dict[str, Any]) -> None:
    """Make an exception for a role or a member, and tell of it."""
    kind = 0 if target_id in site.world.roles else 1
    allow, deny = int(fields.get("allow") or 0), int(fields.get("deny") or 0)
    channel.overwrites[target_id] = Overwrite(target_id, kind, allow, deny)
    site.world.keep(channel)
    site.broadcast.channel("CHANNEL_UPDATE", channel)


async def _drop_overwrite(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.MANAGE_ROLES)
    channel.overwrites.pop(number(request, "target_id"), None)
    site.world.keep(channel)
    site.broadcast.channel("CHANNEL_UPDATE", channel)
    return nothing()
