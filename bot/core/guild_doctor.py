"""What `doctor` finds in a server: which rights the bot lacks there, and the switch for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.doctor import Finding, State, listed
from bot.core.phrases import Paragraphs, phrase, template

WEBHOOKS_AT_MOST = 15
"""Discord takes no more in one channel."""


class Right(StrEnum):
    """A permission of the bot, as Discord's settings call it."""

    VIEW = template("View Channel")
    SEND = template("Send Messages")
    SEND_IN_THREADS = template("Send Messages in Threads")
    READ_HISTORY = template("Read Message History")
    MANAGE_WEBHOOKS = template("Manage Webhooks")
    ATTACH_FILES = template("Attach Files")
    ADD_REACTIONS = template("Add Reactions")
    CREATE_THREADS = template("Create Public Threads")
    EMBED_LINKS = template("Embed Links")
    EXTERNAL_EMOJIS = template("Use External Emojis")


WITHOUT = {
    Right.VIEW: phrase("I hear and say nothing"),
    Right.SEND: phrase("I can say nothing"),
    Right.SEND_IN_THREADS: phrase("I can say nothing in threads"),
    Right.READ_HISTORY: phrase(
        "I miss what is said while I am restarted, and cannot look for lost posts"
    ),
    Right.MANAGE_WEBHOOKS: phrase("characters speak under my name and face instead of their own"),
    Right.ATTACH_FILES: phrase("I can show no portraits and hand out no files"),
    Right.ADD_REACTIONS: phrase("I cannot mark lines that a character does not hear"),
    Right.CREATE_THREADS: phrase(
        "stories cannot be branched, nor started in a thread of their own"
    ),
    Right.EMBED_LINKS: phrase("links show no preview"),
    Right.EXTERNAL_EMOJIS: phrase("emojis of other servers do not show"),
}
"""What does not work then."""

NEEDED = frozenset({Right.VIEW, Right.SEND, Right.MANAGE_WEBHOOKS, Right.READ_HISTORY})
"""Without these a scene is not what it should be; the others are good to have."""
_HIDES = {
    Right.VIEW: frozenset(Right) - {Right.VIEW},
    Right.SEND: frozenset({Right.EMBED_LINKS, Right.ATTACH_FILES}),
}
"""Who lacks the one has none of the others either, whatever is switched on."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel in which the bot is to play.

    Attributes:
        granted: what the bot may do there.
        webhooks: how many there are; None if that cannot be known.
        own_webhooks: how many of them are the bot's.
    """

    name: str
    granted: frozenset[Right]
    webhooks: int | None = None
    own_webhooks: int = 0


@dataclass(frozen=True, slots=True)
class GuildFacts:
    """A server.

    Attributes:
        role: the bot's own role there.
        granted: what it may do there wherever no channel says otherwise.
        channels: those that matter.
    """

    name: str
    role: str
    granted: frozenset[Right]
    channels: Sequence[ChannelFacts]


def judge_guild(guild: GuildFacts) -> Iterator[Finding]:
    """What the bot lacks in the channels that matter, with the switch for each right."""
    is_whole = True
    for right in Right:
        lacking = [
            channel.name
            for channel in guild.channels
            if right not in channel.granted and not _is_hidden(right, channel.granted)
        ]
        if not lacking and (right in guild.granted or _is_hidden(right, guild.granted)):
            continue
        if not lacking and guild.channels:
            continue  # the channels that matter say otherwise
        is_whole = False
        yield _lack(guild, right, lacking)
    for channel in guild.channels:
        yield from _webhooks(channel)
    if is_whole:
        where = listed([channel.name for channel in guild.channels]) or guild.name
        yield Finding(
            "permissions",
            State.FINE,
            phrase("I have every permission I use in {where}.", where=where),
        )


def told_weakness(granted: frozenset[Right]) -> str:
    """What a member who starts a scene is told that it will lack; empty if nothing."""
    lacking = [right for right in Right if right in NEEDED - granted]
    if not lacking:
        return ""
    reasons = Paragraphs(
        (
            phrase("without “{right}” {without}", right=phrase(right), without=WITHOUT[right])
            for right in lacking
        ),
        "; ",
    )
    return phrase(
        "Mind that I lack a permission here: {reasons}. /doctor names the switch.", reasons=reasons
    )


def _lack(guild: GuildFacts, right: Right, channels: Sequence[str]) -> Finding:
    if right in guild.granted:
        do = phrase(
            "Edit Channel → Permissions → {role}: set “{right}” to ✓ in {channels}.",
            role=guild.role,
            right=phrase(right),
            channels=listed(channels),
        )
    else:
        do = phrase(
            "Server Settings → Roles → {role} → Permissions: switch “{right}” on.",
            role=guild.role,
            right=phrase(right),
        )
    return Finding(
        "permissions",
        State.BROKEN if right in NEEDED else State.ADVICE,
        phrase(
            "I lack “{right}” in {where}: {without}.",
            right=phrase(right),
            where=listed(channels) or guild.name,
            without=WITHOUT[right],
        ),
        do,
    )


def _is_hidden(right: Right, granted: frozenset[Right]) -> bool:
    return any(right in hidden for by, hidden in _HIDES.items() if by not in granted)


def _webhooks(channel: ChannelFacts) -> Iterator[Finding]:
    if channel.webhooks is None:
        return
    left = WEBHOOKS_AT_MOST - channel.webhooks
    what = phrase(
        "{name} has {webhooks} of {webhooks_at_most} webhooks",
        name=channel.name,
        webhooks=channel.webhooks,
        webhooks_at_most=WEBHOOKS_AT_MOST,
    )
    if not channel.own_webhooks and left <= 0:
        yield Finding(
            "webhooks",
            State.BROKEN,
            phrase(
                "{what}, and none is mine: {without}.",
                what=what,
                without=WITHOUT[Right.MANAGE_WEBHOOKS],
            ),
            phrase("Edit Channel → Integrations → Webhooks: delete one that nobody uses."),
        )
    else:
        yield Finding(
            "webhooks",
            State.FINE,
            phrase(
                "{what}, {own_webhooks} of them mine.", what=what, own_webhooks=channel.own_webhooks
            ),
        )
