from hypothesis import given
from hypothesis import strategies as st

from bot.core.fairness import FairQueue


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_nobody_is_served_twice_while_another_waits(flows: list[str]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, flow in enumerate(flows):
        queue.push(flow, (flow, number))

    served = [queue.pop() for _ in flows]

    left = {flow: flows.count(flow) for flow in set(flows)}
    round_: set[str] = set()
    for item in served:
        assert item is not None
        flow = item[0]
        if flow in round_:
            assert not [other for other in left if left[other] and other not in round_]
            round_.clear()
        round_.add(flow)
        left[flow] -= 1
    assert queue.pop() is None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=10))
def test_within_a_flow_the_order_is_kept(items: list[int]) -> None:
    queue: FairQueue[int] = FairQueue()
    for item in items:
        queue.push("one", item)

    assert [queue.pop() for _ in items] == items


def test_what_was_discarded_is_not_served() -> None:
    queue: FairQueue[int] = FairQueue()
    queue.push("a", 1)
    queue.push("a", 2)

    queue.discard("a", 1)
    queue.discard("b", 5)

    assert len(queue) == 1
    assert queue.pop() == 2
