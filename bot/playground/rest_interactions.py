"""The route by which the bot acknowledges interactions."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from aiohttp import web

from bot.playground.bodies import Body, check_fields, read_body
from bot.playground.components import check_modal
from bot.playground.interactions import Interaction, Kind
from bot.playground.messages import EPHEMERAL, LOADING, Message
from bot.playground.postings import EDIT_FIELDS, MESSAGE_FIELDS
from bot.playground.refusals import invalid_fields, unknown
from bot.playground.rest import API, answer, nothing, number
from bot.playground.rest_followups import post_answer, thinking
from bot.playground.site import Site, site_of

_CHOICES, _CHOICE_TEXT = 25, 100


class Answer(IntEnum):
    """Ways to acknowledge."""

    MESSAGE = 4
    THINK = 5
    UPDATE_LATER = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_FITS: Mapping[Kind, tuple[Answer, ...]] = {
    Kind.COMMAND: (Answer.MESSAGE, Answer.THINK, Answer.MODAL),
    Kind.COMPONENT: (
        Answer.MESSAGE,
        Answer.THINK,
        Answer.UPDATE_LATER,
        Answer.UPDATE,
        Answer.MODAL,
    ),
    Kind.AUTOCOMPLETE: (Answer.CHOICES,),
    Kind.MODAL: (Answer.MESSAGE, Answer.THINK, Answer.UPDATE_LATER, Answer.UPDATE),
}


def routes() -> list[web.RouteDef]:
    """Return the routes."""
    return [web.post(f"{API}/interactions/{{interaction_id}}/{{token}}/callback", _callback)]


async def _callback(request: web.Request) -> web.Response:
    site = site_of(request)
    body = await read_body(request, ("type", "data"))
    token = request.match_info["token"]
    interaction = site.interactions.pending(number(request, "interaction_id"), token)
    way = _way(interaction, body.fields.get("type"))
    data = body.fields.get("data") or {}
    message = _answer(site, interaction, way, Body(dict(data), body.files))
    if way is Answer.MODAL:
        shown = {name: data.get(name) for name in ("custom_id", "title", "components")}
        shown["interaction_id"] = str(interaction.id)
        site.broadcast.to_user(interaction.user_id, "INTERACTION_MODAL", shown)
    site.interactions.acknowledge(interaction)
    if request.query.get("with_response") not in ("1", "true", "True"):
        return nothing()
    return answer(_receipt(site, interaction, way, message))


def _way(interaction: Interaction, value: Any) -> Answer:
    try:
        way = Answer(value)
    except ValueError:
        raise invalid_fields({"type": "This response type is not understood."}) from None
    is_update = way in (Answer.UPDATE, Answer.UPDATE_LATER)
    if way not in _FITS[interaction.kind] or (is_update and interaction.source is None):
        raise invalid_fields({"type": "This response does not fit the interaction."})
    return way


def _answer(site: Site, interaction: Interaction, way: Answer, body: Body) -> Message | None:
    where = f"response {int(way)}"
    match way:
        case Answer.MESSAGE:
            check_fields(body.fields, MESSAGE_FIELDS, where=where)
            message = post_answer(site, interaction, body)
            interaction.original_id = message.id
            return message
        case Answer.THINK:
            check_fields(body.fields, ("flags",), where=where)
            flags = int(body.fields.get("flags") or 0)
            message = thinking(site, interaction, is_ephemeral=bool(flags & EPHEMERAL))
            interaction.original_id = message.id
            return message
        case Answer.UPDATE | Answer.UPDATE_LATER:
            source = _source(site, interaction)
            interaction.original_id = source.id
            if way is Answer.UPDATE:
                check_fields(body.fields, EDIT_FIELDS, where=where)
                site.postings.edit(source, body, pings=("users",))
            return source
        case Answer.CHOICES:
            check_fields(body.fields, ("choices",), where=where)
            _choose(interaction, body.fields.get("choices") or [])
        case Answer.MODAL:
            check_fields(body.fields, ("custom_id", "title", "components"), where=where)
            check_modal(body.fields)
            interaction.modal = body.fields
    return None


def _source(site: Site, interaction: Interaction) -> Message:
    source = interaction.source
    if source is None or site.messages.find(source.channel_id, source.id) is None:
        raise unknown("Message")
    return source


def _choose(interaction: Interaction, choices: list[dict[str, Any]]) -> None:
    if len(choices) > _CHOICES:
        raise invalid_fields({"data.choices": f"Must be {_CHOICES} or fewer in length."})
    for index, choice in enumerate(choices):
        for name in ("name", "value"):
            text = choice.get(name)
            if isinstance(text, str) and not 0 < len(text) <= _CHOICE_TEXT:
                sentence = f"Must be between 1 and {_CHOICE_TEXT} in length."
                raise invalid_fields({f"data.choices.{index}.{name}": sentence})
    if interaction.choices is not None and not interaction.choices.done():
        interaction.choices.set_result(choices)


def _receipt(
    site: Site, interaction: Interaction, way: Answer, message: Message | None
) -> dict[str, Any]:
    receipt: dict[str, Any] = {"id": str(interaction.id), "type": int(interaction.kind)}
    resource: dict[str, Any] = {"type": int(way)}
    if message is not None:
        receipt |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": bool(message.ephemeral_to),
        }
        if way in (Answer.MESSAGE, Answer.UPDATE):
            resource["message"] = site.payloads.message(message)
    return {"interaction": receipt, "resource": resource}
