"""Whose turn it is when many wait: one after the other, however much each asks."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """First in, first out for each flow; round robin between flows."""

    def __init__(self) -> None:
        self._flows: OrderedDict[Hashable, deque[Item]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._flows.values()))

    def push(self, flow: Hashable, item: Item) -> None:
        """Queue *item* behind the others of its flow."""
        self._flows.setdefault(flow, deque()).append(item)

    def pop(self) -> Item | None:
        """Take the item whose turn it is; its flow goes to the end of the round."""
        if not self._flows:
            return None
        flow, items = self._flows.popitem(last=False)
        item = items.popleft()
        if items:
            self._flows[flow] = items
        return item

    def discard(self, flow: Hashable, item: Item) -> None:
        """Take *item* out, wherever it stands; one that is gone is fine."""
        items = self._flows.get(flow)
        if items is None or item not in items:
            return
        items.remove(item)
        if not items:
            del self._flows[flow]
