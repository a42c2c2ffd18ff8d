import pytest

from bot.core.pacing import Pacer
from bot.core.scene import ChannelId

HARBOUR = ChannelId(7)
TAVERN = ChannelId(8)


@pytest.mark.parametrize(("replies", "interval_s"), [(1, 1.25), (2, 2.5), (3, 2.5), (4, 2.5)])
def test_replies_that_grow_side_by_side_slow_each_other_down(
    replies: int, interval_s: float
) -> None:
    pacer = Pacer()

    for _ in range(replies):
        pacer.begin(HARBOUR)

    assert pacer.interval_s(HARBOUR) == interval_s


def test_other_channels_do_not_slow_a_reply_down() -> None:
    pacer = Pacer()
    pacer.begin(HARBOUR)
    pacer.begin(HARBOUR)
    pacer.begin(TAVERN)

    assert pacer.interval_s(TAVERN) == 1.25


def test_a_reply_that_has_ended_counts_no_more() -> None:
    pacer = Pacer()
    pacer.begin(HARBOUR)
    pacer.begin(HARBOUR)

    pacer.end(HARBOUR)

    assert pacer.interval_s(HARBOUR) == 1.25


def test_nothing_is_kept_of_channels_where_nothing_grows() -> None:
    pacer = Pacer()
    pacer.begin(HARBOUR)
    pacer.sent(HARBOUR, 0.0)

    pacer.end(HARBOUR)

    assert pacer._channels == {}


def test_the_wait_is_what_is_left_of_the_interval() -> None:
    pacer = Pacer()
    pacer.begin(HARBOUR)

    assert pacer.wait_s(HARBOUR, last_at=10.0, now=10.5) == 0.75
    assert pacer.wait_s(HARBOUR, last_at=10.0, now=12.0) == 0.0


def test_growth_leaves_one_call_of_every_window_to_the_final_text() -> None:
    pacer = Pacer(every_s=0.01, at_most_s=0.01, calls=5, window_s=2.0)
    pacer.begin(HARBOUR)
    now = 0.0
    grown_at: list[float] = []

    while now < 20:
        if pacer.wait_s(HARBOUR, last_at=grown_at[-1] if grown_at else -9.0, now=now) == 0:
            pacer.sent(HARBOUR, now)
            grown_at.append(now)
        now += 0.01

    assert len(grown_at) >= 36
    for start in grown_at:
        assert sum(start <= at < start + 1.99 for at in grown_at) <= 4
