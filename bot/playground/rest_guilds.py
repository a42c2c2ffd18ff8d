"""Routes of the API for the application, the gateway's address, users and the guild."""

from aiohttp import web

from bot.playground.bodies import read_body
from bot.playground.permissions import guild_rights
from bot.playground.refusals import invalid, missing_permissions, unknown
from bot.playground.rest import API, answer, as_bot, number, query_number
from bot.playground.rights import Right
from bot.playground.site import Site, site_of

_MEMBERS_AT_MOST = 1000


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    guild = f"{API}/guilds/{{guild_id}}"
    return [
        web.get(f"{API}/gateway", _gateway),
        web.get(f"{API}/gateway/bot", as_bot(_gateway_bot)),
        web.get(f"{API}/oauth2/applications/@me", as_bot(_application)),
        web.get(f"{API}/applications/@me", as_bot(_application)),
        web.get(f"{API}/users/@me", as_bot(_me)),
        web.get(f"{API}/users/@me/guilds", as_bot(_my_guilds)),
        web.post(f"{API}/users/@me/channels", as_bot(_open_direct)),
        web.get(f"{API}/users/{{user_id}}", as_bot(_user)),
        web.get(guild, as_bot(_guild)),
        web.get(f"{guild}/channels", as_bot(_channels)),
        web.get(f"{guild}/roles", as_bot(_roles)),
        web.get(f"{guild}/members", as_bot(_members)),
        web.get(f"{guild}/members/{{user_id}}", as_bot(_member)),
        web.get(f"{guild}/threads/active", as_bot(_active_threads)),
        web.get(f"{guild}/webhooks", as_bot(_webhooks)),
    ]


async def _gateway(request: web.Request) -> web.Response:
    return answer({"url": site_of(request).gateway_url})


async def _gateway_bot(request: web.Request) -> web.Response:
    site = site_of(request)
    starts = site.gateway.starts.told()
    return answer({"url": site.gateway_url, "shards": 1, "session_start_limit": starts})


async def _application(request: web.Request) -> web.Response:
    return answer(site_of(request).application())


async def _me(request: web.Request) -> web.Response:
    site = site_of(request)
    private = {"verified": True, "mfa_enabled": True, "locale": "en-US", "email": None, "flags": 0}
    return answer({**site.payloads.user(site.world.bot_id), **private})


async def _my_guilds(request: web.Request) -> web.Response:
    site = site_of(request)
    guild = site.payloads.guild()
    kept = {name: guild[name] for name in ("id", "name", "icon", "features")}
    return answer([{**kept, "owner": False, "permissions": "0"}])


async def _open_direct(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("recipient_id",))
    key = str(body.fields.get("recipient_id"))
    if not key.isdecimal() or int(key) not in site.world.members:
        raise invalid(recipient_id="Unknown user.")
    before = len(site.world.channels)
    channel = site.world.direct(int(key), site.snowflakes.mint())
    if len(site.world.channels) > before:
        site.broadcast.direct_opened(channel)
    return answer(site.payloads.channel(channel))


async def _user(request: web.Request) -> web.Response:
    return answer(site_of(request).payloads.user(number(request, "user_id")))


async def _guild(request: web.Request) -> web.Response:
    site = _site(request)
    guild = site.payloads.guild()
    if request.query.get("with_counts") in ("1", "true", "True"):
        members = len(site.world.members)
        guild |= {"approximate_member_count": members, "approximate_presence_count": members}
    return answer(guild)


async def _channels(request: web.Request) -> web.Response:
    site = _site(request)
    channels = [c for c in site.world.channels.values() if not c.is_direct and not c.is_thread]
    return answer([site.payloads.channel(channel) for channel in channels])


async def _roles(request: web.Request) -> web.Response:
    return answer(_site(request).payloads.roles())


async def _members(request: web.Request) -> web.Response:
    site = _site(request)
    limit = min(query_number(request, "limit", 1) or 1, _MEMBERS_AT_MOST)
    after = query_number(request, "after", 0) or 0
    ids = sorted(key for key in site.world.members if key > after)[:limit]
    return answer([site.payloads.member(key) for key in ids])


async def _member(request: web.Request) -> web.Response:
    site = _site(request)
    key = number(request, "user_id")
    if key not in site.world.members:
        raise unknown("Member")
    return answer(site.payloads.member(key))


async def _active_threads(request: web.Request) -> web.Response:
    site = _site(request)
    threads = [thread for thread in site.world.threads() if not thread.archived]
    me = site.world.bot_id
    joined = [site.payloads.thread_member(t, me) for t in threads if me in t.member_ids]
    drawn = [site.payloads.channel(thread) for thread in threads]
    return answer({"threads": drawn, "members": joined})


async def _webhooks(request: web.Request) -> web.Response:
    site = _site(request)
    if not guild_rights(site.world, site.world.bot_id) & Right.MANAGE_WEBHOOKS:
        raise missing_permissions()
    return answer([site.payloads.webhook(webhook) for webhook in site.webhooks.of()])


def _site(request: web.Request) -> Site:
    site = site_of(request)
    if number(request, "guild_id") != site.world.guild_id:
        raise unknown("Guild")
    return site
