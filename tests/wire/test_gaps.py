"""What nobody can have heard is told by the ids of what was heard."""

import discord
import pytest

from bot.core.scene import GuildId, MessageId
from bot.discord_ui.gaps import MARGIN_MS, Gaps, places_of
from bot.services.doubts import Doubts, Gap


def _now() -> int:
    return discord.utils.time_snowflake(discord.utils.utcnow())


NOW = _now()
MARGIN = MARGIN_MS << 22
HARBOUR, ABROAD = 7, (1 << 22) + 7


class Guild:
    """As much of a guild as counts here."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.shard_id = (number >> 22) % 2


GUILDS = [Guild(HARBOUR), Guild(ABROAD)]


@pytest.fixture
def doubts() -> Doubts:
    return Doubts()


@pytest.fixture
def gaps(doubts: Doubts) -> Gaps:
    return Gaps(doubts)


def taken(doubts: Doubts) -> tuple[Gap, ...]:
    return doubts.take().gaps


def gap(heard: int, *guilds: int | None) -> Gap:
    places = frozenset(None if each is None else GuildId(each) for each in guilds)
    return Gap(MessageId(heard - MARGIN), places)


def test_a_new_session_has_missed_what_is_newer_than_what_was_heard(
    gaps: Gaps, doubts: Doubts
) -> None:
    gaps.heard(1, NOW + 5)
    gaps.heard(1, NOW + 3)
    gaps.heard(0, NOW + 50)

    gaps.session_begins(1)
    gaps.heard(1, NOW + 100)  # heard by the new session
    gaps.session_is_ready(1, places_of(1, GUILDS))  # type: ignore[arg-type]  # as much of them as counts

    assert taken(doubts) == (gap(NOW + 5, ABROAD),)


def test_a_session_that_ends_before_it_is_ready_hides_nothing(gaps: Gaps, doubts: Doubts) -> None:
    gaps.heard(0, NOW + 5)
    gaps.session_begins(0)
    gaps.heard(0, NOW + 6)
    gaps.session_begins(0)
    gaps.session_is_ready(0, places_of(0, GUILDS))  # type: ignore[arg-type]

    assert taken(doubts) == (gap(NOW + 5, HARBOUR, None),)


def test_a_session_that_is_gone_on_with_has_no_gap(gaps: Gaps, doubts: Doubts) -> None:
    gaps.heard(0, NOW + 5)
    gaps.session_is_ready(0, places_of(0, GUILDS))  # type: ignore[arg-type]

    assert taken(doubts) == ()


def test_where_nothing_was_heard_the_gap_begins_with_the_process(
    doubts: Doubts,
) -> None:
    before, gaps = _now(), Gaps(doubts)
    gaps.session_begins(0)
    gaps.session_is_ready(0, places_of(0, GUILDS))  # type: ignore[arg-type]

    [found] = taken(doubts)
    assert before - MARGIN <= found.since <= _now() - MARGIN


def test_a_guild_that_was_out_of_order_is_looked_at_when_it_is_back(
    gaps: Gaps, doubts: Doubts
) -> None:
    harbour = GUILDS[0]
    gaps.heard(0, NOW + 5)
    gaps.guild_is_lost(harbour)  # type: ignore[arg-type]
    gaps.heard(0, NOW + 90)  # in another guild
    gaps.guild_is_back(harbour)  # type: ignore[arg-type]
    gaps.guild_is_back(harbour)  # type: ignore[arg-type]

    assert taken(doubts) == (gap(NOW + 5, HARBOUR),)
