"""S28: token buckets of members and servers, on a clock of the test's own."""

import pytest

from bot.core.errors import UserError
from bot.core.scene import GuildId, UserId
from bot.core.token_bucket import Rate
from bot.services import limits
from bot.services.limits import Limits, Rates

MARA, TOM, ISLAND, COAST = UserId(1), UserId(2), GuildId(7), GuildId(8)
RATES = Rates(
    member=Rate(10, 30.0), server=Rate(60, 30.0), uploads=Rate(5, 600.0), reports=Rate(3, 3600.0)
)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Limits:
    return Limits(RATES, clock)


def used(desk: Limits, user: UserId, guild: GuildId | None = ISLAND, *, times: int = 1) -> int:
    """How many of so many uses are let through."""
    return sum(not desk.why_no_use(user, guild) for _ in range(times))


def test_s28_a_member_uses_ten_in_half_a_minute(desk: Limits, clock: Clock) -> None:
    assert used(desk, MARA, times=30) == 10
    assert desk.why_no_use(MARA, COAST) == "That is faster than I can follow. Try again in 3 s."
    assert used(desk, TOM) == 1

    clock.now_s = 30.0

    assert used(desk, MARA, times=30) == 10


def test_s28_a_server_uses_sixty_in_half_a_minute_whoever_it_is(desk: Limits) -> None:
    assert sum(used(desk, UserId(100 + n), times=2) for n in range(50)) == 60
    assert used(desk, MARA) == 0
    assert used(desk, MARA, COAST) == 1
    assert used(desk, MARA, None) == 1


def test_s28_what_is_refused_costs_nothing(desk: Limits, clock: Clock) -> None:
    used(desk, MARA, times=1000)
    clock.now_s = 3.0

    assert used(desk, MARA, times=2) == 1


def test_s28_lines_are_counted_beside_commands(desk: Limits) -> None:
    assert sum(desk.may_ask(MARA, ISLAND) for _ in range(20)) == 10
    assert used(desk, MARA) == 1


def test_s28_a_member_uploads_five_files_in_ten_minutes(desk: Limits, clock: Clock) -> None:
    for _ in range(5):
        desk.admit_upload(MARA)
    with pytest.raises(UserError, match="many files"):
        desk.admit_upload(MARA)
    desk.admit_upload(TOM)

    clock.now_s = 120.0

    desk.admit_upload(MARA)


def test_s28_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS_KEPT", 100)
    small = Limits(RATES)

    for number in range(1000):
        small.why_no_use(UserId(number), GuildId(number))

    assert len(small._buckets) == 100


def test_s35_a_member_reports_three_messages_an_hour(desk: Limits, clock: Clock) -> None:
    for _ in range(3):
        desk.admit_report(MARA)
    with pytest.raises(UserError, match="reported several"):
        desk.admit_report(MARA)
    desk.admit_report(TOM)

    clock.now_s = 1200.0

    desk.admit_report(MARA)
