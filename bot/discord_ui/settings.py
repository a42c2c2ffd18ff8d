"""`/settings`: where I speak in a server, with whom, and how; its admins' matter."""

from collections.abc import Callable, Iterator

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import UserError
from bot.core.guild_rules import KEEP_DAYS, ChannelRule, GuildRules, RoleId
from bot.core.phrases import Paragraphs, phrase
from bot.core.rights import Action
from bot.core.scene import ChannelId, GuildId, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.wording import say

TOLD_CHARACTERS = 1_900
AnyChannel = discord.TextChannel | discord.VoiceChannel | discord.ForumChannel | discord.Thread


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class SettingsCog(
    commands.GroupCog, group_name="settings", group_description="Where I speak here, and with whom"
):
    """Answers are ephemeral."""

    channels = app_commands.Group(name="channels", description="Where I may be played with")
    roles = app_commands.Group(name="roles", description="Whose members reach me")
    members = app_commands.Group(name="members", description="Who does not reach me")

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what is settled in this server."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.SEE_SETTINGS, None)
        guild = _guild(interaction)
        await self._tell(interaction, await self._actions.guild_desk.rules(guild))

    @channels.command(name="allow")
    @app_commands.describe(channel="This one if you name none")
    async def channels_allow(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        """Let members start scenes in a channel and its threads, and in no other."""
        await self._settle_channel(interaction, channel, ChannelRule.ALLOWED)

    @channels.command(name="deny")
    @app_commands.describe(channel="This one if you name none")
    async def channels_deny(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        """Switch me off in a channel and its threads."""
        await self._settle_channel(interaction, channel, ChannelRule.DENIED)

    @channels.command(name="clear")
    @app_commands.describe(channel="This one if you name none")
    async def channels_clear(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        """Settle nothing of a channel."""
        await self._settle_channel(interaction, channel, None)

    @roles.command(name="allow")
    async def roles_allow(self, interaction: discord.Interaction, role: discord.Role) -> None:
        """Let members with this role reach me, and no others but those of further ones."""
        await self._settle(
            interaction, lambda rules: rules.with_role(RoleId(role.id), lets_in=True)
        )

    @roles.command(name="deny")
    async def roles_deny(self, interaction: discord.Interaction, role: discord.Role) -> None:
        """Neither hear nor answer members with this role."""
        await self._settle(
            interaction, lambda rules: rules.with_role(RoleId(role.id), lets_in=False)
        )

    @roles.command(name="clear")
    async def roles_clear(self, interaction: discord.Interaction, role: discord.Role) -> None:
        """Settle nothing of a role."""
        await self._settle(
            interaction, lambda rules: rules.with_role(RoleId(role.id), lets_in=None)
        )

    @members.command(name="block")
    async def members_block(self, interaction: discord.Interaction, member: discord.User) -> None:
        """Neither hear nor answer a member."""
        key = UserId(member.id)
        await self._settle(interaction, lambda rules: rules.with_block(key, blocked=True))

    @members.command(name="unblock")
    async def members_unblock(self, interaction: discord.Interaction, member: discord.User) -> None:
        """Hear and answer a member again."""
        key = UserId(member.id)
        await self._settle(interaction, lambda rules: rules.with_block(key, blocked=False))

    @app_commands.command()
    @app_commands.describe(role="Whose members may settle all this, too; nobody if you name none")
    async def manager(
        self, interaction: discord.Interaction, role: discord.Role | None = None
    ) -> None:
        """Choose a role whose members manage me as the server's admins do."""
        chosen = None if role is None else RoleId(role.id)
        if role is not None and role.is_default():
            raise UserError(phrase("Everybody has that role. Choose another one."))
        await self._settle(interaction, lambda rules: rules.managed_by(chosen))

    @app_commands.command()
    @app_commands.describe(days="Days of silence; leave it out for the host's usual time")
    async def retention(
        self,
        interaction: discord.Interaction,
        days: app_commands.Range[int, KEEP_DAYS.start, KEEP_DAYS.stop - 1] | None = None,
    ) -> None:
        """Choose after how many days of silence a story is forgotten."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.CHANGE_SETTINGS, None)
        retention = self._actions.privacy.retention
        await self._tell(interaction, await retention.settle(_guild(interaction), days))

    @app_commands.command()
    @app_commands.describe(keep="Whether links that a character writes can be clicked")
    async def links(self, interaction: discord.Interaction, keep: bool) -> None:  # noqa: FBT001  # Discord's option
        """Choose what becomes of links in replies."""
        await self._settle(interaction, lambda rules: rules.with_links(keep=keep))

    async def _settle_channel(
        self,
        interaction: discord.Interaction,
        channel: AnyChannel | None,
        rule: ChannelRule | None,
    ) -> None:
        key = interaction.channel_id if channel is None else channel.id
        if key is None:
            raise UserError(phrase("Name a channel."))
        await self._settle(interaction, lambda rules: rules.with_channel(ChannelId(key), rule))

    async def _settle(
        self, interaction: discord.Interaction, wish: Callable[[GuildRules], GuildRules]
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.CHANGE_SETTINGS, None)
        await self._tell(
            interaction, await self._actions.guild_desk.change(_guild(interaction), wish)
        )

    async def _tell(self, interaction: discord.Interaction, rules: GuildRules) -> None:
        lines: list[str] = [*_lines(rules)]
        while len("\n".join(lines)) > TOLD_CHARACTERS:
            lines = [*lines[: len(lines) * 3 // 4], phrase("… and more.")]
        await say(interaction, Paragraphs(lines))


def _guild(interaction: discord.Interaction) -> GuildId:
    if interaction.guild_id is None:
        raise UserError(phrase("That is settled in servers only."))
    return GuildId(interaction.guild_id)


def _settled(channel: ChannelId, rule: ChannelRule) -> str:
    if rule is ChannelRule.DENIED:
        return phrase("<#{channel}> is switched off.", channel=channel)
    if rule is ChannelRule.ALLOWED:
        return phrase("<#{channel}> is allowed.", channel=channel)
    return phrase(
        "<#{channel}> is allowed, because an admin has started a scene there.", channel=channel
    )


def _lines(rules: GuildRules) -> Iterator[str]:
    if rules == GuildRules():
        yield phrase("Nothing is settled here.")
    for channel, rule in sorted(rules.channels.items()):
        yield _settled(channel, rule)
    if ChannelRule.ALLOWED in rules.channels.values():
        yield phrase("Elsewhere, only who may manage the server starts scenes.")
    for role, lets_in in sorted(rules.roles.items()):
        yield (
            phrase("<@&{role}> reaches me.", role=role)
            if lets_in
            else phrase("<@&{role}> does not reach me.", role=role)
        )
    if any(rules.roles.values()):
        yield phrase("Who has none of the roles that reach me does not.")
    if rules.manager_role is not None:
        yield phrase(
            "<@&{manager_role}> may settle all this, too.", manager_role=rules.manager_role
        )
    for user in sorted(rules.blocked):
        yield phrase("<@{user}> is blocked.", user=user)
    if rules.keep_days is not None:
        yield phrase(
            "A story is forgotten after {keep_days} days of silence.", keep_days=rules.keep_days
        )
    if rules.has_links:
        yield phrase("Links in replies can be clicked.")
