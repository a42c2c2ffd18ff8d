"""Levers that Discord does not have: cut the gateway, take rights away.

For tests and rehearsals; behind the page's key like everything of the page.
"""

from aiohttp import web

from bot.playground.bodies import read_body
from bot.playground.gateway_starts import A_DAY_S
from bot.playground.page_api import snowflake
from bot.playground.refusals import invalid
from bot.playground.rest import answer
from bot.playground.rest_channels import change_channel, delete_channel, set_overwrite
from bot.playground.site import site_of
from bot.playground.world import ANN_ID

ANOTHER_APPLICATION = 466_378_653_216_014_359
"""An id that nothing here has: of a bot that posts for members."""


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.post("/page/controls/gateway", _gateway),
        web.get("/page/controls/gateway", _gateway_seen),
        web.post("/page/controls/overwrite", _overwrite),
        web.post("/page/controls/channel", _channel),
        web.post("/page/controls/member", _member),
        web.post("/page/controls/language", _language),
        web.get("/page/controls/webhooks", _webhooks),
        web.post("/page/controls/webhooks/delete", _delete_webhooks),
        web.post("/page/controls/webhooks/foreign", _foreign_webhook),
        web.post("/page/controls/event", _event),
        web.get("/page/controls/unknown-routes", _unknown_routes),
    ]


async def _gateway(request: web.Request) -> web.Response:
    site = site_of(request)
    known = ("action", "resumable", "code", "repeat", "remaining", "reset_after_s")
    body = await read_body(request, known)
    match body.fields.get("action"):
        case "cut":
            if (repeat := body.fields.get("repeat")) is not None:
                site.gateway.faults.repeated_on_resume = int(repeat)
            reached = site.gateway.cut()
        case "reconnect":
            reached = site.gateway.ask_to_reconnect()
        case "invalidate":
            reached = site.gateway.invalidate(resumable=bool(body.fields.get("resumable")))
        case "close":
            reached = site.gateway.close(int(body.fields.get("code") or 4000))
        case "limit starts":
            left, reset_after_s = body.fields.get("remaining"), body.fields.get("reset_after_s")
            site.gateway.starts.limit(int(left or 0), float(reset_after_s or A_DAY_S))
            reached = 0
        case _:
            raise invalid(action="One of cut, reconnect, invalidate, close, limit starts.")
    return answer({"connections": reached})


async def _gateway_seen(request: web.Request) -> web.Response:
    return answer(site_of(request).gateway.starts.seen())


async def _overwrite(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("channel_id", "target_id", "allow", "deny"))
    channel = site.world.channel(snowflake(body.fields, "channel_id"))
    set_overwrite(site, channel, snowflake(body.fields, "target_id"), body.fields)
    return answer({})


async def _channel(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("channel_id", "delete", "changes"))
    channel = site.world.channel(snowflake(body.fields, "channel_id"))
    if body.fields.get("delete"):
        delete_channel(site, channel)
    else:
        change_channel(site, channel, body.fields.get("changes") or {})
    return answer({})


async def _member(request: web.Request) -> web.Response:
    """Give a member other roles, or a time-out."""
    site = site_of(request)
    body = await read_body(request, ("user_id", "role_ids", "silent_until"))
    user = snowflake(body.fields, "user_id")
    site.world.user(user)
    if "role_ids" in body.fields:
        site.world.set_roles(user, tuple(int(each) for each in body.fields["role_ids"]))
    site.world.time_out(user, body.fields.get("silent_until"))
    return answer({})


async def _language(request: web.Request) -> web.Response:
    """Set a member's client to another language, or the server where no member is named."""
    site = site_of(request)
    body = await read_body(request, ("user_id", "locale"))
    locale = str(body.fields.get("locale"))
    if body.fields.get("user_id") is None:
        site.world.language = locale
        site.gateway.dispatch("GUILD_UPDATE", site.payloads.guild(), guild_id=site.world.guild_id)
    else:
        user = snowflake(body.fields, "user_id")
        site.world.user(user)
        site.world.languages[user] = locale
    return answer({})


async def _webhooks(request: web.Request) -> web.Response:
    """All of them with their keys, whatever the bot may see."""
    site = site_of(request)
    return answer([site.payloads.webhook(webhook) for webhook in site.webhooks.of()])


async def _delete_webhooks(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("channel_id",))
    channel = site.world.channel(snowflake(body.fields, "channel_id"))
    site.webhooks.drop_channel(channel.id)
    site.broadcast.webhooks(channel)
    return answer({})


async def _foreign_webhook(request: web.Request) -> web.Response:
    """Make a webhook of another application's; whoever knows its token may post by it."""
    site = site_of(request)
    body = await read_body(request, ("channel_id", "name"))
    channel = site.world.channel(snowflake(body.fields, "channel_id"))
    webhook = site.webhooks.create(
        channel.id,
        body.fields.get("name"),
        creator_id=ANN_ID,
        application_id=ANOTHER_APPLICATION,
    )
    site.broadcast.webhooks(channel)
    return answer({"id": str(webhook.id), "token": webhook.token})


async def _event(request: web.Request) -> web.Response:
    """Tell the bot of something that has not happened here."""
    site = site_of(request)
    body = await read_body(request, ("name", "data"))
    data = body.fields.get("data") or {}
    site.gateway.dispatch(str(body.fields.get("name")), data, guild_id=site.world.guild_id)
    return answer({})


async def _unknown_routes(request: web.Request) -> web.Response:
    return answer(site_of(request).unknown_routes)
