"""Routes of the API for threads and forum posts."""

from aiohttp import web

from bot.playground.bodies import Body, read_body
from bot.playground.permissions import require
from bot.playground.postings import MESSAGE_FIELDS
from bot.playground.refusals import unknown
from bot.playground.rest import API, answer, as_bot, bot_channel, nothing, number
from bot.playground.rights import Right
from bot.playground.site import Site
from bot.playground.threads import ThreadPlan, start_thread
from bot.playground.world import FORUM, PRIVATE_THREAD, PUBLIC_THREAD, Channel

_FIELDS = (
    "name",
    "auto_archive_duration",
    "rate_limit_per_user",
    "type",
    "invitable",
    "message",
    "applied_tags",
)


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    channel = f"{API}/channels/{{channel_id}}"
    return [
        web.post(f"{channel}/threads", as_bot(_start)),
        web.post(f"{channel}/messages/{{message_id}}/threads", as_bot(_start_from_message)),
        web.get(f"{channel}/threads/archived/public", as_bot(_archived)),
        web.get(f"{channel}/thread-members", as_bot(_members)),
        web.get(f"{channel}/thread-members/{{user_id}}", as_bot(_member)),
        web.put(f"{channel}/thread-members/{{user_id}}", as_bot(_join)),
        web.delete(f"{channel}/thread-members/{{user_id}}", as_bot(_leave)),
    ]


async def _start(request: web.Request) -> web.Response:
    site, parent = bot_channel(request)
    body = await read_body(request, _FIELDS)
    right = Right.SEND_MESSAGES if parent.type == FORUM else Right.CREATE_PUBLIC_THREADS
    if body.fields.get("type") == PRIVATE_THREAD:
        right = Right.MANAGE_THREADS
    require(site.world, site.world.bot_id, parent, right)
    opening = None
    if parent.type == FORUM and isinstance(body.fields.get("message"), dict):
        # Files come beside the post's fields, not inside its message.
        opening = Body(
            {k: v for k, v in body.fields["message"].items() if k in MESSAGE_FIELDS}, body.files
        )
    plan = ThreadPlan(
        name=str(body.fields.get("name") or ""),
        owner_id=site.world.bot_id,
        opening=opening,
        kind=int(body.fields.get("type") or PUBLIC_THREAD),
        archive_minutes=int(body.fields.get("auto_archive_duration") or 4320),
    )
    thread, first = start_thread(site, parent, plan)
    drawn = site.payloads.channel(thread)
    if first is not None:
        drawn["message"] = site.payloads.message(first)
    return answer(drawn, status=201)


async def _start_from_message(request: web.Request) -> web.Response:
    site, parent = bot_channel(request, Right.CREATE_PUBLIC_THREADS)
    body = await read_body(request, _FIELDS)
    plan = ThreadPlan(
        name=str(body.fields.get("name") or ""),
        owner_id=site.world.bot_id,
        from_message=number(request, "message_id"),
        archive_minutes=int(body.fields.get("auto_archive_duration") or 4320),
    )
    thread, _ = start_thread(site, parent, plan)
    return answer(site.payloads.channel(thread), status=201)


async def _archived(request: web.Request) -> web.Response:
    site, parent = bot_channel(request, Right.READ_MESSAGE_HISTORY)
    found = [thread for thread in site.world.threads(parent.id) if thread.archived]
    drawn = [site.payloads.channel(thread) for thread in found]
    return answer({"threads": drawn, "members": [], "has_more": False})


async def _members(request: web.Request) -> web.Response:
    site, thread = bot_channel(request)
    return answer([site.payloads.thread_member(thread, user) for user in thread.member_ids])


async def _member(request: web.Request) -> web.Response:
    site, thread = bot_channel(request)
    user_id = _user(site, request)
    if user_id not in thread.member_ids:
        raise unknown("Member")
    return answer(site.payloads.thread_member(thread, user_id))


async def _join(request: web.Request) -> web.Response:
    site, thread = bot_channel(request)
    set_thread_member(site, thread, _user(site, request), joined=True)
    return nothing()


async def _leave(request: web.Request) -> web.Response:
    site, thread = bot_channel(request)
    set_thread_member(site, thread, _user(site, request), joined=False)
    return nothing()


def set_thread_member(site: Site, thread: Channel, user_id: int, *, joined: bool) -> None:
    """Let a member join or leave a thread, and tell of it."""
    if joined == (user_id in thread.member_ids):
        return
    if joined:
        thread.member_ids.append(user_id)
    else:
        thread.member_ids.remove(user_id)
    site.world.keep(thread)
    site.broadcast.thread_members(thread, user_id, joined=joined)


def _user(site: Site, request: web.Request) -> int:
    if request.match_info.get("user_id") == "@me":
        return site.world.bot_id
    user_id = number(request, "user_id")
    if user_id not in site.world.members:
        raise unknown("Member")
    return user_id
