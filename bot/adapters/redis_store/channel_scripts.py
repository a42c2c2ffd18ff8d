"""The scripts of a channel, run on its keys."""

from collections.abc import Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.scripts import Script
from bot.core.errors import StoreRefusesWrites
from bot.core.scene import ChannelId


class ChannelScripts:
    """Shares the calls of a store.

    Args:
        names: of the scripts.
        keep: turns remembered per channel; deleted ones count until trimmed.
        ttl: a channel that is not written for so long is forgotten.
    """

    def __init__(self, calls: Calls, names: Iterable[str], *, keep: int, ttl: timedelta) -> None:
        self._calls = calls
        self._scripts = {name: Script(name) for name in names}
        self.common = (keys.SCHEMA_VERSION, int(ttl.total_seconds() * 1000), keep)
        """What every script is told first."""

    async def ask(self, name: str, channel: ChannelId) -> Any:
        """Run a script that only reads."""
        return await self._calls.run(self.part(name, channel, ()))

    async def ask_each(self, name: str, channels: Sequence[ChannelId]) -> list[Any]:
        """Run a script that only reads in many channels; None where Redis refuses it."""
        calls = [(keys.channel_keys(channel), self.common) for channel in channels]
        answers = await self._calls.run(self._scripts[name].run_each(self._calls.redis, calls))
        return [None if _is_refusal(answer) else answer for answer in answers]

    async def change(
        self, name: str, channel: ChannelId, *args: str | int, more_keys: Sequence[str] = ()
    ) -> Any:
        """Run a script to its end."""
        return await self._calls.unbroken(self.part(name, channel, args, more_keys))

    async def change_and_read(
        self, name: str, channel: ChannelId, args: Sequence[str | int], *reads: Sequence[str]
    ) -> list[Any]:
        """Run a script to its end and then *reads*, in one round trip."""
        found: list[Any] = await self._calls.unbroken(
            self.part_and_read(name, channel, args, *reads)
        )
        return found

    # The parts of a longer change, which has the deadline.

    def part(
        self,
        name: str,
        channel: ChannelId,
        args: Sequence[str | int],
        more_keys: Sequence[str] = (),
    ) -> Coroutine[Any, Any, Any]:
        """Run a script; *more_keys* of the channel stand behind those of every script."""
        given, channel_keys = (*self.common, *args), (*keys.channel_keys(channel), *more_keys)
        return self._scripts[name].run(self._calls.redis, channel_keys, given)

    def part_and_read(
        self, name: str, channel: ChannelId, args: Sequence[str | int], *reads: Sequence[str]
    ) -> Coroutine[Any, Any, list[Any]]:
        """Run a script and then *reads*, in one round trip."""
        given, channel_keys = (*self.common, *args), keys.channel_keys(channel)
        return self._scripts[name].run_with(self._calls.redis, channel_keys, given, *reads)


def _is_refusal(answer: Any) -> bool:
    """Raises what says nothing about this channel."""
    if not isinstance(answer, Exception):
        return False
    try:
        with translated():
            raise answer
    except StoreRefusesWrites:
        return True
