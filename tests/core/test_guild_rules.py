import pytest

from bot.core.errors import UserError
from bot.core.guild_rules import MOST_BLOCKED, MOST_CHANNELS, ChannelRule, GuildRules, RoleId
from bot.core.scene import ChannelId, GuildId, Place, UserId

GUILD = GuildId(1)
TAVERN = Place(ChannelId(10), GUILD, ChannelId(10))
THREAD = Place(ChannelId(11), GUILD, ChannelId(10))
HARBOUR = Place(ChannelId(20), GUILD, ChannelId(20))
MARA, TOM = UserId(1), UserId(2)
PLAYERS, GUESTS = RoleId(5), RoleId(6)
NOTHING = GuildRules()


def rules(channel: Place, rule: ChannelRule) -> GuildRules:
    return NOTHING.with_channel(channel.channel, rule)


@pytest.mark.parametrize("is_open", [True, False])
def test_where_nothing_is_settled_the_host_says_whether_members_start(*, is_open: bool) -> None:
    assert NOTHING.may_start(TAVERN, is_open=is_open) is is_open


def test_an_allowed_channel_is_open_with_its_threads_and_closes_the_others() -> None:
    allowed = rules(TAVERN, ChannelRule.ALLOWED)

    assert allowed.may_start(TAVERN, is_open=False)
    assert allowed.may_start(THREAD, is_open=False)
    assert not allowed.may_start(HARBOUR, is_open=True)
    assert not allowed.is_denied(HARBOUR)  # what plays there goes on


def test_a_channel_where_an_admin_started_closes_no_others() -> None:
    started = rules(TAVERN, ChannelRule.STARTED)

    assert started.may_start(THREAD, is_open=False)
    assert started.may_start(HARBOUR, is_open=True)


def test_a_denied_channel_is_so_with_its_threads_unless_one_is_allowed() -> None:
    denied = rules(TAVERN, ChannelRule.DENIED)

    assert denied.is_denied(TAVERN)
    assert denied.is_denied(THREAD)
    assert not denied.may_start(TAVERN, is_open=True)
    assert not denied.with_channel(THREAD.channel, ChannelRule.ALLOWED).is_denied(THREAD)
    assert not denied.with_channel(TAVERN.channel, None).is_denied(TAVERN)


def test_a_denied_role_is_kept_out_also_with_an_allowed_one() -> None:
    settled = NOTHING.with_role(PLAYERS, lets_in=True).with_role(GUESTS, lets_in=False)

    assert not settled.bars(MARA, {PLAYERS})
    assert settled.bars(MARA, {PLAYERS, GUESTS})
    assert settled.bars(MARA, set())
    assert not NOTHING.with_role(GUESTS, lets_in=False).bars(MARA, set())
    assert not NOTHING.bars(MARA, {GUESTS})


def test_a_blocked_member_is_kept_out_whatever_their_roles() -> None:
    settled = NOTHING.with_role(PLAYERS, lets_in=True).with_block(MARA, blocked=True)

    assert settled.bars(MARA, {PLAYERS})
    assert not settled.with_block(MARA, blocked=False).bars(MARA, {PLAYERS})
    assert not settled.bars(TOM, {PLAYERS})


def test_there_is_an_end_to_what_can_be_settled() -> None:
    settled = NOTHING
    for number in range(MOST_CHANNELS):
        settled = settled.with_channel(ChannelId(number), ChannelRule.DENIED)
    with pytest.raises(UserError):
        settled.with_channel(ChannelId(MOST_CHANNELS), ChannelRule.DENIED)
    settled.with_channel(ChannelId(0), ChannelRule.ALLOWED)  # of one that is there

    for number in range(MOST_BLOCKED):
        settled = settled.with_block(UserId(number), blocked=True)
    with pytest.raises(UserError):
        settled.with_block(UserId(MOST_BLOCKED), blocked=True)


def test_all_of_it_outlives_being_written() -> None:
    settled = (
        rules(TAVERN, ChannelRule.ALLOWED)
        .with_role(PLAYERS, lets_in=True)
        .with_block(TOM, blocked=True)
        .managed_by(GUESTS)
        .kept_for(30)
        .with_links(keep=True)
    )

    assert GuildRules.from_text(settled.to_text()) == settled
    assert NOTHING.to_text() == ""
    assert GuildRules.from_text("") == NOTHING
