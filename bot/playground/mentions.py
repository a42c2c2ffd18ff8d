"""Who a message pings: its text, held against `allowed_mentions`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.refusals import invalid
from bot.playground.world import World

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_KINDS = ("users", "roles", "everyone")
_NAMED_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Mentions:
    """The users and roles pinged."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False


def find_mentions(
    world: World,
    content: str,
    allowed: Mapping[str, Any] | None,
    *,
    default: Sequence[str] = _KINDS,
    replied_to: int | None = None,
) -> Mentions:
    """Find who *content* pings. *default* is what may be pinged when nothing is said.

    Raises:
        Refusal: `allowed_mentions` contradicts itself or is malformed.
    """
    rules: dict[str, Any] = {"parse": list(default), "replied_user": True}
    if allowed is not None:
        rules = dict(allowed)
    _check(rules)
    parse = rules.get("parse") or []
    users = [int(found) for found in _USER.findall(content)]
    roles = [int(found) for found in _ROLE.findall(content)]
    if "users" not in parse:
        users = [user for user in users if str(user) in _ids(rules, "users")]
    if "roles" not in parse:
        roles = [role for role in roles if str(role) in _ids(rules, "roles")]
    if replied_to is not None and rules.get("replied_user", False):
        users.append(replied_to)
    return Mentions(
        tuple(dict.fromkeys(user for user in users if user in world.users)),
        tuple(dict.fromkeys(role for role in roles if role in world.roles)),
        "everyone" in parse and bool(_EVERYONE.search(content)),
    )


def _check(rules: Mapping[str, Any]) -> None:
    unknown = set(rules) - {"parse", "users", "roles", "replied_user"}
    if unknown:
        raise invalid(allowed_mentions=f"Unknown field {min(unknown)}.")
    parse = rules.get("parse") or []
    if not isinstance(parse, list) or any(kind not in _KINDS for kind in parse):
        raise invalid(allowed_mentions__parse=f"Value must be one of {_KINDS}.")
    for kind in ("users", "roles"):
        named = rules.get(kind) or []
        if kind in parse and named:
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise invalid(allowed_mentions=text)
        if len(named) > _NAMED_AT_MOST:
            raise invalid(allowed_mentions=f"Must be {_NAMED_AT_MOST} or fewer in length.")


def _ids(rules: Mapping[str, Any], kind: str) -> set[str]:
    return {str(named) for named in rules.get(kind) or []}
