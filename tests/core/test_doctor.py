"""What `doctor` says of what it finds."""

from dataclasses import replace

import pytest

from bot.core.doctor import (
    MemoryFacts,
    State,
    judge_clock,
    judge_commands,
    judge_memory,
    judge_model,
    must_act,
)
from bot.core.errors import GenerationError, GenerationUnauthorized, GenerationUnreachable
from bot.core.generation import ModelLimits
from bot.core.guild_doctor import (
    NEEDED,
    WEBHOOKS_AT_MOST,
    ChannelFacts,
    GuildFacts,
    Right,
    judge_guild,
)
from tests.profiles import ZEPHRP

WELL = MemoryFacts("8.0.1", "noeviction", True, True, 10 * 2**20, 384 * 2**20)  # noqa: FBT003
LIMITS = ModelLimits("zephrp", 3584, 4096, 8)
ALL = frozenset(Right)


def in_tavern(granted: frozenset[Right], everywhere: frozenset[Right] = ALL) -> GuildFacts:
    return GuildFacts("The Lantern", "ZephRP", everywhere, [ChannelFacts("#tavern", granted)])


def test_a_memory_that_is_well_is_one_line() -> None:
    [finding] = judge_memory(WELL)

    assert finding.state is State.FINE
    assert "10 MB of 384 MB" in finding.what


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"version": "6.2.1"}, State.BROKEN, "too old"),
        ({"policy": "allkeys-lru"}, State.BROKEN, "maxmemory-policy noeviction"),
        ({"has_file": False}, State.ADVICE, "appendonly yes"),
        ({"is_saving": False}, State.BROKEN, "could not save"),
        ({"used_bytes": 300 * 2**20}, State.ADVICE, "Raise its maxmemory"),
        ({"clock_ahead_s": -300.0}, State.BROKEN, "300 s behind"),
    ],
)
def test_what_ails_a_memory_is_named_with_what_to_do(
    change: dict[str, object], state: State, words: str
) -> None:
    found = [each for each in judge_memory(replace(WELL, **change)) if each.state is state]  # type: ignore[arg-type]  # from the table

    [finding] = found
    assert words in f"{finding.what} {finding.do}"
    assert finding.do


@pytest.mark.parametrize(
    ("limits", "state", "words"),
    [
        (GenerationUnreachable("no"), State.BROKEN, "does not answer"),
        (GenerationUnauthorized("no"), State.BROKEN, "BOT_TGI__API_KEY"),
        (replace(LIMITS, max_total_tokens=2048), State.ADVICE, "--max-total-tokens 4096"),
        (replace(LIMITS, max_input_tokens=1024), State.ADVICE, "--max-input-tokens"),
        (replace(LIMITS, max_stop_sequences=1), State.ADVICE, "--max-stop-sequences"),
        (LIMITS, State.FINE, "zephrp, 4,096 tokens"),
    ],
)
def test_limits_of_a_model_are_compared_with_the_profile(
    limits: ModelLimits | GenerationError, state: State, words: str
) -> None:
    finding = next(iter(judge_model("The model server", limits, ZEPHRP)))

    assert finding.state is state
    assert words in f"{finding.what} {finding.do}"


@pytest.mark.parametrize("right", Right)
def test_each_right_that_is_lacking_is_named_with_its_switch(right: Right) -> None:
    [of_channel] = judge_guild(in_tavern(ALL - {right}))
    [of_role] = judge_guild(in_tavern(ALL - {right}, ALL - {right}))

    for finding in (of_channel, of_role):
        assert f"“{right}” in #tavern" in finding.what
        assert (finding.state is State.BROKEN) == (right in NEEDED)
    assert of_channel.do == f"Edit Channel → Permissions → ZephRP: set “{right}” to ✓ in #tavern."
    assert of_role.do == (f"Server Settings → Roles → ZephRP → Permissions: switch “{right}” on.")


def test_what_discord_takes_away_with_another_right_is_not_named() -> None:
    [finding] = judge_guild(in_tavern(frozenset()))
    [other] = judge_guild(in_tavern(ALL - {Right.SEND, Right.ATTACH_FILES, Right.EMBED_LINKS}))

    assert "View Channel" in finding.what
    assert "Send Messages" in other.what


def test_where_no_channel_matters_the_role_is_judged() -> None:
    guild = GuildFacts("The Lantern", "ZephRP", ALL - {Right.MANAGE_WEBHOOKS}, [])

    [finding] = judge_guild(guild)

    assert "Roles → ZephRP" in finding.do


@pytest.mark.parametrize("own", [0, 1])
def test_a_channel_full_of_others_webhooks_is_named(own: int) -> None:
    channel = ChannelFacts("#tavern", ALL, webhooks=WEBHOOKS_AT_MOST, own_webhooks=own)

    findings = list(judge_guild(GuildFacts("The Lantern", "ZephRP", ALL, [channel])))

    assert must_act(findings) == (own == 0)


@pytest.mark.parametrize(
    ("ahead_s", "state"),
    [(0.4, State.FINE), (-12, State.ADVICE), (3600, State.BROKEN)],
)
def test_a_clock_is_judged_by_how_far_it_is_off(ahead_s: float, state: State) -> None:
    assert judge_clock("bot", ahead_s).state is state


def test_a_command_that_discord_does_not_know_is_named() -> None:
    lost = judge_commands(["help"], ["help", "undo"])

    assert (lost.state, "undo" in lost.what) == (State.BROKEN, True)
    assert judge_commands(["help", "undo"], ["help", "undo"]).state is State.FINE
    assert judge_commands([], []).state is State.BROKEN
