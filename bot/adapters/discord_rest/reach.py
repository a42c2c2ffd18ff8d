"""What a bot's token reaches: its servers, and the webhooks there, which can be removed.

Whoever has read a webhook's address can post by it for as long as the webhook is
there, whatever has become of the token.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.refusals import UNKNOWN_WEBHOOK, NotTaken, Refused
from bot.core.errors import NotAllowedHere, PostError
from bot.core.incident import Application, Fate, HookFate, ServerReach
from bot.core.plain_text import shortened
from bot.core.scene import ChannelId, GuildId

MANAGE_WEBHOOKS = 1 << 29
NAME_CHARACTERS = 100
_ADDRESSES = (
    "interactions_endpoint_url",
    "role_connections_verification_url",
    "event_webhooks_url",
)
"""By which Discord sends elsewhere what is the bot's to hear. We use none of them."""


class TokenReach:
    """Looks at what is the token's, one request after the other."""

    def __init__(
        self, rest: DiscordRest, *, redacted: Callable[[str], str] = lambda text: text
    ) -> None:
        """Borrow *rest*.

        Args:
            redacted: takes secrets out of what others have named.
        """
        self._rest = rest
        self._redacted = redacted

    async def application(self) -> Application:
        """Whose token it is.

        Raises:
            Refused: nobody's; its status is 401.
            PostError: Discord cannot be asked now.
        """
        row = await self._rest.request(routes.application())
        addresses = tuple(name for name in _ADDRESSES if row.get(name))
        return Application(int(row["id"]), self._name(row), addresses)

    async def servers(self) -> AsyncGenerator[ServerReach, None]:
        """The servers that the bot is in, by id and name alone.

        Raises:
            PostError: Discord cannot be asked now.
        """
        after = 0
        while True:
            rows = await self._rest.request(routes.our_guilds(after=GuildId(after))) or []
            for row in rows:
                yield ServerReach(int(row["id"]), self._name(row))
            if len(rows) < routes.GUILDS_AT_ONCE:
                return
            after = max(int(row["id"]) for row in rows)

    async def look(self, server: ServerReach, application: int) -> ServerReach:
        """*server* with its owner, and the webhooks of *application*. Never raises `PostError`."""
        try:
            row = await self._rest.request(routes.get_guild(GuildId(server.id)))
            members = row.get("approximate_member_count")
            server = replace(server, owner=int(row["owner_id"]), members=members)
            rows, unseen = await self._webhooks(GuildId(server.id))
        except PostError as error:
            return replace(server, unseen=_why(error))
        ours = [row for row in rows if str(row.get("application_id")) == str(application)]
        hooks = tuple(HookFate(int(row["id"]), int(row.get("channel_id") or 0)) for row in ours)
        return replace(server, hooks=hooks, unseen=unseen)

    async def remove(self, hook: HookFate) -> HookFate:
        """Take *hook* away. One that is gone already is fine; never raises `PostError`."""
        try:
            await self._rest.request(routes.delete_webhook(hook.webhook))
        except Refused as refused:
            if refused.code != UNKNOWN_WEBHOOK:
                return replace(hook, state=Fate.LEFT, why=_why(refused))
        except PostError as error:
            return replace(hook, state=Fate.LEFT, why=_why(error))
        return replace(hook, state=Fate.REMOVED)

    async def _webhooks(self, guild: GuildId) -> tuple[list[Any], str]:
        try:
            return await self._rest.request(routes.guild_webhooks(guild)) or [], ""
        except NotAllowedHere as error:
            unseen = _why(error)
        # The right may be given in single channels. Where it is not, asking would only
        # count against us.
        found: list[Any] = []
        for channel in await self._rest.request(routes.guild_channels(guild)) or []:
            if not any(_allows(row) for row in channel.get("permission_overwrites") or ()):
                continue
            route = routes.list_webhooks(ChannelId(int(channel["id"])))
            with suppress(PostError):  # it is said of the whole server that not all was seen
                found += await self._rest.request(route) or []
        return found, unseen

    def _name(self, row: Any) -> str:
        return self._redacted(shortened(str(row.get("name") or ""), NAME_CHARACTERS))


def _allows(overwrite: Any) -> bool:
    return bool(int(overwrite.get("allow") or 0) & MANAGE_WEBHOOKS)


def _why(error: PostError) -> str:
    match error:
        case NotAllowedHere():
            return "the bot lacks Manage Webhooks"
        case Refused():
            return f"Discord refused with {error.status}, code {error.code}"
        case NotTaken():
            return "Discord cannot be reached, or limits us for long: ask again"
        case _:
            return "Discord did not answer: ask again"
