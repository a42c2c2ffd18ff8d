"""Routes of the API by which the bot registers its commands."""

import json

from aiohttp import web

from bot.playground.bodies import check_shapes, read_body
from bot.playground.commands import COMMAND_FIELDS
from bot.playground.refusals import Refusal, missing_access, unknown
from bot.playground.rest import API, answer, as_bot, nothing, number
from bot.playground.site import Site, site_of


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    found = []
    for place in ("commands", "guilds/{guild_id}/commands"):
        path = f"{API}/applications/{{application_id}}/{place}"
        found += [
            web.get(path, as_bot(_list)),
            web.put(path, as_bot(_replace_all)),
            web.post(path, as_bot(_create)),
            web.get(f"{path}/{{command_id}}", as_bot(_get)),
            web.patch(f"{path}/{{command_id}}", as_bot(_patch)),
            web.delete(f"{path}/{{command_id}}", as_bot(_delete)),
        ]
    return found


async def _list(request: web.Request) -> web.Response:
    site, guild_id = _place(request)
    return answer(site.commands.of(guild_id))


async def _replace_all(request: web.Request) -> web.Response:
    site, guild_id = _place(request)
    try:
        given = json.loads(await request.read())
    except ValueError as error:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from error
    if not isinstance(given, list):
        raise Refusal(400, 50035, "Invalid Form Body")
    check_shapes({"options": given})
    registered = site.commands.replace_all(guild_id, given)
    _tell(site)
    return answer(registered)


async def _create(request: web.Request) -> web.Response:
    site, guild_id = _place(request)
    body = await read_body(request, COMMAND_FIELDS)
    command = site.commands.put(guild_id, body.fields)
    _tell(site)
    return answer(command, status=201)


async def _get(request: web.Request) -> web.Response:
    site, _ = _place(request)
    return answer(site.commands.get(number(request, "command_id")))


async def _patch(request: web.Request) -> web.Response:
    site, guild_id = _place(request)
    known = site.commands.get(number(request, "command_id"))
    body = await read_body(request, COMMAND_FIELDS)
    given = {name: value for name, value in known.items() if name in COMMAND_FIELDS}
    site.commands.delete(int(known["id"]))
    command = site.commands.put(guild_id, {**given, **body.fields}, keep_id=int(known["id"]))
    _tell(site)
    return answer(command)


async def _delete(request: web.Request) -> web.Response:
    site, _ = _place(request)
    site.commands.delete(number(request, "command_id"))
    _tell(site)
    return nothing()


def _place(request: web.Request) -> tuple[Site, int]:
    site = site_of(request)
    if number(request, "application_id") != site.world.bot_id:
        raise unknown("Application")
    if "guild_id" not in request.match_info:
        return site, 0
    guild_id = number(request, "guild_id")
    if guild_id != site.world.guild_id:
        raise missing_access()
    return site, guild_id


def _tell(site: Site) -> None:
    site.broadcast.to_everyone("COMMANDS_UPDATE", {"commands": site.commands.everywhere()})
