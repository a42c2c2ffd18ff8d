"""What the page asks and does, always as one of the members (`as`).

`/page/state`, `/page/channels/{id}/messages`, `/page/events` read; the rest
acts, within that member's rights. Interactions are in `page_interactions`.
"""

import asyncio
import json
from typing import Any

from aiohttp import web

from bot.playground.bodies import Body, read_body
from bot.playground.messages import Message
from bot.playground.permissions import may_send, require, rights, send_right
from bot.playground.postings import own_message, require_visible
from bot.playground.refusals import Refusal, invalid
from bot.playground.rest import answer, number, query_number
from bot.playground.rest_messages import check_rights, require_delete, set_reaction
from bot.playground.rights import Right
from bot.playground.site import Site, now_ms, site_of
from bot.playground.streams import Stream
from bot.playground.threads import ThreadPlan, start_thread
from bot.playground.world import FORUM, Channel

KEEP_ALIVE_S = 10.0
_PAGE_AT_MOST = 200


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.get("/page/state", _state),
        web.get("/page/channels/{channel_id}/messages", _messages),
        web.get("/page/events", _events),
        web.get("/page/history", _revisions),
        web.post("/page/messages", _send),
        web.post("/page/messages/edit", _edit),
        web.post("/page/messages/delete", _delete),
        web.post("/page/messages/dismiss", _dismiss),
        web.post("/page/reactions", _react),
        web.post("/page/typing", _typing),
        web.post("/page/threads", _thread),
        web.post("/page/dm", _direct),
    ]


def member_id(site: Site, value: object) -> int:
    """Return who acts.

    Raises:
        Refusal: nobody of the guild, or the bot.
    """
    text = str(value)
    found = int(text) if text.isdecimal() else 0
    if found not in site.world.members or site.world.users[found].bot:
        raise Refusal(400, 0, "Say as which member you act.")
    return found


def acting(site: Site, fields: dict[str, Any]) -> tuple[int, Channel]:
    """Return who acts and where; only in channels that they see."""
    user_id = member_id(site, fields.get("as"))
    channel = site.world.channel(snowflake(fields, "channel_id"))
    require(site.world, user_id, channel)
    return user_id, channel


def snowflake(fields: dict[str, Any], name: str) -> int:
    """Return an id from a body."""
    text = str(fields.get(name))
    if not text.isdecimal():
        raise invalid(**{name: "This must be an id."})
    return int(text)


async def _state(request: web.Request) -> web.Response:
    site = site_of(request)
    # A page that is opened for the first time does not know who there is.
    me = member_id(site, request.query.get("as") or _first_player(site))
    visible = [
        channel
        for channel in site.world.channels.values()
        if rights(site.world, me, channel) & Right.VIEW_CHANNEL
    ]
    return answer(
        {
            "me": _user(site, me),
            "users": [_user(site, key) for key in site.world.users],
            "guild": {"id": str(site.world.guild_id), "name": site.world.guild_name},
            "channels": [_channel(site, channel, me) for channel in visible],
            "commands": site.commands.everywhere(),
            "application": _user(site, site.world.bot_id),
            "bot_online": site.gateway.is_online,
        }
    )


def _first_player(site: Site) -> int:
    return next(key for key in site.world.members if not site.world.users[key].bot)


def _user(site: Site, user_id: int) -> dict[str, Any]:
    body = site.payloads.user(user_id)
    url = f"/cdn/avatars/{user_id}/{body['avatar']}.png"
    return {**body, "name": body["global_name"] or body["username"], "avatar_url": url}


def _channel(site: Site, channel: Channel, me: int) -> dict[str, Any]:
    body = site.payloads.channel(channel, viewer=me)
    if channel.is_direct:
        bot = site.world.user(site.world.bot_id)
        body |= {"name": bot.username, "nsfw": False, "topic": None, "parent_id": None}
    return {"topic": None, **body, "can_send": may_send(site.world, me, channel)}


async def _messages(request: web.Request) -> web.Response:
    site = site_of(request)
    me = member_id(site, request.query.get("as"))
    channel = site.world.channel(number(request, "channel_id"))
    require(site.world, me, channel, Right.READ_MESSAGE_HISTORY)
    limit = min(query_number(request, "limit", 50) or 50, _PAGE_AT_MOST)
    before = query_number(request, "before")
    found = site.messages.page(channel.id, before=before, limit=limit, viewer=me)
    return answer([site.broadcast.page_message(message, me) for message in reversed(found)])


async def _events(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    me = member_id(site, request.query.get("as"))
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    with site.streams.subscribe(me) as stream:
        await response.write(_event("BOT_STATUS", {"online": site.gateway.is_online}))
        await _pump(stream, response)
    return response


async def _pump(stream: Stream, response: web.StreamResponse) -> None:
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                event = await stream.queue.get()
        except TimeoutError:
            line = b": keep-alive\n\n"
        else:
            if event is None:
                return
            line = _event(*event)
        try:
            await response.write(line)
        except ConnectionError:
            return


def _event(name: str, data: Any) -> bytes:
    return f"data: {json.dumps({'t': name, 'd': data})}\n\n".encode()


async def _revisions(request: web.Request) -> web.Response:
    site = site_of(request)
    key = query_number(request, "message_id", 0) or 0
    found = site.messages.revisions(key)
    return answer([{"text": revision.text, "at": revision.at} for revision in found])


async def _send(request: web.Request) -> web.Response:
    site = site_of(request)
    known = ("as", "channel_id", "content", "reply_to", "nonce")
    body = await read_body(request, known)
    me, channel = acting(site, body.fields)
    require(site.world, me, channel, send_right(channel))
    fields: dict[str, Any] = {"content": body.fields.get("content") or ""}
    if body.fields.get("reply_to"):
        fields["message_reference"] = {"message_id": body.fields["reply_to"]}
    posted = Body(fields, body.files)
    check_rights(site, me, channel, posted)
    pings = ["users", "roles"]
    if rights(site.world, me, channel) & Right.MENTION_EVERYONE:
        pings.append("everyone")
    message = site.postings.post(channel, posted, Message(0, channel.id, me), pings=pings)
    return answer(site.broadcast.page_message(message, me))


async def _edit(request: web.Request) -> web.Response:
    site, me, message, fields = await _on_message(request, "content")
    own_message(message, me)
    body = Body({"content": fields.get("content")})
    site.postings.edit(message, body, pings=("users", "roles"))
    return answer(site.broadcast.page_message(message, me))


async def _delete(request: web.Request) -> web.Response:
    site, me, message, _ = await _on_message(request)
    require_delete(site, me, message)
    site.postings.delete(message)
    return answer({})


async def _dismiss(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("as", "channel_id", "message_id"))
    me, channel = acting(site, body.fields)
    found = site.messages.find(channel.id, snowflake(body.fields, "message_id"))
    message = require_visible(found)
    if message.ephemeral_to != me:
        raise Refusal(403, 50013, "Only messages that you alone see can be dismissed.")
    site.postings.delete(message)
    return answer({})


async def _react(request: web.Request) -> web.Response:
    site, me, message, fields = await _on_message(request, "emoji", "on")
    key = str(fields.get("emoji") or "")
    if not key:
        raise invalid(emoji="Choose an emoji.")
    set_reaction(site, message, me, key, on=bool(fields.get("on")))
    return answer({})


async def _typing(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("as", "channel_id"))
    me, channel = acting(site, body.fields)
    require(site.world, me, channel, send_right(channel))
    site.broadcast.typing(channel, me, now_ms())
    return answer({})


async def _thread(request: web.Request) -> web.Response:
    site = site_of(request)
    known = ("as", "channel_id", "name", "message_id", "content")
    body = await read_body(request, known)
    me, channel = acting(site, body.fields)
    right = Right.SEND_MESSAGES if channel.type == FORUM else Right.CREATE_PUBLIC_THREADS
    require(site.world, me, channel, right)
    start = body.fields.get("message_id")
    plan = ThreadPlan(
        name=str(body.fields.get("name") or ""),
        owner_id=me,
        from_message=None if start is None else int(start),
        opening=Body({"content": body.fields["content"]}) if body.fields.get("content") else None,
    )
    thread, _ = start_thread(site, channel, plan)
    return answer(_channel(site, thread, me))


async def _direct(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("as",))
    me = member_id(site, body.fields.get("as"))
    before = len(site.world.channels)
    channel = site.world.direct(me, site.snowflakes.mint())
    if len(site.world.channels) > before:
        site.broadcast.direct_opened(channel)
    return answer(_channel(site, channel, me))


async def _on_message(
    request: web.Request, *more: str
) -> tuple[Site, int, Message, dict[str, Any]]:
    site = site_of(request)
    body = await read_body(request, ("as", "channel_id", "message_id", *more))
    me, channel = acting(site, body.fields)
    message = site.messages.get(channel.id, snowflake(body.fields, "message_id"))
    return site, me, message, body.fields
