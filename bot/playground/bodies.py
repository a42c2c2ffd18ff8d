"""Request bodies: JSON or multipart, with no field that we do not know."""

import json
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from bot.playground.refusals import Refusal, invalid_fields
from bot.playground.uploads import FILE_BYTES, Upload, content_type

log = logging.getLogger(__name__)

_LISTS = frozenset({"embeds", "components", "attachments", "options", "choices"})
_OBJECTS = frozenset({"allowed_mentions", "message_reference", "message", "data", "component"})
_NUMBERS = frozenset({"type", "flags", "auto_archive_duration", "rate_limit_per_user", "position"})
_IDS = frozenset({"message_id", "reply_to", "channel_id", "recipient_id", "target_id"})
_FILE_FIELD = re.compile(r"files\[(\d+)\]")


@dataclass(slots=True)
class Body:
    """A request's fields and files."""

    fields: dict[str, Any]
    files: dict[int, Upload] = field(default_factory=dict)


async def read_body(request: web.Request, known: Collection[str]) -> Body:
    """Read the body and refuse what is not in *known*.

    A field nobody here understands would silently do nothing; Discord may
    ignore such a thing, a local Discord must not.

    Raises:
        Refusal: the body is malformed, or a field is unknown (it is named).
    """
    if request.content_type.startswith("multipart/"):
        body = await _read_multipart(request)
    else:
        body = Body(_object(await request.read()))
    check_fields(body.fields, known, where=route_name(request))
    return body


def check_fields(fields: dict[str, Any], known: Collection[str], *, where: str) -> None:
    """Refuse a field that is not in *known*."""
    unknown = sorted(set(fields) - set(known))
    if unknown:
        log.error("unknown field %s in %s", unknown[0], where.split("?", maxsplit=1)[0])
        sentences = dict.fromkeys(unknown, "The local Discord does not know this field.")
        raise invalid_fields(sentences)
    check_shapes(fields)


def check_shapes(fields: Mapping[str, Any], path: str = "") -> None:
    """Refuse values whose shape is wrong, so that no rule behind has to ask.

    Inside embeds the same names mean other things; they have their own rules.
    """
    for name, value in fields.items():
        here = f"{path}{name}"
        if value is None:
            continue
        if name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                raise invalid_fields({here: "Only a list of objects can be here."})
            for index, one in enumerate(value):
                check_shapes(one if name != "embeds" else {}, f"{here}.{index}.")
        elif name in _OBJECTS:
            if not isinstance(value, dict):
                raise invalid_fields({here: "Only dictionaries may be used here."})
            check_shapes(value, f"{here}.")
        elif name in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int)):
            raise invalid_fields({here: f'Value "{value}" is not int.'})
        elif name in _IDS and not str(value).isdecimal():
            raise invalid_fields({here: f'Value "{value}" is not snowflake.'})


def route_name(request: web.Request) -> str:
    """Name the route without what fills it: paths of webhooks hold their tokens."""
    resource = request.match_info.route.resource
    return f"{request.method} {'?' if resource is None else resource.canonical}"


async def _read_multipart(request: web.Request) -> Body:
    body = Body({})
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise invalid_fields({"payload_json": "Nested multipart is not understood."})
        data = bytes(await part.read(decode=True))
        found = _FILE_FIELD.fullmatch(part.name or "")
        if found is not None:
            if len(data) > FILE_BYTES:
                raise Refusal(413, 40005, "Request entity too large")
            kind = part.headers.get("Content-Type", "application/octet-stream")
            name = part.filename or "file"
            is_vague = kind.startswith("application/octet-stream")
            body.files[int(found[1])] = Upload(name, content_type(name) if is_vague else kind, data)
        elif part.name == "payload_json":
            body.fields = _object(data)
        else:
            raise invalid_fields({part.name or "?": "Unknown part of a multipart body."})
    return body


def _object(data: bytes) -> dict[str, Any]:
    if not data:
        return {}
    try:
        parsed = json.loads(data)
    except ValueError as error:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from error
    if not isinstance(parsed, dict):
        raise Refusal(400, 50035, "Invalid Form Body")
    return parsed
