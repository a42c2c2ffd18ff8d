"""How members use commands, buttons, menus and modals from the page.

An attachment option's value is the number of the file in the same multipart
body (`files[0]` is 0).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.playground.bodies import Body, read_body
from bot.playground.commands import CHAT, MESSAGE, USER, Command
from bot.playground.components import SELECTS, STRING_SELECT, Component, find_component
from bot.playground.interaction_payloads import ATTACHMENT, leaves
from bot.playground.interactions import Interaction, Kind
from bot.playground.messages import Message
from bot.playground.modals import checked_submission
from bot.playground.options import checked_options
from bot.playground.page_api import acting, member_id, snowflake
from bot.playground.permissions import require, rights
from bot.playground.postings import require_visible
from bot.playground.refusals import Refusal, unknown
from bot.playground.rest import answer
from bot.playground.rights import Right
from bot.playground.site import Site, site_of
from bot.playground.world import Channel

_COMMAND_FIELDS = ("as", "channel_id", "command_id", "options", "target_id")
_IN_GUILD, _IN_DIRECT = 0, 1
_CHOSEN = {5: 6, 6: 8, 7: 9, 8: 7}
"""Which type of option a menu of users, roles, both or channels chooses from."""
_NO_CHOICES = "Loading options failed"


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.post("/page/interactions/command", _command),
        web.post("/page/interactions/autocomplete", _autocomplete),
        web.post("/page/interactions/component", _component),
        web.post("/page/interactions/modal", _modal),
    ]


async def _command(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, _COMMAND_FIELDS)
    me, channel, command = _used(site, body)
    data = _command_data(site, channel, command, body)
    interaction = site.interactions.open(Kind.COMMAND, me, channel.id)
    interaction.name, interaction.command_kind = command["name"], command["type"]
    return _hand_over(site, interaction, data)


async def _autocomplete(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, _COMMAND_FIELDS)
    me, channel, command = _used(site, body)
    registered = command["options"]
    options = checked_options(body.fields.get("options") or [], registered, is_partial=True)
    if not any(option.get("focused") for option in leaves(options)):
        raise Refusal(400, 50035, "One option must be focused.")
    data = {**_basics(command), "options": options, "resolved": {}}
    interaction = site.interactions.open(Kind.AUTOCOMPLETE, me, channel.id)
    interaction.choices = asyncio.get_running_loop().create_future()
    _hand_over(site, interaction, data)
    # Settled at the latest by the interaction's own clock.
    choices = await interaction.choices
    if choices is None:
        raise Refusal(504, 0, _NO_CHOICES)
    return answer({"choices": choices})


def _used(site: Site, body: Body) -> tuple[int, Channel, Command]:
    me, channel = acting(site, body.fields)
    require(site.world, me, channel, Right.USE_APPLICATION_COMMANDS)
    command = site.commands.get(snowflake(body.fields, "command_id"))
    contexts = command.get("contexts")
    here = _IN_DIRECT if channel.is_direct else _IN_GUILD
    is_barred = contexts is not None and here not in contexts
    if is_barred or (channel.is_direct and not command.get("dm_permission", True)):
        raise Refusal(403, 50013, "This command cannot be used here.")
    needed = int(command.get("default_member_permissions") or 0)
    if not channel.is_direct and rights(site.world, me, channel) & needed != needed:
        raise Refusal(403, 50013, "You have no right to use this command.")
    if command.get("nsfw") and not channel.is_direct and not site.world.is_adult(channel):
        raise Refusal(403, 50013, "This command works in age-restricted channels only.")
    return me, channel, command


def _basics(command: Command) -> dict[str, Any]:
    basics = {name: command[name] for name in ("id", "name", "type")}
    return {**basics, "guild_id": command["guild_id"]} if "guild_id" in command else basics


def _command_data(site: Site, channel: Channel, command: Command, body: Body) -> dict[str, Any]:
    data = _basics(command)
    if command["type"] == CHAT:
        options = checked_options(body.fields.get("options") or [], command["options"])
        resolved = site.interaction_payloads.resolved(options)
        _attach(site, options, resolved, body)
        return {**data, "options": options, "resolved": resolved}
    target_id = snowflake(body.fields, "target_id")
    target: int | Message = target_id
    if command["type"] == MESSAGE:
        target = site.messages.get(channel.id, target_id)
    elif command["type"] == USER and target_id not in site.world.users:
        raise unknown("User")
    resolved = site.interaction_payloads.resolved_target(command["type"], target, channel)
    return {**data, "target_id": str(target_id), "resolved": resolved}


def _attach(
    site: Site, options: Sequence[Mapping[str, Any]], resolved: dict[str, Any], body: Body
) -> None:
    for option in leaves(options):
        if option["type"] != ATTACHMENT:
            continue
        upload = body.files.get(int(option["value"]))
        if upload is None:
            raise unknown("Attachment")
        key = site.snowflakes.mint()
        attachment = site.uploads.keep(key, upload, None)
        linked = site.uploads.linked(snowflake(body.fields, "channel_id"), attachment)
        resolved.setdefault("attachments", {})[str(key)] = {**linked, "ephemeral": True}
        if isinstance(option, dict):
            option["value"] = str(key)


async def _component(request: web.Request) -> web.Response:
    site = site_of(request)
    known = ("as", "channel_id", "message_id", "custom_id", "component_type", "values")
    body = await read_body(request, known)
    me, channel = acting(site, body.fields)
    found = site.messages.find(channel.id, snowflake(body.fields, "message_id"))
    message = require_visible(found)
    if message.ephemeral_to not in (0, me):
        raise unknown("Message")
    component = find_component(message.components, str(body.fields.get("custom_id")))
    if component is None or component["type"] != body.fields.get("component_type"):
        raise Refusal(400, 50035, "This message has no such button or menu.")
    if component.get("disabled"):
        raise Refusal(400, 50035, "This button or menu is switched off.")
    data: dict[str, Any] = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component.get("id", 0),
    }
    if component["type"] in SELECTS:
        data["values"] = _checked_values(component, body.fields.get("values") or [])
        kind = _CHOSEN.get(component["type"])
        if kind is not None:
            chosen = [{"type": kind, "value": value} for value in data["values"]]
            data["resolved"] = site.interaction_payloads.resolved(chosen)
    interaction = site.interactions.open(Kind.COMPONENT, me, channel.id)
    interaction.source = message
    return _hand_over(site, interaction, data)


def _checked_values(select: Component, values: Sequence[object]) -> list[str]:
    chosen = [str(value) for value in values]
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(chosen) <= high:
        raise Refusal(400, 50035, f"Choose between {low} and {high}.")
    if select["type"] == STRING_SELECT:
        offered = {option["value"] for option in select["options"]}
        if not set(chosen) <= offered:
            raise Refusal(400, 50035, "This choice is not offered.")
    return chosen


async def _modal(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("as", "interaction_id", "custom_id", "components"))
    me = member_id(site, body.fields.get("as"))
    opened = site.interactions.find(snowflake(body.fields, "interaction_id"))
    if opened is None or opened.modal is None or opened.user_id != me:
        raise Refusal(404, 10062, "This form is not open any more.")
    if body.fields.get("custom_id") != opened.modal["custom_id"]:
        raise Refusal(400, 50035, "This is another form.")
    components = checked_submission(opened.modal["components"], body.fields.get("components") or [])
    data = {"custom_id": opened.modal["custom_id"], "components": components}
    opened.modal = None
    interaction = site.interactions.open(Kind.MODAL, me, opened.channel_id)
    interaction.source = opened.source
    return _hand_over(site, interaction, data)


def _hand_over(site: Site, interaction: Interaction, data: Mapping[str, Any]) -> web.Response:
    channel = site.world.channel(interaction.channel_id)
    event = site.interaction_payloads.interaction(interaction, data)
    site.broadcast.interaction(event, is_direct=channel.is_direct)
    return answer({"interaction_id": str(interaction.id)})
