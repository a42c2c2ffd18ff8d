"""Routes of the API for webhooks: managing them, and posting through them."""

from typing import Any

from aiohttp import web

from bot.playground.bodies import read_body
from bot.playground.messages import Message
from bot.playground.permissions import require
from bot.playground.postings import EDIT_FIELDS, MESSAGE_FIELDS
from bot.playground.refusals import Refusal, invalid, unknown
from bot.playground.rest import (
    API,
    Handler,
    answer,
    as_bot,
    bot_channel,
    nothing,
    number,
    query_number,
)
from bot.playground.rest_followups import (
    delete_followup,
    edit_followup,
    get_followup,
    send_followup,
)
from bot.playground.rights import Right
from bot.playground.site import Site, site_of
from bot.playground.threads import ThreadPlan, start_thread
from bot.playground.webhooks import Webhook, checked_name
from bot.playground.world import FORUM, Channel

_EXECUTE_FIELDS = (*MESSAGE_FIELDS, "username", "avatar_url", "thread_name", "applied_tags")
_PINGS = ("users",)
"""What a webhook pings when nothing is said."""


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    of_channel = f"{API}/channels/{{channel_id}}/webhooks"
    one = f"{API}/webhooks/{{webhook_id}}"
    message = f"{one}/{{token}}/messages/{{message_id}}"
    return [
        web.get(of_channel, as_bot(_list)),
        web.post(of_channel, as_bot(_create)),
        web.get(one, as_bot(_get)),
        web.patch(one, as_bot(_patch)),
        web.delete(one, as_bot(_delete)),
        web.get(f"{one}/{{token}}", _get),
        web.patch(f"{one}/{{token}}", _patch),
        web.delete(f"{one}/{{token}}", _delete),
        web.post(f"{one}/{{token}}", _either(_execute, send_followup)),
        web.get(message, _either(_get_message, get_followup)),
        web.patch(message, _either(_edit_message, edit_followup)),
        web.delete(message, _either(_delete_message, delete_followup)),
    ]


def _either(of_webhook: Handler, of_interaction: Handler) -> Handler:
    """Choose by the id: follow-ups use the application's id in place of a webhook's."""

    async def chosen(request: web.Request) -> web.StreamResponse:
        is_app = number(request, "webhook_id") == site_of(request).world.bot_id
        return await (of_interaction if is_app else of_webhook)(request)

    return chosen


async def _list(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.MANAGE_WEBHOOKS)
    return answer([site.payloads.webhook(webhook) for webhook in site.webhooks.of(channel.id)])


async def _create(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.MANAGE_WEBHOOKS)
    if channel.is_direct or channel.is_thread:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    body = await read_body(request, ("name", "avatar"))
    me = site.world.bot_id
    webhook = site.webhooks.create(
        channel.id, body.fields.get("name"), creator_id=me, application_id=me
    )
    if body.fields.get("avatar"):
        site.webhooks.set_picture(webhook, body.fields["avatar"])
        site.webhooks.keep(webhook)
    site.broadcast.webhooks(channel)
    return answer(site.payloads.webhook(webhook))


async def _get(request: web.Request) -> web.Response:
    site, webhook = _managed(request)
    drawn = site.payloads.webhook(webhook)
    if "token" in request.match_info:
        drawn.pop("user", None)
    return answer(drawn)


async def _patch(request: web.Request) -> web.Response:
    site, webhook = _managed(request)
    known = (
        ("name", "avatar") if "token" in request.match_info else ("name", "avatar", "channel_id")
    )
    body = await read_body(request, known)
    if "name" in body.fields:
        webhook.name = checked_name(body.fields["name"], path="name")
    if "avatar" in body.fields:
        site.webhooks.set_picture(webhook, body.fields["avatar"])
    if "channel_id" in body.fields:
        target = site.world.channel(int(body.fields["channel_id"]))
        require(site.world, site.world.bot_id, target, Right.MANAGE_WEBHOOKS)
        webhook.channel_id = target.id
    site.webhooks.keep(webhook)
    site.broadcast.webhooks(site.world.channel(webhook.channel_id))
    return answer(site.payloads.webhook(webhook))


async def _delete(request: web.Request) -> web.Response:
    site, webhook = _managed(request)
    site.webhooks.delete(webhook)
    site.broadcast.webhooks(site.world.channel(webhook.channel_id))
    return nothing()


async def _execute(request: web.Request) -> web.Response:
    site, webhook = _by_token(request)
    body = await read_body(request, _EXECUTE_FIELDS)
    home = site.world.channel(webhook.channel_id)
    draft = _draft(webhook, body.fields)
    thread_id = query_number(request, "thread_id")
    thread_name = body.fields.get("thread_name")
    if home.type == FORUM and thread_id is None:
        if not thread_name:
            text = "Webhooks posted to forum channels must have a thread_name or thread_id"
            raise Refusal(400, 220001, text)
        plan = ThreadPlan(str(thread_name), site.world.bot_id, opening=body)
        _, message = start_thread(site, home, plan, draft)
    elif thread_name:
        text = "Webhooks can only create threads in forum channels"
        raise Refusal(400, 220003, text)
    else:
        channel = home if thread_id is None else _thread(site, home, thread_id)
        message = site.postings.post(channel, body, draft, pings=_PINGS)
    if request.query.get("wait") in ("1", "true", "True") and message is not None:
        return answer(site.payloads.message(message))
    return nothing()


def _draft(webhook: Webhook, fields: dict[str, Any]) -> Message:
    name = fields.get("username")
    url = fields.get("avatar_url")
    if url is not None and not str(url).startswith(("http://", "https://")):
        raise invalid(avatar_url="Not a well formed URL.")
    return Message(
        0,
        webhook.channel_id,
        webhook.id,
        webhook_id=webhook.id,
        webhook_name=webhook.name if not name else checked_name(name, path="username"),
        webhook_face=webhook.avatar,
        application_id=webhook.application_id,
        avatar_url=None if not url else str(url),
    )


async def _get_message(request: web.Request) -> web.Response:
    site, message = _message(request)
    return answer(site.payloads.message(message))


async def _edit_message(request: web.Request) -> web.Response:
    site, message = _message(request)
    body = await read_body(request, EDIT_FIELDS)
    site.postings.edit(message, body, pings=_PINGS)
    return answer(site.payloads.message(message))


async def _delete_message(request: web.Request) -> web.Response:
    site, message = _message(request)
    site.postings.delete(message)
    return nothing()


def _managed(request: web.Request) -> tuple[Site, Webhook]:
    if "token" in request.match_info:
        return _by_token(request)
    site = site_of(request)
    webhook = site.webhooks.get(number(request, "webhook_id"))
    channel = site.world.channel(webhook.channel_id)
    require(site.world, site.world.bot_id, channel, Right.MANAGE_WEBHOOKS)
    return site, webhook


def _by_token(request: web.Request) -> tuple[Site, Webhook]:
    site = site_of(request)
    token = request.match_info["token"]
    return site, site.webhooks.get(number(request, "webhook_id"), token)


def _thread(site: Site, home: Channel, thread_id: int) -> Channel:
    thread = site.world.channels.get(thread_id)
    if thread is None or thread.parent_id != home.id:
        raise unknown("Channel")
    return thread


def _message(request: web.Request) -> tuple[Site, Message]:
    site, webhook = _by_token(request)
    thread_id = query_number(request, "thread_id")
    home = site.world.channel(webhook.channel_id)
    # Discord looks only where it is told: without thread_id, in the channel itself.
    place = home if thread_id is None else _thread(site, home, thread_id)
    message = site.messages.get(place.id, number(request, "message_id"))
    if message.webhook_id != webhook.id:
        raise unknown("Message")
    return site, message
