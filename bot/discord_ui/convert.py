"""Discord's objects become our values; the only module that knows both."""

from collections.abc import Container, Sequence
from datetime import datetime

import discord
from discord.utils import escape_mentions

from bot.core.guild_rules import RoleId
from bot.core.names import without_name
from bot.core.ports import ThreadHome, ThreadKind
from bot.core.privacy import SOMEBODY
from bot.core.rights import Member
from bot.core.roster import Viewer
from bot.core.scene import ChannelId, GuildId, MessageId, Place, UserId
from bot.core.why import Said
from bot.services.guild_desk import Standing
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.reply_buttons import line_to_retry
from bot.services.screen import Shown


def milliseconds(moment: datetime) -> int:
    """Unix time in milliseconds."""
    return round(moment.timestamp() * 1000)


def place_of(channel: object, guild_id: int | None) -> Place | None:
    """Where a scene in *channel* plays; None where none can (a category, a stage)."""
    match channel:
        case discord.Thread():
            return Place(ChannelId(channel.id), _guild(guild_id), ChannelId(channel.parent_id))
        case discord.TextChannel() | discord.VoiceChannel():
            own = ChannelId(channel.id)
            return Place(own, _guild(guild_id), own)
        case discord.DMChannel():
            return Place(ChannelId(channel.id), None, None)
        case discord.PartialMessageable() if channel.type is discord.ChannelType.private:
            return Place(ChannelId(channel.id), None, None)
        case _:
            return None


def thread_home_of(channel: object, guild_id: int | None) -> ThreadHome | None:
    """Where a thread beside *channel* would be started; None where there can be none."""
    if isinstance(channel, discord.Thread):
        channel = channel.parent
    if guild_id is None or not isinstance(channel, discord.TextChannel | discord.ForumChannel):
        return None
    kind = ThreadKind.FORUM if isinstance(channel, discord.ForumChannel) else ThreadKind.TEXT
    if isinstance(channel, discord.TextChannel) and channel.is_news():
        kind = ThreadKind.NEWS
    return ThreadHome(ChannelId(channel.id), GuildId(guild_id), kind)


def is_age_restricted(channel: object) -> bool:
    """Whether adult content may appear; a thread takes its parent's flag, a DM never may."""
    if isinstance(channel, discord.Thread):
        channel = channel.parent
    if isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.ForumChannel):
        return channel.is_nsfw()
    return False


def member_of(interaction: discord.Interaction, standing: Standing) -> Member:
    """What the person behind *interaction* may do in its channel."""
    granted, user = interaction.permissions, interaction.user
    if interaction.guild_id is None:
        return Member(UserId(user.id), can_write=True, can_moderate=True)
    in_thread = isinstance(interaction.channel, discord.Thread)
    may_write = granted.send_messages_in_threads if in_thread else granted.send_messages
    in_time_out = isinstance(user, discord.Member) and user.is_timed_out()
    return Member(
        UserId(user.id),
        can_write=may_write and not in_time_out,
        can_moderate=granted.manage_messages or standing.can_administer,
        can_administer=standing.can_administer and not in_time_out,
        can_start=standing.can_start,
        barred=standing.barred,
    )


def roles_of(user: discord.User | discord.Member) -> frozenset[RoleId] | None:
    """The roles of a member; None where Discord does not say."""
    if not isinstance(user, discord.Member):
        return None
    return frozenset(RoleId(role.id) for role in user.roles)


def viewer_of(interaction: discord.Interaction) -> Viewer:
    """Whose characters the person behind *interaction* may choose from."""
    return Viewer(UserId(interaction.user.id), _guild(interaction.guild_id))


def incoming_of(
    message: discord.Message, *, bot_user: int, application: int, unnamed: Container[int] = ()
) -> Incoming | None:
    """A member's message as the pipeline takes it; None for bots, webhooks and system lines.

    Args:
        unnamed: users whose names no text has, here and below.
    """
    place = place_of(message.channel, message.guild.id if message.guild else None)
    if place is None or not _is_members(message):
        return None
    return _incoming(place, message, bot_user, application, unnamed=unnamed)


def proxied_of(
    message: discord.Message, *, bot_user: int, application: int, unnamed: Container[int] = ()
) -> Proxied | None:
    """What somebody else's webhook has posted as members write; None for all else."""
    place = place_of(message.channel, message.guild.id if message.guild else None)
    return (
        None if place is None else _proxied(place, message, bot_user, application, unnamed=unnamed)
    )


def edit_of(
    message: discord.Message, *, bot_user: int, application: int, unnamed: Container[int] = ()
) -> Edit | None:
    """The new text of a member's message, of a webhook's, or of ours; None if it has none.

    What Discord adds by itself, such as the preview of a link, is no edit. Others'
    webhooks may have posted it for a member.
    """
    is_ours = is_own(message, bot_user=bot_user, application=application)
    is_foreign = _is_foreign(message, bot_user=bot_user, application=application)
    if message.edited_at is None or not (is_ours or is_foreign or _is_members(message)):
        return None
    text = _own_text(message) if is_ours else _said(message, unnamed)
    return Edit(MessageId(message.id), text, milliseconds(message.edited_at), is_ours=is_ours)


def shown_of(
    place: Place,
    message: discord.Message,
    *,
    bot_user: int,
    application: int,
    unnamed: Container[int] = (),
) -> Shown:
    """A message as it was read in the channel at *place*."""
    is_ours = is_own(message, bot_user=bot_user, application=application)
    line = None
    if not is_ours and _is_members(message):
        line = _incoming(place, message, bot_user, application, unnamed=unnamed)
    return Shown(
        message=MessageId(message.id),
        text=_own_text(message) if is_ours else _said(message, unnamed),
        at_ms=milliseconds(message.created_at),
        edited_ms=_edited_ms(message),
        line=line,
        posted=_proxied(place, message, bot_user, application, unnamed=unnamed),
        is_ours=is_ours,
        is_literal=is_ours or message.clean_content == escape_mentions(message.content),
        offers=line_to_retry(custom_ids_of(message)) if is_ours else None,
    )


def _incoming(
    place: Place,
    message: discord.Message,
    bot_user: int,
    application: int,
    *,
    unnamed: Container[int],
) -> Incoming:
    return Incoming(
        place=place,
        message=MessageId(message.id),
        author=UserId(message.author.id),
        name=message.author.display_name,
        text=_said(message, unnamed),
        mentions_bot=any(user.id == bot_user for user in message.mentions),
        replies_to_character=_is_ours(message.reference, bot_user, application),
        at_ms=milliseconds(message.created_at),
        edited_ms=_edited_ms(message),
        replies_to=_replies_to(message),
        roles=roles_of(message.author),
        is_admin=isinstance(message.author, discord.Member)
        and message.author.guild_permissions.manage_guild,
    )


def _proxied(
    place: Place,
    message: discord.Message,
    bot_user: int,
    application: int,
    *,
    unnamed: Container[int],
) -> Proxied | None:
    is_foreign = _is_foreign(message, bot_user=bot_user, application=application)
    if not is_foreign or message.type is not discord.MessageType.default:
        return None
    return Proxied(
        place=place,
        message=MessageId(message.id),
        name=message.author.display_name,
        text=_said(message, unnamed),
        mentions_bot=any(user.id == bot_user for user in message.mentions),
    )


def _said(message: discord.Message, unnamed: Container[int]) -> str:
    """The text as members see it, but for the names of those who are not to be named."""
    text = message.clean_content
    for user in message.mentions:
        if user.id in unnamed:
            text = text.replace(f"@{user.display_name}", f"@{SOMEBODY}")
    return text.strip()


def _replies_to(message: discord.Message) -> MessageId | None:
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None:
        return None  # a forwarded message refers to another, too
    return None if reference.message_id is None else MessageId(reference.message_id)


def _own_text(message: discord.Message) -> str:
    """What a character says in a message: nothing in it was changed on the way."""
    text = message.content if message.webhook_id is not None else without_name(message.content)
    return text.strip()


def _edited_ms(message: discord.Message) -> int:
    return 0 if message.edited_at is None else milliseconds(message.edited_at)


def is_own(message: discord.Message, *, bot_user: int, application: int) -> bool:
    """Whether our bot, or a webhook of our application, has posted it."""
    if message.webhook_id is not None:
        return message.application_id == application
    return message.author.id == bot_user


def _is_foreign(message: discord.Message, *, bot_user: int, application: int) -> bool:
    """Whether somebody else's webhook has posted it."""
    is_ours = is_own(message, bot_user=bot_user, application=application)
    return message.webhook_id is not None and not is_ours


def custom_ids_of(message: discord.Message) -> Sequence[str]:
    """The ids of the buttons under a message."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return [
        cell.custom_id
        for row in rows
        for cell in row.children
        if isinstance(cell, discord.Button) and cell.custom_id is not None
    ]


def said_in(message: discord.Message, *, bot_user: int, application: int) -> Said | None:
    """What a member's message says, wherever it was found; None for bots, webhooks and notices."""
    if not _is_members(message):
        return None
    return Said(
        text=message.clean_content.strip(),
        mentions_bot=any(user.id == bot_user for user in message.mentions),
        replies_to_character=_is_ours(message.reference, bot_user, application),
        at_ms=milliseconds(message.created_at),
    )


def _is_members(message: discord.Message) -> bool:
    return not (message.author.bot or message.webhook_id is not None or message.is_system())


def _is_ours(reference: discord.MessageReference | None, bot_user: int, application: int) -> bool:
    if reference is None or not isinstance(reference.resolved, discord.Message):
        return False
    return is_own(reference.resolved, bot_user=bot_user, application=application)


def _guild(guild_id: int | None) -> GuildId | None:
    return None if guild_id is None else GuildId(guild_id)
