"""What `doctor` finds: facts about what the bot stands on become a line each, with what to do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.errors import GenerationError, GenerationUnauthorized
from bot.core.generation import ModelLimits
from bot.core.phrases import phrase, template
from bot.core.profiles import ModelProfile

OLDEST_REDIS = (7, 0)
KEEPS_ALL = "noeviction"
"""The only policy under which Redis deletes nothing."""
NEARLY_FULL = 0.75
"""Of Redis' memory: from here on somebody should know."""
CLOCK_ADVICE_S, CLOCK_BROKEN_S = 5.0, 60.0
"""Logs tell the wrong time; certificates are refused, and ages of lines misjudged."""
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
        yield Finding("redis", State.BROKEN, why, phrase("Update it."))
    if facts.policy != KEEPS_ALL:
        yield Finding("redis", State.BROKEN, *evicts(facts.policy))
    if facts.has_file is False:
        yield Finding("redis", State.ADVICE, *NO_FILE)
    if not facts.is_saving:
        yield Finding(
            "redis",
            State.BROKEN,
            phrase("Redis could not save to its disk last time, and will refuse changes."),
            phrase("Look at its log, and at the space and the rights of its data folder."),
        )
    yield _memory_room(facts)
    if abs(facts.clock_ahead_s) >= CLOCK_ADVICE_S:
        yield judge_clock("redis", facts.clock_ahead_s)


def too_old(version: str) -> str:
    """Why a Redis of this version cannot be used; empty if it can."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST_REDIS:
        return phrase(
            "Redis {version} is too old: use Redis 7.0, Valkey 7.2 or later.", version=version
        )
    return ""


def evicts(policy: str) -> tuple[str, str]:
    """What is wrong with an eviction policy, and what to do."""
    what = phrase(
        "Redis would silently delete stories when its memory is full (its policy: {policy}).",
        policy=policy,
    )
    do = "maxmemory-policy noeviction"
    return what, phrase("Set `{do}` in redis.conf or run `CONFIG SET {do}`.", do=do)


NO_FILE = (
    phrase(
        "Redis keeps no append-only file, so a crash of it loses the newest part of every story."
    ),
    phrase("Set `appendonly yes` in redis.conf or run `CONFIG SET appendonly yes`."),
)


def _memory_room(facts: MemoryFacts) -> Finding:
    used = _megabytes(facts.used_bytes)
    if not facts.max_bytes:
        return Finding(
            "redis", State.FINE, phrase("Redis uses {used} and has no limit of its own.", used=used)
        )
    what = phrase(
        "Redis uses {used} of {max_bytes}.", used=used, max_bytes=_megabytes(facts.max_bytes)
    )
    if facts.used_bytes >= NEARLY_FULL * facts.max_bytes:
        return Finding(
            "redis",
            State.ADVICE,
            what,
            phrase(
                "Raise its maxmemory, or keep stories for fewer days, before it refuses new lines."
            ),
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
        return Finding(
            "clock", State.FINE, phrase("The clock of the {whose} is right.", whose=whose)
        )
    state = State.BROKEN if off_s >= CLOCK_BROKEN_S else State.ADVICE
    way = (
        template("The clock of the {whose} is {off_s:,.0f} s ahead.")
        if ahead_s > 0
        else template("The clock of the {whose} is {off_s:,.0f} s behind.")
    )
    return Finding(
        "clock",
        state,
        phrase(way, whose=whose, off_s=off_s),
        phrase("Let it be set by NTP (`timedatectl set-ntp true`)."),
    )


def _useless(name: str, error: GenerationError) -> Finding:
    what = phrase("{name} does not answer.", name=name)
    do = phrase("Start it, or correct BOT_TGI__URLS; a model that loads takes minutes.")
    if isinstance(error, GenerationUnauthorized):
        what = phrase("{name} wants a key, or another one.", name=name)
        do = phrase("Put it into BOT_TGI__API_KEY.")
    return Finding("model", State.BROKEN, what, do)


def judge_model(
    name: str, limits: ModelLimits | GenerationError, profile: ModelProfile
) -> Iterator[Finding]:
    """Whether a model server takes what the profile wants to ask."""
    if isinstance(limits, GenerationError):
        yield _useless(name, limits)
        return
    wanted = profile.context_tokens
    if limits.max_total_tokens < wanted:
        yield Finding(
            "model",
            State.ADVICE,
            phrase(
                "{name} takes {max_total_tokens:,} tokens, the profile {profile} has "
                "{wanted:,}: the characters remember less than they could.",
                name=name,
                max_total_tokens=limits.max_total_tokens,
                profile=profile.name,
                wanted=wanted,
            ),
            phrase(
                "Start it with `--max-total-tokens {wanted}`, or set "
                "BOT_PROMPT__CONTEXT_TOKENS={max_total_tokens}.",
                wanted=wanted,
                max_total_tokens=limits.max_total_tokens,
            ),
        )
    least_input = min(wanted, limits.max_total_tokens) // 2
    if limits.max_input_tokens < least_input:
        yield Finding(
            "model",
            State.ADVICE,
            phrase(
                "{name} takes prompts of {max_input_tokens:,} tokens only.",
                name=name,
                max_input_tokens=limits.max_input_tokens,
            ),
            phrase("Start it with `--max-input-tokens {wanted}` or more.", wanted=wanted * 7 // 8),
        )
    if limits.max_stop_sequences < USUAL_STOPS:
        yield Finding(
            "model",
            State.ADVICE,
            phrase(
                "{name} takes {max_stop_sequences} stop strings, and writes on behind others.",
                name=name,
                max_stop_sequences=limits.max_stop_sequences,
            ),
            phrase("Start it with `--max-stop-sequences {count}`.", count=2 * USUAL_STOPS),
        )
    yield Finding(
        "model",
        State.FINE,
        phrase(
            "{name} answers: {model}, {max_total_tokens:,} tokens.",
            name=name,
            model=limits.model,
            max_total_tokens=limits.max_total_tokens,
        ),
    )


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(names[:NAMED_CHANNELS])
    more = len(names) - NAMED_CHANNELS
    return phrase("{shown} and {more} more", shown=shown, more=more) if more > 0 else shown


def judge_intents(*, has_content: bool) -> Finding:
    """Whether Discord lets the bot read what members write."""
    if has_content:
        return Finding("discord", State.FINE, phrase("The Message Content intent is on."))
    return Finding(
        "discord",
        State.BROKEN,
        phrase("The Message Content intent is off: every message would be empty."),
        phrase(
            "Switch on “Message Content Intent” in the developer portal (your "
            "application, page Bot, Privileged Gateway Intents)."
        ),
    )


def judge_commands(known: Iterable[str], wanted: Iterable[str]) -> Finding:
    """Whether Discord offers all of the bot's commands."""
    there = set(known)
    missing = sorted(set(wanted) - there)
    if missing:
        return Finding(
            "commands",
            State.BROKEN,
            phrase(
                "Discord does not know {count} of my commands: {missing}.",
                count=len(missing),
                missing=listed(missing),
            ),
            phrase("Restart me: I send them at the start."),
        )
    if not there:
        return Finding(
            "commands",
            State.BROKEN,
            phrase("Discord knows no commands of mine."),
            phrase("Start the bot once."),
        )
    return Finding(
        "commands", State.FINE, phrase("Discord knows my {count} commands.", count=len(there))
    )


def judge_faces(*, has_address: bool, has_channel: bool) -> Finding:
    """Whether characters can have faces."""
    if has_address or has_channel:
        return Finding(
            "settings", State.FINE, phrase("Portraits have a place where Discord finds them.")
        )
    return Finding(
        "settings",
        State.ADVICE,
        phrase("Portraits have no place where Discord finds them: characters have no faces."),
        phrase("Set BOT_DISCORD__ASSET_CHANNEL to a channel for them, or BOT_HTTP__PUBLIC_URL."),
    )
