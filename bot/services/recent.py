"""The newest few of many: memory that cannot grow."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps a value each for the keys that were set last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[tuple[Key, Value]]:
        """All of them, what was set last at the end."""
        return iter(tuple(self._values.items()))

    def get(self, key: Key) -> Value | None:
        """The value that was set last, if it is still there."""
        return self._values.get(key)

    def set(self, key: Key, value: Value) -> None:
        """Keep *value*; what was set longest ago goes if there is no room."""
        self._values.pop(key, None)
        self._values[key] = value
        while len(self._values) > self._most:
            del self._values[next(iter(self._values))]

    def forget(self, key: Key) -> None:
        """Drop the value, if there is one."""
        self._values.pop(key, None)
