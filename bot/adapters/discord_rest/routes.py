"""The requests we make. Discord's limits hang on these shapes, not on paths."""

from dataclasses import dataclass, field, replace
from urllib.parse import quote

from bot.core.scene import ChannelId, GuildId, MessageId, UserId

MESSAGES_AT_ONCE = 100
GUILDS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of ours. Its token lets anybody post: it is never printed."""

    id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request.

    Attributes:
        path: below the API's address, ready to send. Holds webhook tokens.
        shape: the path without ids; with the method it names the limit.
        major: the id that has a limit of its own.
        authorized: whether it carries the bot's token. Without it Discord
            limits by our address instead.
        once: whether Discord itself sees to it that it is done once only.
    """

    method: str
    path: str = field(repr=False)
    shape: str
    major: str = field(repr=False)
    authorized: bool = True
    once: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice has the effect of once."""
        return self.once or self.method != "POST"

    @property
    def name(self) -> str:
        """For logs and error texts: no id, no token."""
        return f"{self.method} {self.shape}"


def who_am_i() -> Route:
    """Our application."""
    return Route("GET", "/oauth2/applications/@me", "/oauth2/applications/@me", "")


def our_user() -> Route:
    """The bot's user."""
    return Route("GET", "/users/@me", "/users/@me", "")


def application() -> Route:
    """Our application, with what is set for it in the developer portal."""
    return Route("GET", "/applications/@me", "/applications/@me", "")


def our_guilds(*, after: GuildId) -> Route:
    """The guilds that the bot is in, the first ones after *after*."""
    query = f"?limit={GUILDS_AT_ONCE}&after={after}"
    return Route("GET", f"/users/@me/guilds{query}", "/users/@me/guilds", "")


def get_guild(guild: GuildId) -> Route:
    """A guild, with how many members it has, roughly."""
    return _in_guild(guild, "", "?with_counts=true")


def guild_channels(guild: GuildId) -> Route:
    """The channels of a guild, threads left out."""
    return _in_guild(guild, "/channels")


def guild_webhooks(guild: GuildId) -> Route:
    """The webhooks of a whole guild."""
    return _in_guild(guild, "/webhooks")


def create_message(channel: ChannelId) -> Route:
    """Post as the bot."""
    return _in_channel("POST", channel, "/messages", "/messages")


def create_once(channel: ChannelId) -> Route:
    """Post as the bot, with a nonce that is enforced."""
    return replace(create_message(channel), once=True)


def get_message(channel: ChannelId, message: MessageId) -> Route:
    """Read one message."""
    return _in_channel("GET", channel, f"/messages/{message}", "/messages/{message}")


def list_messages(channel: ChannelId, *, after: MessageId | None = None) -> Route:
    """The newest messages of a channel, or the first ones after *after*."""
    query = f"?limit={MESSAGES_AT_ONCE}" + (f"&after={after}" if after is not None else "")
    return _in_channel("GET", channel, f"/messages{query}", "/messages")


def get_channel(channel: ChannelId) -> Route:
    """A channel or thread itself."""
    return _in_channel("GET", channel, "", "")


def edit_message(channel: ChannelId, message: MessageId) -> Route:
    """Change a message of the bot's."""
    return _in_channel("PATCH", channel, f"/messages/{message}", "/messages/{message}")


def delete_message(channel: ChannelId, message: MessageId) -> Route:
    """Remove a message."""
    return _in_channel("DELETE", channel, f"/messages/{message}", "/messages/{message}")


def typing(channel: ChannelId) -> Route:
    """Show that the bot writes."""
    return _in_channel("POST", channel, "/typing", "/typing")


def react(channel: ChannelId, message: MessageId, emoji: str) -> Route:
    """Put our reaction under a message."""
    end = f"/messages/{message}/reactions/{quote(emoji, safe='')}/@me"
    return _in_channel("PUT", channel, end, "/messages/{message}/reactions/{emoji}/@me")


def unreact(channel: ChannelId, message: MessageId, emoji: str) -> Route:
    """Take our reaction away."""
    end = f"/messages/{message}/reactions/{quote(emoji, safe='')}/@me"
    return _in_channel("DELETE", channel, end, "/messages/{message}/reactions/{emoji}/@me")


def start_thread(channel: ChannelId) -> Route:
    """A new thread, or a post in a forum."""
    return _in_channel("POST", channel, "/threads", "/threads")


def active_threads(guild: GuildId) -> Route:
    """Every thread of a guild that is not archived and that we see."""
    return _in_guild(guild, "/threads/active")


def add_to_thread(thread: ChannelId, user: UserId) -> Route:
    """Make somebody a member of a thread."""
    end = f"/thread-members/{user}"
    return _in_channel("PUT", thread, end, "/thread-members/{user}")


def list_webhooks(channel: ChannelId) -> Route:
    """The webhooks of a channel."""
    return _in_channel("GET", channel, "/webhooks", "/webhooks")


def create_webhook(channel: ChannelId) -> Route:
    """A new webhook in a channel."""
    return _in_channel("POST", channel, "/webhooks", "/webhooks")


def delete_webhook(webhook: int) -> Route:
    """Remove a webhook by the bot's own right, without its key."""
    return Route("DELETE", f"/webhooks/{webhook}", "/webhooks/{webhook}", str(webhook))


def execute_webhook(webhook: Webhook, thread: ChannelId | None) -> Route:
    """Post through a webhook; the answer holds the message."""
    return _by_webhook("POST", webhook, "", thread, query="wait=true")


def get_webhook_message(webhook: Webhook, message: MessageId, thread: ChannelId | None) -> Route:
    """Read a message of the webhook's."""
    return _by_webhook("GET", webhook, f"/messages/{message}", thread)


def edit_webhook_message(webhook: Webhook, message: MessageId, thread: ChannelId | None) -> Route:
    """Change a message of the webhook's."""
    return _by_webhook("PATCH", webhook, f"/messages/{message}", thread)


def delete_webhook_message(webhook: Webhook, message: MessageId, thread: ChannelId | None) -> Route:
    """Remove a message of the webhook's."""
    return _by_webhook("DELETE", webhook, f"/messages/{message}", thread)


def _in_channel(method: str, channel: ChannelId, end: str, shape: str) -> Route:
    return Route(method, f"/channels/{channel}{end}", f"/channels/{{channel}}{shape}", str(channel))


def _in_guild(guild: GuildId, end: str, query: str = "") -> Route:
    return Route("GET", f"/guilds/{guild}{end}{query}", f"/guilds/{{guild}}{end}", str(guild))


def _by_webhook(
    method: str, webhook: Webhook, end: str, thread: ChannelId | None, *, query: str = ""
) -> Route:
    parts = [query] if query else []
    if thread is not None:
        parts.append(f"thread_id={thread}")
    return Route(
        method,
        f"/webhooks/{webhook.id}/{webhook.token}{end}" + ("?" + "&".join(parts) if parts else ""),
        "/webhooks/{webhook}/{token}" + ("/messages/{message}" if end else ""),
        f"{webhook.id}/{webhook.token}",
        authorized=False,
    )
