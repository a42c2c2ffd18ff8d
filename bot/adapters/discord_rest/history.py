"""Looks in a channel for a post of which nobody knows whether it arrived."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.bodies import custom_ids
from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.webhooks import WebhookDirectory
from bot.core.errors import MessageGone, NotAllowedHere
from bot.core.marks import mark_in
from bot.core.scene import ChannelId, MessageId


class ChannelHistory:
    """Reads channels, as far as the bot may."""

    def __init__(self, rest: DiscordRest, webhooks: WebhookDirectory) -> None:
        self._rest = rest
        self._webhooks = webhooks
        self._user: str | None = None

    async def find(self, channel: ChannelId, mark: str, *, after: MessageId) -> MessageId | None:
        """The message of ours, newer than *after*, with a button that bears *mark*.

        Raises:
            Refused: there is no such channel.
            NotAllowedHere: its messages may not be read.
            NotTaken, PostAmbiguous: it cannot be read now.
        """
        newest = await self._newest(channel, after)
        found = await self._marked(newest, mark, after)
        if found is None and len(newest) == routes.MESSAGES_AT_ONCE and _oldest(newest) > after:
            # Much was said since; what we look for came soon after *after*.
            next_ones = await self._read(routes.list_messages(channel, after=after))
            found = await self._marked(next_ones, mark, after)
        return found

    async def _newest(self, channel: ChannelId, after: MessageId) -> Sequence[Mapping[str, Any]]:
        """The newest messages, if there can be any that are newer than *after*.

        A bot without Read Message History is shown an empty channel. That the
        channel names a last message proves nothing: it does so when that one was
        deleted, too. Asked for it by its id, Discord says what is the case.

        Raises:
            NotAllowedHere: they are kept from us.
        """
        newest = await self._read(routes.list_messages(channel))
        if newest:
            return newest
        last = await self._last_said(channel)
        if last is None or last <= after:
            return ()
        try:
            await self._rest.request(routes.get_message(channel, last))
        except MessageGone:
            return ()
        newest = await self._read(routes.list_messages(channel))  # it was said since we looked
        if not newest:
            raise NotAllowedHere("the messages of a channel may not be read")
        return newest

    async def _read(self, route: routes.Route) -> Sequence[Mapping[str, Any]]:
        rows = await self._rest.request(route)
        return rows if isinstance(rows, list) else ()

    async def _last_said(self, channel: ChannelId) -> MessageId | None:
        row = await self._rest.request(routes.get_channel(channel))
        last = row.get("last_message_id") if isinstance(row, Mapping) else None
        return None if last is None else MessageId(int(last))

    async def _marked(
        self, rows: Sequence[Mapping[str, Any]], mark: str, after: MessageId
    ) -> MessageId | None:
        for row in rows:
            message = MessageId(int(row["id"]))
            is_it = message > after and any(mark_in(each) == mark for each in custom_ids(row))
            if is_it and await self._is_ours(row):
                return message
        return None

    async def _is_ours(self, row: Mapping[str, Any]) -> bool:
        """Whether our bot or a webhook of ours wrote it: anybody can copy a button's id."""
        if row.get("webhook_id"):
            return str(row.get("application_id")) == str(await self._webhooks.application())
        if self._user is None:
            self._user = str((await self._rest.request(routes.our_user()))["id"])
        return str((row.get("author") or {}).get("id")) == self._user


def _oldest(rows: Sequence[Mapping[str, Any]]) -> int:
    return min(int(row["id"]) for row in rows)
