"""The bot as Discord knows it: one connection per shard, events in, nothing pinged."""

import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.core.errors import StartupError, StoreRefusesWrites, StoreUnavailable
from bot.core.ports import NoteStore
from bot.core.scene import ChannelId, GuildId, MessageId
from bot.discord_ui.actions import Actions
from bot.discord_ui.bad_events import outlive_bad_events
from bot.discord_ui.buttons import DYNAMIC_ITEMS
from bot.discord_ui.character import CharacterCog
from bot.discord_ui.character_buttons import CHARACTER_ITEMS
from bot.discord_ui.chat_files import WhoSelect
from bot.discord_ui.command_sync import sync_if_changed
from bot.discord_ui.command_words import CommandWords, WordsIn
from bot.discord_ui.consent import ConsentButton
from bot.discord_ui.continuity import Continuity, ContinuousBot
from bot.discord_ui.convert import (
    custom_ids_of,
    edit_of,
    incoming_of,
    is_age_restricted,
    is_own,
    proxied_of,
)
from bot.discord_ui.directing import ClearButton, DirectingCog
from bot.discord_ui.doctor import DoctorCog
from bot.discord_ui.error_replies import is_worth_a_line, lets_in, tell
from bot.discord_ui.gaps import Gaps
from bot.discord_ui.help import HelpCog
from bot.discord_ui.inspection import InspectionCog
from bot.discord_ui.length import LengthCog
from bot.discord_ui.lore import LoreCog
from bot.discord_ui.persona import PersonaCog
from bot.discord_ui.player_lines import DYNAMIC_ITEMS as PLAYER_LINE_ITEMS
from bot.discord_ui.player_lines import PlayerLinesCog
from bot.discord_ui.privacy import PRIVACY_ITEMS, PrivacyCog
from bot.discord_ui.report import ReportCog
from bot.discord_ui.roleplay import RoleplayCog
from bot.discord_ui.safety import SafetyCog
from bot.discord_ui.scene import SceneCog
from bot.discord_ui.settings import SettingsCog
from bot.discord_ui.shelf_buttons import SHELF_ITEMS
from bot.discord_ui.staff import note_member
from bot.discord_ui.starting import WhoPlaysSelect
from bot.discord_ui.story import StoryCog
from bot.discord_ui.story_buttons import STORY_ITEMS
from bot.discord_ui.talk import TalkCog
from bot.discord_ui.welcome import WelcomeButton, places_for_hello
from bot.services.age_watch import AgeWatch
from bot.services.catch_up import CatchUp
from bot.services.departures import Departures
from bot.services.mirror import Mirror
from bot.services.welcome import Welcome

log = logging.getLogger(__name__)

EXIT_UNREACHABLE = 69
EXIT_CONFIG = 78

ALL_GUILDS_AFTER_S = 0.5
"""So long without a new guild there are no more; only delays `on_ready`."""

_REFUSED = (
    "Discord does not accept the token. Copy it anew from the developer portal "
    "(your application, page Bot, Reset Token) into BOT_DISCORD__TOKEN."
)
_FINAL = {
    4004: _REFUSED,
    4010: "Discord knows no such shard: start the bot again, and it asks for the right number.",
    4011: "The bot has come into so many servers that Discord asks for more shards: "
    "start it again, and it will have them.",
    4012: "Discord does not speak this version of its API any more: update the bot.",
    4013: "Discord does not know the intents that this version of the bot asks for: update it.",
}
"""What to do about the close codes after which no attempt can succeed. 4014 is discord.py's."""

_INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


def use_discord_at(api_url: str, gateway_url: str | None) -> None:
    """Point discord.py at an API of this address: a REST proxy or a local Discord.

    discord.py keeps both as class attributes, so this holds for the process.
    """
    Route.BASE = api_url.rstrip("/")
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we do not speak
    if gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)


class Tree(app_commands.CommandTree["RoleplayBot"]):
    """Slash commands; whatever goes wrong is said to the member who asked."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Note that one is being answered, and who asked; tell who may not be answered."""
        self.client.answers.note()
        note_member(self.client.actions.personas.staff, interaction.user)
        return await lets_in(interaction)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        await tell(interaction, error)


@dataclass(frozen=True, slots=True)
class Events:
    """The services that Discord's events go to."""

    mirror: Mirror
    departures: Departures
    catch_up: CatchUp
    gaps: Gaps
    ages: AgeWatch
    welcome: Welcome


class RoleplayBot(ContinuousBot):
    """Hands Discord's events to the services."""

    def __init__(
        self,
        *,
        actions: Actions,
        events: Events,
        notes: NoteStore,
        on_first_ready: Callable[[], Awaitable[None]],
        on_own_message: Callable[[ChannelId, MessageId, Sequence[str]], Awaitable[None]],
        on_answers: aiohttp.TraceConfig,
        continuity: Continuity,
        words_in: WordsIn,
    ) -> None:
        """Set up.

        Args:
            on_own_message: told of each message of ours, with the ids of its buttons.
            on_answers: hears what Discord answers to discord.py's own requests.
            words_in: our words in the languages of members.
        """
        super().__init__(
            continuity,
            on_first_ready=on_first_ready,
            command_prefix=commands.when_mentioned,
            tree_cls=Tree,
            help_command=None,
            intents=_INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            http_trace=on_answers,
            guild_ready_timeout=ALL_GUILDS_AFTER_S,
        )
        logging.getLogger(app_commands.tree.__name__).addFilter(is_worth_a_line)
        outlive_bad_events(self)
        self.actions = actions
        self.words_in = words_in
        self._events = events
        self._notes = notes
        self._on_own_message = on_own_message

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*DYNAMIC_ITEMS, *STORY_ITEMS, *PLAYER_LINE_ITEMS, ClearButton)
        self.add_dynamic_items(*SHELF_ITEMS, WhoSelect, *CHARACTER_ITEMS, WhoPlaysSelect)
        self.add_dynamic_items(WelcomeButton)
        self.add_dynamic_items(*PRIVACY_ITEMS, ConsentButton)
        await self.add_cog(RoleplayCog(self.actions))
        await self.add_cog(LengthCog(self.actions))
        await self.add_cog(SceneCog(self.actions))
        await self.add_cog(InspectionCog(self, self.actions))
        await self.add_cog(DirectingCog(self.actions))
        await self.add_cog(PlayerLinesCog(self.actions))
        await self.add_cog(StoryCog(self))
        await self.add_cog(TalkCog(self.actions))
        await self.add_cog(PersonaCog(self.actions))
        await self.add_cog(CharacterCog(self.actions))
        await self.add_cog(LoreCog(self.actions))
        await self.add_cog(SettingsCog(self.actions))
        await self.add_cog(DoctorCog(self.actions))
        await self.add_cog(HelpCog(self.actions))
        await self.tree.set_translator(CommandWords(self.words_in))
        await self.add_cog(PrivacyCog(self.actions))
        await self.add_cog(SafetyCog(self.actions))
        await self.add_cog(ReportCog(self.actions))
        try:
            sent = await sync_if_changed(self.tree, self._notes, self.application_id or 0)
        except discord.HTTPException as error:
            log.warning("commands were not synced", extra={"status": error.status})
        except (StoreUnavailable, StoreRefusesWrites) as error:
            facts = {"error": type(error).__name__}
            log.warning("nobody remembers whether commands were synced", extra=facts)
        else:
            log.info("commands synced" if sent else "commands are as they were")
        try:
            # The connection comes next: what is heard from then on says nothing
            # of how far the scenes were followed.
            await self._events.catch_up.prepare()
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("what was missed is known later", extra={"error": type(error).__name__})

    async def on_ready(self) -> None:
        log.info("ready", extra={"guilds": len(self.guilds)})

    async def on_shard_connect(self, shard: int) -> None:
        if self._was_ready:  # what was missed before is looked up by the first start
            self._events.gaps.session_begins(shard)

    async def on_message(self, message: discord.Message, /) -> None:
        # No text commands: process_commands is not called.
        if self.user is None:
            return
        bot_user, application = self.user.id, self.application_id or 0
        channel = ChannelId(message.channel.id)
        self._events.gaps.heard(message.guild.shard_id if message.guild else 0, message.id)
        if is_own(message, bot_user=bot_user, application=application):
            await self._on_own_message(channel, MessageId(message.id), custom_ids_of(message))
        else:
            note_member(self.actions.personas.staff, message.author)
        about = self._about(bot_user)
        incoming = incoming_of(message, **about)
        proxied = proxied_of(message, **about)
        if incoming is not None:
            await self._events.mirror.heard(incoming)
        elif proxied is not None:
            await self._events.mirror.posted(proxied)
        else:
            self._events.mirror.passed(channel, MessageId(message.id))

    def _about(self, bot_user: int) -> dict[str, Any]:
        """What has to be known to read a message."""
        unnamed = self.actions.privacy.refusals
        return {"bot_user": bot_user, "application": self.application_id or 0, "unnamed": unnamed}

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        if self.user is None:
            return
        about = self._about(self.user.id)
        edit = edit_of(event.message, **about)
        if edit is not None:
            line = incoming_of(event.message, **about)
            await self._events.mirror.edited(ChannelId(event.channel_id), edit, line)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self._events.mirror.deleted(
            ChannelId(event.channel_id), [MessageId(event.message_id)]
        )

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        await self._events.mirror.deleted(
            ChannelId(event.channel_id), [MessageId(each) for each in sorted(event.message_ids)]
        )

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if is_age_restricted(before) != is_age_restricted(after):
            await self._events.ages.changed(GuildId(after.guild.id), ChannelId(after.id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._events.departures.channel_deleted(
            ChannelId(channel.id), GuildId(channel.guild.id)
        )

    async def on_missed_channel_delete(self, channel_id: int, guild_id: int) -> None:
        await self._events.departures.channel_deleted(ChannelId(channel_id), GuildId(guild_id))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        await self._events.departures.thread_deleted(ChannelId(event.thread_id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._events.departures.left(GuildId(guild.id))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._events.departures.joined(GuildId(guild.id))
        words = self.words_in(guild.preferred_locale.value)
        await self._events.welcome.joined(GuildId(guild.id), places_for_hello(guild), words)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self._events.gaps.guild_is_lost(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        if self._was_ready:
            self._events.gaps.guild_is_back(guild)
            self._events.catch_up.guild_is_back(GuildId(guild.id))

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        # The default prints to stderr; the arguments hold what people wrote.
        error = sys.exc_info()[1]
        if isinstance(error, StoreUnavailable | StoreRefusesWrites):
            log.warning("an event was not stored", extra={"event": event_method})
        else:
            log.error("an event failed", extra={"event": event_method}, exc_info=error)


async def run_until_closed(bot: ContinuousBot, token: str) -> None:
    """Log in and stay until the bot is closed.

    Raises:
        StartupError: the token or the intents are wrong, or Discord is out of reach.
    """
    # Left open, its session would be complained about behind our own sentence.
    async with bot:
        await _log_in(bot, token)
        async with bot.keeping():
            await _stay(bot)


async def _log_in(bot: ContinuousBot, token: str) -> None:
    try:
        await bot.login(token)
    except discord.LoginFailure:
        raise StartupError(_REFUSED, exit_code=EXIT_CONFIG) from None
    except (aiohttp.ClientError, discord.HTTPException, OSError) as error:
        raise _unreachable(error) from None


async def _stay(bot: ContinuousBot) -> None:
    try:
        await bot.connect(reconnect=True)
    except discord.PrivilegedIntentsRequired:
        raise StartupError(
            "Discord refused the Message Content intent. Switch on “Message Content Intent” in "
            "the developer portal (your application, page Bot, Privileged Gateway Intents).",
            exit_code=EXIT_CONFIG,
        ) from None
    except discord.ConnectionClosed as error:
        why = _FINAL.get(error.code, "Discord closed the connection for good.")
        raise StartupError(f"{why} (Close code {error.code}.)", exit_code=EXIT_CONFIG) from None
    except (aiohttp.ClientError, discord.GatewayNotFound, OSError) as error:
        raise _unreachable(error) from None


def _unreachable(error: Exception) -> StartupError:
    return StartupError(
        f"Discord cannot be reached at {Route.BASE} ({type(error).__name__}). "
        "Check the network and try again.",
        exit_code=EXIT_UNREACHABLE,
    )
