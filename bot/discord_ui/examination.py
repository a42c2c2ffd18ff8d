"""What Discord lets the bot do, as `doctor` judges it: read off a connection, or asked anew."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import aiohttp
import discord

from bot.core.doctor import Finding, State, judge_commands, judge_intents
from bot.core.guild_doctor import ChannelFacts, GuildFacts, Right, judge_guild
from bot.core.phrases import phrase
from bot.core.scene import ChannelId, GuildId

log = logging.getLogger(__name__)

MOST_CHANNELS = 25
"""Of one server: each costs a request."""
MOST_GUILDS = 20
_NAMES = {
    Right.VIEW: "view_channel",
    Right.SEND: "send_messages",
    Right.SEND_IN_THREADS: "send_messages_in_threads",
    Right.READ_HISTORY: "read_message_history",
    Right.MANAGE_WEBHOOKS: "manage_webhooks",
    Right.ATTACH_FILES: "attach_files",
    Right.ADD_REACTIONS: "add_reactions",
    Right.CREATE_THREADS: "create_public_threads",
    Right.EMBED_LINKS: "embed_links",
    Right.EXTERNAL_EMOJIS: "external_emojis",
}

Matters = Callable[[GuildId], Awaitable[Collection[ChannelId]]]
"""Which channels of a server are examined."""
Named = tuple[int, Callable[[frozenset[Right] | None], Finding]]
"""A channel, and who judges what we may do there; None if we do not see it."""


def granted_by(permissions: discord.Permissions) -> frozenset[Right]:
    """Those of our rights that *permissions* give."""
    if permissions.administrator:
        return frozenset(Right)
    return frozenset(right for right, name in _NAMES.items() if getattr(permissions, name))


def judge_application(application: discord.AppInfo | None) -> list[Finding]:
    """What the developer portal says of the bot."""
    if application is None:
        return []
    flags = application.flags
    has_content = flags.gateway_message_content or flags.gateway_message_content_limited
    return [judge_intents(has_content=has_content)]


async def examine_guild(
    guild: discord.Guild,
    me: discord.Member,
    channels: Iterable[discord.abc.GuildChannel],
    here: ChannelFacts | None = None,
) -> list[Finding]:
    """What we lack in *channels*.

    Args:
        here: a channel that is known already, and comes first.
    """
    found = [] if here is None else [here]
    found += [
        await facts_of(channel, channel.permissions_for(me), me.id)
        for channel in list(channels)[:MOST_CHANNELS]
    ]
    role = guild.self_role
    return [
        *judge_guild(
            GuildFacts(
                name=guild.name,
                role=phrase("my role") if role is None else role.name,
                granted=granted_by(me.guild_permissions),
                channels=found,
            )
        )
    ]


async def facts_of(channel: object, permissions: discord.Permissions, me: int) -> ChannelFacts:
    """What we may do in *channel*, and how many webhooks it has."""
    granted = granted_by(permissions)
    hooks = None
    if Right.MANAGE_WEBHOOKS in granted and Right.VIEW in granted:
        hooks = await _webhooks(channel)
    return ChannelFacts(
        name=f"#{getattr(channel, 'name', '')}",
        granted=granted,
        webhooks=None if hooks is None else len(hooks),
        # An application's webhooks are made by its bot, which has the same id in all but old ones.
        own_webhooks=sum(hook.user is not None and hook.user.id == me for hook in hooks or ()),
    )


async def examine_by_token(
    token: str, matters: Matters, trace: aiohttp.TraceConfig, named: Sequence[Named] = ()
) -> list[Finding]:
    """Log in, without connecting, and look at every server we are in.

    Args:
        trace: hears what Discord answers.
        named: channels that the host has set.
    """
    client = discord.Client(intents=discord.Intents.none(), http_trace=trace)
    async with client:
        try:
            await client.login(token)
            return await _examine(client, matters, named)
        except discord.LoginFailure:
            return [
                _broken(
                    phrase("Discord does not accept the token."),
                    phrase(
                        "Copy it anew from the developer portal (your application, page Bot, "
                        "Reset Token) into BOT_DISCORD__TOKEN."
                    ),
                )
            ]
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            return [
                _broken(
                    phrase("Discord cannot be reached ({name}).", name=type(error).__name__),
                    phrase("Check the network, and BOT_DISCORD__API_URL if you have set it."),
                )
            ]


async def _examine(
    client: discord.Client, matters: Matters, named: Sequence[Named]
) -> list[Finding]:
    found = judge_application(client.application)
    found += [judge(await _granted_in(client, channel)) for channel, judge in named]
    commands = await client.http.get_global_commands(client.application_id or 0)
    known = [command["name"] for command in commands]
    found.append(judge_commands(known, ()))
    guilds = [guild async for guild in client.fetch_guilds(limit=MOST_GUILDS)]
    if not guilds:
        do = phrase("Invite it: README, “On your server”, has the address.")
        found.append(Finding("discord", State.ADVICE, phrase("The bot is in no server."), do))
    for each in guilds:
        guild = await client.fetch_guild(each.id)
        me = await guild.fetch_member(client.user.id if client.user else 0)
        chosen = await matters(GuildId(guild.id))
        channels = [channel for channel in await guild.fetch_channels() if channel.id in chosen]
        found.extend(await examine_guild(guild, me, channels))
    return found


async def _granted_in(client: discord.Client, number: int) -> frozenset[Right] | None:
    """What we may do in a channel; None if there is none that we see."""
    try:
        channel = await client.fetch_channel(number)
    except (discord.NotFound, discord.Forbidden):
        return None
    if isinstance(channel, discord.abc.PrivateChannel):
        return frozenset(Right)
    guild = await client.fetch_guild(channel.guild.id)
    me = await guild.fetch_member(client.user.id if client.user else 0)
    holder = channel.parent_id if isinstance(channel, discord.Thread) else channel.id
    for each in await guild.fetch_channels():
        if each.id == holder:
            return granted_by(each.permissions_for(me))
    return None


def _broken(what: str, do: str) -> Finding:
    return Finding("discord", State.BROKEN, what, do)


async def _webhooks(channel: object) -> Sequence[discord.Webhook] | None:
    if isinstance(channel, discord.Thread):
        channel = channel.parent
    if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.ForumChannel):
        return None
    try:
        return await channel.webhooks()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.info("webhooks cannot be counted", extra={"error": type(error).__name__})
        return None
