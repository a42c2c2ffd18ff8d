"""Routes of the API for messages, reactions, pins and typing."""

import time
from urllib.parse import unquote

from aiohttp import web

from bot.playground.bodies import Body, read_body
from bot.playground.messages import Message
from bot.playground.permissions import require, send_right
from bot.playground.postings import EDIT_FIELDS, MESSAGE_FIELDS, own_message
from bot.playground.refusals import Refusal, invalid, unknown
from bot.playground.rest import (
    API,
    answer,
    as_bot,
    bot_channel,
    nothing,
    number,
    query_number,
)
from bot.playground.rights import Right
from bot.playground.site import Site, now_ms
from bot.playground.snowflakes import EPOCH_MS, iso
from bot.playground.world import Channel

SUPPRESS_EMBEDS = 1 << 2
_PAGE_AT_MOST = 100
_PINS_AT_MOST = 50
_BULK_AGE_MS = 14 * 24 * 3600 * 1000
_BULK = range(2, 101)


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    messages = f"{API}/channels/{{channel_id}}/messages"
    one = f"{messages}/{{message_id}}"
    reactions = f"{one}/reactions"
    return [
        web.get(messages, as_bot(_history)),
        web.post(messages, as_bot(_send)),
        web.post(f"{messages}/bulk-delete", as_bot(_bulk_delete)),
        web.get(f"{messages}/pins", as_bot(_pins)),
        web.put(f"{messages}/pins/{{message_id}}", as_bot(_pin)),
        web.delete(f"{messages}/pins/{{message_id}}", as_bot(_unpin)),
        web.get(one, as_bot(_get)),
        web.patch(one, as_bot(_edit)),
        web.delete(one, as_bot(_delete)),
        web.delete(reactions, as_bot(_clear)),
        web.get(f"{reactions}/{{emoji}}", as_bot(_reactors)),
        web.delete(f"{reactions}/{{emoji}}", as_bot(_clear)),
        web.put(f"{reactions}/{{emoji}}/@me", as_bot(_react)),
        web.delete(f"{reactions}/{{emoji}}/@me", as_bot(_unreact)),
        web.delete(f"{reactions}/{{emoji}}/{{user_id}}", as_bot(_unreact)),
        web.post(f"{API}/channels/{{channel_id}}/typing", as_bot(_typing)),
    ]


async def _history(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    try:
        require(site.world, site.world.bot_id, channel, Right.READ_MESSAGE_HISTORY)
    except Refusal:
        return answer([])
    limit = query_number(request, "limit", 50) or 0
    if not 0 < limit <= _PAGE_AT_MOST:
        raise invalid(limit=f"int value should be between 1 and {_PAGE_AT_MOST}.")
    around = query_number(request, "around")
    if around is not None:
        older = site.messages.page(channel.id, before=around + 1, limit=limit // 2 + 1)
        newer = site.messages.page(channel.id, after=around, limit=limit // 2)
        return answer([_drawn(site, message) for message in [*newer, *older][:limit]])
    found = site.messages.page(
        channel.id,
        before=query_number(request, "before"),
        after=query_number(request, "after"),
        limit=limit,
    )
    return answer([_drawn(site, message) for message in found])


async def _get(request: web.Request) -> web.Response:
    site, message = _message(request, Right.READ_MESSAGE_HISTORY)
    return answer(_drawn(site, message))


async def _send(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    require(site.world, site.world.bot_id, channel, send_right(channel))
    body = await read_body(request, MESSAGE_FIELDS)
    check_rights(site, site.world.bot_id, channel, body)
    author = site.world.bot_id
    draft = Message(0, channel.id, author)
    return answer(site.payloads.message(site.postings.post(channel, body, draft)))


def check_rights(site: Site, user_id: int, channel: Channel, body: Body) -> None:
    """Refuse files, and embeds and replies of the bot, where they are not allowed."""
    if body.files:
        require(site.world, user_id, channel, Right.ATTACH_FILES)
    if body.fields.get("message_reference"):
        require(site.world, user_id, channel, Right.READ_MESSAGE_HISTORY)


async def _edit(request: web.Request) -> web.Response:
    site, message = _message(request)
    body = await read_body(request, EDIT_FIELDS)
    if set(body.fields) == {"flags"} and message.author_id != site.world.bot_id:
        require(
            site.world,
            site.world.bot_id,
            site.world.channel(message.channel_id),
            Right.MANAGE_MESSAGES,
        )
        message.flags = message.flags & ~SUPPRESS_EMBEDS | int(body.fields["flags"])
        site.postings.touch(message)
    else:
        own_message(message, site.world.bot_id)
        kinds = ("users", "roles", "everyone")
        site.postings.edit(message, body, pings=kinds)
    return answer(site.payloads.message(message))


async def _delete(request: web.Request) -> web.Response:
    site, message = _message(request)
    require_delete(site, site.world.bot_id, message)
    site.postings.delete(message)
    return nothing()


def require_delete(site: Site, user_id: int, message: Message) -> None:
    """Refuse unless *user_id* wrote the message or manages messages there."""
    is_own = message.author_id == user_id and message.webhook_id in (0, user_id)
    if not is_own:
        channel = site.world.channel(message.channel_id)
        require(site.world, user_id, channel, Right.MANAGE_MESSAGES)


async def _bulk_delete(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.MANAGE_MESSAGES)
    body = await read_body(request, ("messages",))
    keys = body.fields.get("messages")
    if not isinstance(keys, list) or not all(str(key).isdecimal() for key in keys):
        raise invalid(messages="Only a list of ids can be here.")
    ids = [int(key) for key in keys]
    if len(ids) not in _BULK:
        raise invalid(messages="Must be between 2 and 100 in length.")
    if any(now_ms() - (key >> 22) - EPOCH_MS > _BULK_AGE_MS for key in ids):
        raise Refusal(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    site.postings.delete_many(channel, ids)
    return nothing()


async def _pins(request: web.Request) -> web.Response:
    site, channel = bot_channel(request, Right.READ_MESSAGE_HISTORY)
    items = [
        {
            "pinned_at": message.edited_timestamp or iso(time.time()),
            "message": _drawn(site, message),
        }
        for message in site.messages.pinned(channel.id)
    ]
    return answer({"items": items[:_PINS_AT_MOST], "has_more": len(items) > _PINS_AT_MOST})


async def _pin(request: web.Request) -> web.Response:
    return _set_pinned(request, pinned=True)


async def _unpin(request: web.Request) -> web.Response:
    return _set_pinned(request, pinned=False)


def _set_pinned(request: web.Request, *, pinned: bool) -> web.Response:
    site, message = _message(request, Right.PIN_MESSAGES)
    if message.pinned != pinned:
        message.pinned = pinned
        site.postings.touch(message)
        channel = site.world.channel(message.channel_id)
        site.broadcast.pins(channel, iso(time.time()) if pinned else None)
    return nothing()


async def _react(request: web.Request) -> web.Response:
    site, message = _message(request, Right.READ_MESSAGE_HISTORY)
    set_reaction(site, message, site.world.bot_id, _emoji(request), on=True)
    return nothing()


async def _unreact(request: web.Request) -> web.Response:
    if "user_id" in request.match_info:
        site, message = _message(request, Right.MANAGE_MESSAGES)
        user_id = number(request, "user_id")
    else:
        site, message = _message(request)
        user_id = site.world.bot_id
    set_reaction(site, message, user_id, _emoji(request), on=False)
    return nothing()


def set_reaction(site: Site, message: Message, user_id: int, key: str, *, on: bool) -> None:
    """Add or take back a reaction; one that is there (or not) already is fine."""
    users = message.reactions.get(key, [])
    if on == (user_id in users):
        return
    if on:
        if not users:
            channel = site.world.channel(message.channel_id)
            require(site.world, user_id, channel, Right.ADD_REACTIONS)
        message.reactions[key] = [*users, user_id]
    else:
        message.reactions[key] = [user for user in users if user != user_id]
        if not message.reactions[key]:
            del message.reactions[key]
    site.messages.changed(message)
    name = "MESSAGE_REACTION_ADD" if on else "MESSAGE_REACTION_REMOVE"
    site.broadcast.reaction(name, message, user_id, key)


async def _clear(request: web.Request) -> web.Response:
    site, message = _message(request, Right.MANAGE_MESSAGES)
    key = _emoji(request) if "emoji" in request.match_info else None
    if key is None:
        message.reactions.clear()
    else:
        message.reactions.pop(key, None)
    site.messages.changed(message)
    name = "MESSAGE_REACTION_REMOVE_EMOJI" if key else "MESSAGE_REACTION_REMOVE_ALL"
    site.broadcast.reactions_cleared(name, message, key)
    return nothing()


async def _reactors(request: web.Request) -> web.Response:
    site, message = _message(request, Right.READ_MESSAGE_HISTORY)
    users = message.reactions.get(_emoji(request), [])
    after = query_number(request, "after", 0) or 0
    limit = query_number(request, "limit", 25) or 25
    chosen = sorted(user for user in users if user > after)[:limit]
    return answer([site.payloads.user(user) for user in chosen])


async def _typing(request: web.Request) -> web.Response:
    site, channel = bot_channel(request)
    require(site.world, site.world.bot_id, channel, send_right(channel))
    site.broadcast.typing(channel, site.world.bot_id, now_ms())
    return nothing()


def _message(request: web.Request, *needed: Right) -> tuple[Site, Message]:
    site, channel = bot_channel(request, *needed)
    return site, site.messages.get(channel.id, number(request, "message_id"))


def _drawn(site: Site, message: Message) -> dict[str, object]:
    body = site.payloads.message(message)
    return body if site.config.message_content else site.payloads.censored(message, body)


def _emoji(request: web.Request) -> str:
    key = unquote(request.match_info["emoji"])
    name, _, custom = key.partition(":")
    # A plain word is no emoji; a real one is never pure ASCII letters.
    if not custom and (not name or (name.isascii() and name.isalnum() and len(name) > 1)):
        raise unknown("Emoji")
    return key
