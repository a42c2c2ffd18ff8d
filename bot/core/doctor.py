"""What `doctor` finds: facts about what the bot stands on become a line each, with what to do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.generation import ModelLimits
from bot.core.profiles import ModelProfile

OLDEST_REDIS = (7, 0)
KEEPS_ALL = "noeviction"
"""The only policy under which Redis deletes nothing."""
NEARLY_FULL = 0.75
"""Of Redis' memory: from here on somebody should know."""
CLOCK_ADVICE_S, CLOCK_BROKEN_S = 5.0, 60.0
"""Logs tell the wrong time; certificates are refused, and ages of lines misjudged."""
WEBHOOKS_AT_MOST = 15
"""Discord takes no more in one channel."""
NAMED_CHANNELS = 5
USUAL_STOPS = 4
"""Of TGI: header, end and the names of two who play."""


class State(StrEnum):
    """How it stands with a part."""

    FINE = "fine"
    ADVICE = "advice"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        part: what it is about.
        what: how it is.
        do: what is to be done; empty if it is fine.
    """

    part: str
    state: State
    what: str
    do: str = ""


def must_act(findings: Iterable[Finding]) -> bool:
    """Whether something has to be done."""
    return any(finding.state is State.BROKEN for finding in findings)


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """A Redis server. `max_bytes` is 0 where none is set; None is what it does not say."""

    version: str
    policy: str
    has_file: bool | None
    is_saving: bool
    used_bytes: int
    max_bytes: int
    clock_ahead_s: float = 0.0


def judge_memory(facts: MemoryFacts) -> Iterator[Finding]:
    """Whether stories are safe there."""
    if why := too_old(facts.version):
        yield Finding("redis", State.BROKEN, why, "Update it.")
    if facts.policy != KEEPS_ALL:
        yield Finding("redis", State.BROKEN, *evicts(facts.policy))
    if facts.has_file is False:
        yield Finding("redis", State.ADVICE, *NO_FILE)
    if not facts.is_saving:
        yield Finding(
            "redis",
            State.BROKEN,
            "Redis could not save to its disk last time, and will refuse changes.",
            "Look at its log, and at the space and the rights of its data folder.",
        )
    yield _memory_room(facts)
    if abs(facts.clock_ahead_s) >= CLOCK_ADVICE_S:
        yield judge_clock("redis", facts.clock_ahead_s)


def too_old(version: str) -> str:
    """Why a Redis of this version cannot be used; empty if it can."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST_REDIS:
        return f"Redis {version} is too old: use Redis 7.0, Valkey 7.2 or later."
    return ""


def evicts(policy: str) -> tuple[str, str]:
    """What is wrong with an eviction policy, and what to do."""
    what = f"Redis would silently delete stories when its memory is full (its policy: {policy})."
    do = "maxmemory-policy noeviction"
    return what, f"Set `{do}` in redis.conf or run `CONFIG SET {do}`."


NO_FILE = (
    "Redis keeps no append-only file, so a crash of it loses the newest part of every story.",
    "Set `appendonly yes` in redis.conf or run `CONFIG SET appendonly yes`.",
)


def _memory_room(facts: MemoryFacts) -> Finding:
    used = _megabytes(facts.used_bytes)
    if not facts.max_bytes:
        return Finding("redis", State.FINE, f"Redis uses {used} and has no limit of its own.")
    what = f"Redis uses {used} of {_megabytes(facts.max_bytes)}."
    if facts.used_bytes >= NEARLY_FULL * facts.max_bytes:
        return Finding(
            "redis",
            State.ADVICE,
            what,
            "Raise its maxmemory, or keep stories for fewer days, before it refuses new lines.",
        )
    return Finding("redis", State.FINE, what)


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"


def judge_clock(whose: str, ahead_s: float) -> Finding:
    """Whether a clock goes as Discord's, or as ours, does.

    Args:
        ahead_s: how far it is ahead; behind if it is negative.
    """
    off_s = abs(ahead_s)
    if off_s < CLOCK_ADVICE_S:
        return Finding("clock", State.FINE, f"The clock of the {whose} is right.")
    state = State.BROKEN if off_s >= CLOCK_BROKEN_S else State.ADVICE
    way = "ahead" if ahead_s > 0 else "behind"
    return Finding(
        "clock",
        state,
        f"The clock of the {whose} is {off_s:,.0f} s {way}.",
        "Let it be set by NTP (`timedatectl set-ntp true`).",
    )


def judge_model(name: str, limits: ModelLimits | None, profile: ModelProfile) -> Iterator[Finding]:
    """Whether a model server takes what the profile wants to ask.

    Args:
        limits: None if it does not answer.
    """
    if limits is None:
        yield Finding(
            "model",
            State.BROKEN,
            f"{name} does not answer.",
            "Start it, or correct BOT_TGI__URLS; a model that loads takes minutes.",
        )
        return
    wanted = profile.context_tokens
    if limits.max_total_tokens < wanted:
        yield Finding(
            "model",
            State.ADVICE,
            f"{name} takes {limits.max_total_tokens:,} tokens, the profile {profile.name}"
            f" has {wanted:,}: the characters remember less than they could.",
            f"Start it with `--max-total-tokens {wanted}`, or set"
            f" BOT_PROMPT__CONTEXT_TOKENS={limits.max_total_tokens}.",
        )
    least_input = min(wanted, limits.max_total_tokens) // 2
    if limits.max_input_tokens < least_input:
        yield Finding(
            "model",
            State.ADVICE,
            f"{name} takes prompts of {limits.max_input_tokens:,} tokens only.",
            f"Start it with `--max-input-tokens {wanted * 7 // 8}` or more.",
        )
    if limits.max_stop_sequences < USUAL_STOPS:
        yield Finding(
            "model",
            State.ADVICE,
            f"{name} takes {limits.max_stop_sequences} stop strings, and writes on behind others.",
            f"Start it with `--max-stop-sequences {2 * USUAL_STOPS}`.",
        )
    yield Finding(
        "model",
        State.FINE,
        f"{name} answers: {limits.model}, {limits.max_total_tokens:,} tokens.",
    )


class Right(StrEnum):
    """A permission of the bot, as Discord's settings call it."""

    VIEW = "View Channel"
    SEND = "Send Messages"
    SEND_IN_THREADS = "Send Messages in Threads"
    READ_HISTORY = "Read Message History"
    MANAGE_WEBHOOKS = "Manage Webhooks"
    ATTACH_FILES = "Attach Files"
    ADD_REACTIONS = "Add Reactions"
    CREATE_THREADS = "Create Public Threads"
    EMBED_LINKS = "Embed Links"
    EXTERNAL_EMOJIS = "Use External Emojis"


WITHOUT = {
    Right.VIEW: "I hear and say nothing",
    Right.SEND: "I can say nothing",
    Right.SEND_IN_THREADS: "I can say nothing in threads",
    Right.READ_HISTORY: "I miss what is said while I am restarted, and cannot look for lost posts",
    Right.MANAGE_WEBHOOKS: "characters speak under my name and face instead of their own",
    Right.ATTACH_FILES: "I can show no portraits and hand out no files",
    Right.ADD_REACTIONS: "I cannot mark lines that a character does not hear",
    Right.CREATE_THREADS: "stories cannot be branched, nor started in a thread of their own",
    Right.EMBED_LINKS: "links show no preview",
    Right.EXTERNAL_EMOJIS: "emojis of other servers do not show",
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
        where = _listed([channel.name for channel in guild.channels]) or guild.name
        yield Finding("permissions", State.FINE, f"I have every permission I use in {where}.")


def told_weakness(granted: frozenset[Right]) -> str:
    """What a member who starts a scene is told that it will lack; empty if nothing."""
    lacking = [right for right in Right if right in NEEDED - granted]
    if not lacking:
        return ""
    reasons = "; ".join(f"without “{right}” {WITHOUT[right]}" for right in lacking)
    return f"Mind that I lack a permission here: {reasons}. /doctor names the switch."


def _lack(guild: GuildFacts, right: Right, channels: Sequence[str]) -> Finding:
    if right in guild.granted:
        do = (
            f"Edit Channel → Permissions → {guild.role}: set “{right}” to ✓ in {_listed(channels)}."
        )
    else:
        do = f"Server Settings → Roles → {guild.role} → Permissions: switch “{right}” on."
    return Finding(
        "permissions",
        State.BROKEN if right in NEEDED else State.ADVICE,
        f"I lack “{right}” in {_listed(channels) or guild.name}: {WITHOUT[right]}.",
        do,
    )


def _is_hidden(right: Right, granted: frozenset[Right]) -> bool:
    return any(right in hidden for by, hidden in _HIDES.items() if by not in granted)


def _webhooks(channel: ChannelFacts) -> Iterator[Finding]:
    if channel.webhooks is None:
        return
    left = WEBHOOKS_AT_MOST - channel.webhooks
    what = f"{channel.name} has {channel.webhooks} of {WEBHOOKS_AT_MOST} webhooks"
    if not channel.own_webhooks and left <= 0:
        yield Finding(
            "webhooks",
            State.BROKEN,
            f"{what}, and none is mine: {WITHOUT[Right.MANAGE_WEBHOOKS]}.",
            "Edit Channel → Integrations → Webhooks: delete one that nobody uses.",
        )
    else:
        yield Finding("webhooks", State.FINE, f"{what}, {channel.own_webhooks} of them mine.")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED_CHANNELS])
    more = len(names) - NAMED_CHANNELS
    return f"{shown} and {more} more" if more > 0 else shown


def judge_intents(*, has_content: bool) -> Finding:
    """Whether Discord lets the bot read what members write."""
    if has_content:
        return Finding("discord", State.FINE, "The Message Content intent is on.")
    return Finding(
        "discord",
        State.BROKEN,
        "The Message Content intent is off: every message would be empty.",
        "Switch on “Message Content Intent” in the developer portal (your application, page Bot,"
        " Privileged Gateway Intents).",
    )


def judge_commands(known: Iterable[str], wanted: Iterable[str]) -> Finding:
    """Whether Discord offers all of the bot's commands."""
    there = set(known)
    missing = sorted(set(wanted) - there)
    if missing:
        return Finding(
            "commands",
            State.BROKEN,
            f"Discord does not know {len(missing)} of my commands: {_listed(missing)}.",
            "Restart me: I send them at the start.",
        )
    if not there:
        return Finding(
            "commands", State.BROKEN, "Discord knows no commands of mine.", "Start the bot once."
        )
    return Finding("commands", State.FINE, f"Discord knows my {len(there)} commands.")


def judge_faces(*, has_address: bool, has_channel: bool) -> Finding:
    """Whether characters can have faces."""
    if has_address or has_channel:
        return Finding("settings", State.FINE, "Portraits have a place where Discord finds them.")
    return Finding(
        "settings",
        State.ADVICE,
        "Portraits have no place where Discord finds them: characters have no faces.",
        "Set BOT_DISCORD__ASSET_CHANNEL to a channel for them, or BOT_HTTP__PUBLIC_URL.",
    )
