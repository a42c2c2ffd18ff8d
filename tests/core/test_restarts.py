"""How a bot that crashes on and on is slowed down."""

from itertools import accumulate

from bot.core.restarts import AT_MOST_S, pause_after

A_DAY_S = 24 * 3600
STARTS_OF_A_DAY, KEPT = 1000, 100


def test_the_first_start_and_one_after_a_good_run_do_not_wait() -> None:
    assert pause_after(0) == 0


def test_every_vain_start_doubles_the_pause_up_to_minutes() -> None:
    pauses = [pause_after(count) for count in range(1, 12)]

    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses == sorted(pauses)
    assert pauses[-1] == AT_MOST_S == pause_after(10**9)


def test_a_day_of_crashes_leaves_most_of_a_days_starts() -> None:
    began_at = accumulate(pause_after(count) for count in range(STARTS_OF_A_DAY))

    assert sum(at < A_DAY_S for at in began_at) < (STARTS_OF_A_DAY - KEPT) / 3
