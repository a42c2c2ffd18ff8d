from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.metrics import Event, Stage
from bot.core.scene import ChannelId
from bot.services.prefix_meter import PrefixMeter, common_prefix
from bot.services.recent import Recent

HARBOUR, TAVERN, TOWER = ChannelId(1), ChannelId(2), ChannelId(3)
IDS = st.lists(st.integers(0, 2), max_size=40)


class Reuse:
    """Metrics that note how much of which prompt was known."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def prefix_reused(self, *, reused: int, total: int) -> None:
        self.seen.append((reused, total))

    def turn_ended(self, outcome: str, seconds: float) -> None:
        raise AssertionError((outcome, seconds))

    def first_text(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def took(self, stage: Stage, seconds: float) -> None:
        raise AssertionError((stage, seconds))

    def count(self, event: Event, label: str = "", times: int = 1) -> None:
        raise AssertionError((event, label, times))

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None:
        raise AssertionError((prompt_tokens, new_tokens))

    def foreign_post(self) -> None:
        raise AssertionError


def common_by_hand(one: Sequence[int], other: Sequence[int]) -> int:
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same += 1
    return same


@settings(max_examples=500, deadline=None)
@given(IDS, IDS, IDS)
def test_the_common_beginning_is_found_however_the_rest_looks(
    start: list[int], one: list[int], other: list[int]
) -> None:
    mine, theirs = array("l", start + one), array("l", start + other)

    assert common_prefix(mine, theirs) == common_by_hand(mine, theirs)


def test_each_channel_is_measured_against_its_own_last_prompt() -> None:
    metrics = Reuse()
    meter = PrefixMeter(metrics)

    assert meter.measure(HARBOUR, [1, 2, 3]) == 0
    assert meter.measure(TAVERN, [1, 2, 3]) == 0
    assert meter.measure(HARBOUR, [1, 2, 3, 4]) == 3
    assert meter.measure(HARBOUR, [1, 9, 3, 4]) == 1
    assert meter.measure(HARBOUR, [1]) == 1
    assert metrics.seen == [(0, 3), (0, 3), (3, 4), (1, 4), (1, 1)]


def test_what_was_forgotten_counts_as_new() -> None:
    meter = PrefixMeter(Reuse())
    meter.measure(HARBOUR, [1, 2, 3])

    meter.forget(HARBOUR)

    assert meter.measure(HARBOUR, [1, 2, 3]) == 0


def test_the_channel_measured_longest_ago_makes_room() -> None:
    meter = PrefixMeter(Reuse(), channels=2)
    meter.measure(HARBOUR, [1, 2])
    meter.measure(TAVERN, [1, 2])
    meter.measure(HARBOUR, [1, 2])

    meter.measure(TOWER, [1, 2])

    assert meter.measure(HARBOUR, [1, 2]) == 2
    assert meter.measure(TAVERN, [1, 2]) == 0


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_values_are_kept_than_there_is_room_for(most: int) -> None:
    recent: Recent[int, str] = Recent(most)

    for number in range(10):
        recent.set(number, str(number))

    assert len(recent) == most
    assert recent.get(9) == "9"
    assert recent.get(9 - most) is None
