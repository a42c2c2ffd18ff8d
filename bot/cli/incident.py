"""`incident`: the token got out. What it reaches, what is removed, and what to tell whom.

Dry unless it is told to act. No token and no key of a webhook is ever printed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp

from bot.adapters.discord_rest import DiscordRest, Refused, TokenReach
from bot.core.errors import PostError, StartupError
from bot.core.incident import (
    Application,
    Fate,
    HookFate,
    Incident,
    ServerReach,
    letter_to_admins,
    letter_to_discord,
)
from bot.core.redaction import Redaction
from bot.settings import EXIT_CONFIG, Settings, load_settings, secrets_in, token_of

Say = Callable[[str], None]

EXIT_UNREACHABLE = 69
REQUEST_S = 60.0
"""With all its waits: Discord may limit us, and nobody waits for an answer here."""
_UNAUTHORIZED = 401

_NONE_SET = "No Discord token is set: put the new one into BOT_DISCORD__TOKEN first."
_DEAD = (
    "Discord does not accept the configured token: it is dead. Put the new one (developer portal, "
    "your application, page Bot, Reset Token) into BOT_DISCORD__TOKEN, and ask again."
)
_LIVES = "if it is the one that got out, reset it before anything else (developer portal, page Bot)"
_DRY = "Nothing was removed: this was a dry run. With --remove-webhooks they are."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done.

    Attributes:
        since: the token was in other hands, in UTC; None if nobody knows.
    """

    since: datetime | None
    removes_webhooks: bool
    as_json: bool


async def incident(wanted: Wanted, say: Say) -> int:
    """Look, remove if that is wanted, and write the letters; 1 if something is left to be done.

    Raises:
        StartupError: the token is refused or missing, or Discord is out of reach.
    """
    settings = load_settings()
    if not token_of(settings):
        raise StartupError(_NONE_SET, exit_code=EXIT_CONFIG)
    tell: Say = _keep_quiet if wanted.as_json else say
    try:
        found = await _worked_through(settings, wanted, tell)
    except Refused as refused:
        if refused.status != _UNAUTHORIZED:
            raise _unreachable(settings, refused) from None
        if wanted.as_json:
            say(json.dumps({"token": "refused"}))
        raise StartupError(_DEAD, exit_code=EXIT_CONFIG) from None
    except PostError as error:
        raise _unreachable(settings, error) from None
    if wanted.as_json:
        say(_json(found))
    else:
        _tell_the_end(found, say)
    return 0 if found.is_settled else 1


def _keep_quiet(_line: str) -> None:
    """Who wants JSON gets nothing else."""


def _unreachable(settings: Settings, error: PostError) -> StartupError:
    sentence = f"Discord cannot be asked at {settings.discord.api_url} ({error})."
    return StartupError(Redaction(secrets_in(settings))(sentence), exit_code=EXIT_UNREACHABLE)


async def _worked_through(settings: Settings, wanted: Wanted, tell: Say) -> Incident:
    async with aiohttp.ClientSession() as http:
        rest = DiscordRest(
            http, api_url=settings.discord.api_url, token=token_of(settings), whole_s=REQUEST_S
        )
        reach = TokenReach(rest, redacted=Redaction(secrets_in(settings)))
        application = await reach.application()
        _tell_whose(application, tell)
        # Listed before anything is changed: what follows takes a while.
        listed = [server async for server in reach.servers()]
        servers = [await _server(reach, each, application, wanted, tell) for each in listed]
    since = f"{wanted.since:%Y-%m-%d %H:%M} UTC" if wanted.since else ""
    return Incident(application, since, tuple(servers), has_acted=wanted.removes_webhooks)


async def _server(
    reach: TokenReach, server: ServerReach, application: Application, wanted: Wanted, tell: Say
) -> ServerReach:
    seen = await reach.look(server, application.id)
    members = "" if seen.members is None else f", about {seen.members} members"
    owner = "" if seen.owner is None else f", owner {seen.owner}"
    tell(f"server   {seen.name} ({seen.id}{owner}{members}): webhooks {len(seen.hooks)}")
    if seen.unseen:
        tell(f"unseen   there may be more webhooks in it: {seen.unseen}")
    hooks: list[HookFate] = []
    for hook in seen.hooks:
        fate = await reach.remove(hook) if wanted.removes_webhooks else hook
        why = f": {fate.why}" if fate.why else ""
        tell(f"{fate.state:<8} webhook {fate.webhook} in channel {fate.channel}{why}")
        hooks.append(fate)
    return replace(seen, hooks=tuple(hooks))


def _tell_whose(application: Application, tell: Say) -> None:
    tell(f"token    logs in as {application.name} ({application.id}); {_LIVES}")
    for name in application.addresses:
        tell(f"address  {name} is set, and the bot uses none: clear it in the developer portal")


def _tell_the_end(found: Incident, say: Say) -> None:
    if not found.has_acted:
        say(_DRY)
    for server in found.servers:
        owner = "" if server.owner is None else f"; owner {server.owner}"
        say(f"\n===== server {server.id}{owner} =====\n\n{letter_to_admins(found, server)}")
    say(f"\n===== Discord =====\n\n{letter_to_discord(found)}")


def _json(found: Incident) -> str:
    application = found.application
    told = {
        "token": "accepted",
        "application": {"id": str(application.id), "name": application.name},
        "addresses": application.addresses,
        "since": found.since or None,
        "dry_run": not found.has_acted,
        "removed": sum(
            hook.state is Fate.REMOVED for server in found.servers for hook in server.hooks
        ),
        "settled": found.is_settled,
        "servers": [_told_of(found, server) for server in found.servers],
        "letter_to_discord": letter_to_discord(found),
    }
    return json.dumps(told, ensure_ascii=False)


def _told_of(found: Incident, server: ServerReach) -> dict[str, object]:
    return {
        "id": str(server.id),
        "name": server.name,
        "owner": None if server.owner is None else str(server.owner),
        "members": server.members,
        "unseen": server.unseen or None,
        "webhooks": [
            {
                "id": str(hook.webhook),
                "channel": str(hook.channel),
                "state": hook.state,
                "why": hook.why or None,
            }
            for hook in server.hooks
        ],
        "letter": letter_to_admins(found, server),
    }
