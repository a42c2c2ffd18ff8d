"""A token that got out: what it reaches, and what those whom it concerns are told of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What has become of a webhook."""

    FOUND = "found"
    REMOVED = "removed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class HookFate:
    """A webhook of the application's, without its key.

    Attributes:
        why: it was left.
    """

    webhook: int
    channel: int
    state: Fate = Fate.FOUND
    why: str = ""


@dataclass(frozen=True, slots=True)
class ServerReach:
    """A server that the bot is in.

    Attributes:
        owner, members: None if Discord did not say; the latter is roughly so many.
        unseen: why there may be webhooks that were not found; empty if there are none.
    """

    id: int
    name: str
    owner: int | None = None
    members: int | None = None
    hooks: tuple[HookFate, ...] = ()
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """Whose token it is.

    Attributes:
        addresses: settings by which Discord sends what concerns the bot elsewhere, if set.
    """

    id: int
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything that is known.

    Attributes:
        since: when the token got out, in words; empty if nobody knows.
        has_acted: webhooks were to be removed, not only found.
    """

    application: Application
    since: str
    servers: tuple[ServerReach, ...]
    has_acted: bool

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left that somebody has to do by hand."""
        kept = any(hook.state is Fate.LEFT for server in self.servers for hook in server.hooks)
        unseen = any(server.unseen for server in self.servers)
        return not (kept or unseen or self.application.addresses)


_TO_ADMINS = """\
To whoever manages “{server}”:

The access token of the bot “{bot}” was in other hands {since}. It has been replaced. Until then
whoever had it could act as the bot on your server:
- read every channel that the bot can see, also what was written there before, and private messages
  to the bot;
- post as the bot, and under its characters' names;
- do whatever else its role allows (Server Settings → Roles).
It opens no member's account, and not the stories that the bot has stored.

{webhooks}

Please look through Server Settings → Audit Log for what the bot did in that time, delete posts
that are not its own, and tell your members, above all where they wrote private things."""

_TO_DISCORD = """\
To Discord (https://dis.gd/contact):

The bot token of our application “{bot}” (id {id}) was in other hands {since}. It has been reset.
The bot is in {servers}, with about {members} together. With the token one could read the channels
that the bot sees there and private messages to the bot, and act as the bot.
{webhooks}
We tell the servers' owners.
How it happened: [write here how the token got out, and how you noticed]"""


def letter_to_admins(incident: Incident, server: ServerReach) -> str:
    """What whoever manages *server* is told."""
    return _TO_ADMINS.format(
        server=server.name,
        bot=incident.application.name,
        since=_since(incident),
        webhooks=_of_webhooks(incident, [server]),
    )


def letter_to_discord(incident: Incident) -> str:
    """What Discord is told."""
    members = sum(server.members or 0 for server in incident.servers)
    return _TO_DISCORD.format(
        bot=incident.application.name,
        id=incident.application.id,
        since=_since(incident),
        servers=_so_many(len(incident.servers), "server"),
        members=_so_many(members, "member"),
        webhooks=_of_webhooks(incident, incident.servers),
    )


def _since(incident: Incident) -> str:
    if incident.since:
        return f"from {incident.since} until it was reset"
    return "for a time whose beginning we do not know"


def _of_webhooks(incident: Incident, servers: Sequence[ServerReach]) -> str:
    hooks = [hook for server in servers for hook in server.hooks]
    left = sum(hook.state is Fate.LEFT for hook in hooks)
    told: list[str] = []
    if len(hooks) > left:
        done = "have been removed" if incident.has_acted else "are going to be removed"
        told.append(
            f"Its webhooks, whose addresses could be read with the token, {done}: "
            f"{_so_many(len(hooks) - left, 'webhook')} in {_channels(hooks)}. It makes new ones "
            "by itself."
        )
    by_hand = "has to be removed by hand under Server Settings → Integrations → Webhooks."
    if left:
        told.append(f"{_so_many(left, 'webhook')} could not be removed; what is left {by_hand}")
    elif any(server.unseen for server in servers):
        told.append(f"It cannot see all webhooks; what is left of its own {by_hand}")
    return " ".join(told) or "It had no webhooks that could be used further."


def _channels(hooks: Iterable[HookFate]) -> str:
    taken = {hook.channel for hook in hooks if hook.state is not Fate.LEFT}
    return _so_many(len(taken), "channel")


def _so_many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
