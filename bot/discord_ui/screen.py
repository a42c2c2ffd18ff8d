"""`Screen` on discord.py: what stands in a channel, read over REST and at a pace.

Texts are what the event of a message's creation or edit gives: both go through
`convert`. Over REST Discord leaves out by which name somebody goes in a guild,
so those whose words are new to us are asked for.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Container, Sequence
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.core.errors import ChannelGone, ScreenError, ScreenRefused
from bot.core.scene import GuildId, MessageId, Place
from bot.discord_ui.convert import is_age_restricted, shown_of
from bot.services.recent import Recent
from bot.services.screen import PAGE, Shown

REQUESTS_PER_S = 10.0
WITHIN_S = 15.0
NAMES_PER_PAGE = 10
"""People who are asked for; the others go by the name they have everywhere."""
NAMES_KEPT = 1_000
NAME_FRESH_S = 300.0

_UNKNOWN_MESSAGE = 10008


class DiscordScreen:
    """Reads through a client, which it is given once there is one.

    Args:
        within_s: how long Discord may take for one answer.
        unnamed: users whose names no text has.
    """

    def __init__(
        self,
        *,
        requests_per_s: float = REQUESTS_PER_S,
        within_s: float = WITHIN_S,
        unnamed: Container[int] = (),
    ) -> None:
        self._unnamed = unnamed
        self._client: discord.Client | None = None
        self._every_s = 1.0 / requests_per_s
        self._within_s = within_s
        self._free_at_s = 0.0
        self._people: Recent[tuple[int, int], tuple[float, discord.User | discord.Member]]
        self._people = Recent(NAMES_KEPT)

    def use(self, client: discord.Client) -> None:
        """Read through *client*."""
        self._client = client

    def guilds(self) -> Collection[GuildId]:
        guilds = self._client.guilds if self._client is not None else ()
        return frozenset(GuildId(guild.id) for guild in guilds)

    def is_in_reach(self, place: Place) -> bool:
        if place.guild is None:
            return True
        guild = self._guild(place)
        return guild is not None and not guild.unavailable

    def newest(self, place: Place) -> MessageId | None:
        channel = self._channel(place)
        if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
            return None
        return MessageId(channel.last_message_id) if channel.last_message_id else None

    def is_age_restricted(self, place: Place) -> bool | None:
        """Whether *place* is, a thread by its parent; None if its channel is not known."""
        if place.guild is None:
            return False
        guild, channel = self._guild(place), place.parent or place.channel
        found = None if guild is None else guild.get_channel(channel)
        return None if found is None else is_age_restricted(found)

    def language_of(self, place: Place) -> str:
        """Discord's locale of the server; empty in direct messages, and where it is not known."""
        guild = self._guild(place)
        return "" if guild is None else guild.preferred_locale.value

    async def page(
        self,
        place: Place,
        *,
        before: MessageId | None = None,
        most: int = PAGE,
        known: Collection[MessageId] = (),
    ) -> Sequence[Shown]:
        client = self._connected()
        self._require_rights(place)
        channel = client.get_partial_messageable(place.channel, guild_id=place.guild)
        right_before = None if before is None else discord.Object(before)
        async with self._asking():
            found = [each async for each in channel.history(limit=most, before=right_before)]
        found.reverse()
        await self._name_people(place, [each for each in found if _is_new(each, known)])
        me = client.user.id if client.user is not None else 0
        application = client.application_id or 0
        return [
            shown_of(place, each, bot_user=me, application=application, unnamed=self._unnamed)
            for each in found
        ]

    async def shows(self, place: Place, message: MessageId) -> bool:
        self._require_rights(place)
        channel = self._connected().get_partial_messageable(place.channel, guild_id=place.guild)
        async with self._asking():
            try:
                await channel.fetch_message(message)
            except discord.NotFound as error:
                if error.code != _UNKNOWN_MESSAGE:
                    raise
                return False
        return True

    def _connected(self) -> discord.Client:
        if self._client is None:
            raise ScreenError("Discord is not connected.")
        return self._client

    def _channel(self, place: Place) -> discord.abc.GuildChannel | discord.Thread | None:
        guild = self._guild(place)
        return None if guild is None else guild.get_channel_or_thread(place.channel)

    def _guild(self, place: Place) -> discord.Guild | None:
        if place.guild is None or self._client is None:
            return None
        return self._client.get_guild(place.guild)

    def _require_rights(self, place: Place) -> None:
        """Raise ScreenRefused where Discord would show an empty channel, or refuse."""
        channel = self._channel(place)
        if channel is None or channel.guild.me is None:
            return
        try:
            granted = channel.permissions_for(channel.guild.me)
        except discord.ClientException:
            return  # the channel of a thread is not known: Discord will say
        if not (granted.view_channel and granted.read_message_history):
            raise ScreenRefused("The bot may not read this channel's history.")

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[None, None]:
        """One request in the block, when its turn has come; Discord's errors become ours."""
        client = self._connected()
        loop = asyncio.get_running_loop()
        turn_s = max(loop.time(), self._free_at_s)
        self._free_at_s = turn_s + self._every_s
        await asyncio.sleep(turn_s - loop.time())
        try:
            async with asyncio.timeout(self._within_s):
                yield
        except discord.NotFound as error:
            raise ChannelGone("There is no such channel.") from error
        except discord.Forbidden as error:
            raise ScreenRefused("The bot may not read this channel.") from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise ScreenError("Discord did not answer.") from error
        except RuntimeError as error:
            if not client.is_closed():
                raise
            raise ScreenError("Discord is not connected any more.") from error

    async def _name_people(self, place: Place, messages: Sequence[discord.Message]) -> None:
        guild = self._guild(place)
        if guild is None:
            return
        people = {user.id: user for each in messages for user in (each.author, *each.mentions)}
        named = {
            user.id: await self._by_name(guild, user)
            for user in list(people.values())[:NAMES_PER_PAGE]
        }
        for each in messages:
            each.author = named.get(each.author.id, each.author)
            each.mentions = [named.get(user.id, user) for user in each.mentions]

    async def _by_name(
        self, guild: discord.Guild, user: discord.User | discord.Member
    ) -> discord.User | discord.Member:
        if isinstance(user, discord.Member):
            return user
        now_s = asyncio.get_running_loop().time()
        known = self._people.get((guild.id, user.id))
        if known is not None and now_s - known[0] < NAME_FRESH_S:
            return known[1]
        found: discord.User | discord.Member = user
        try:
            async with self._asking():
                found = await guild.fetch_member(user.id)
        except ScreenError:
            pass  # who has left goes by the name they have everywhere
        self._people.set((guild.id, user.id), (now_s, found))
        return found


def _is_new(message: discord.Message, known: Collection[MessageId]) -> bool:
    is_members = not message.author.bot and message.webhook_id is None
    return is_members and (message.id not in known or message.edited_at is not None)
