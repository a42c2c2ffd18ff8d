"""`StoryStore` in memory: the part of `MemorySceneStore` that changes a story as a whole."""

from collections.abc import Callable, Sequence

from bot.core.change import Change, Undo
from bot.core.scene import ChannelId, MessageId, Scene
from bot.core.store_answers import Saved
from bot.core.store_ports import MOST_SAVES
from tests.fakes.memory_channel import MemoryChannel

UNDO_S = 600.0


class MemoryStories:
    """As `StoryStore`."""

    _channels: dict[ChannelId, MemoryChannel]
    _clock_s: Callable[[], float]

    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        found = self._channels.get(channel)
        if found is None:
            return False
        if found.applied == (version, change):
            return True
        if found.head.version != version or not found.owed.issuperset(change.forgiven):
            return False
        found.apply(change)
        found.applied = (version, change)
        if change.undo is not None:
            found.undo_until_s = self._clock_s() + UNDO_S
        return True

    async def paid(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        if (found := self._channels.get(channel)) is not None:
            found.owed -= set(messages)

    async def owed(self, channel: ChannelId) -> Sequence[MessageId]:
        found = self._channels.get(channel)
        return tuple(sorted(found.owed)) if found else ()

    async def undo(self, channel: ChannelId) -> Undo | None:
        found = self._channels.get(channel)
        if found is None or found.undo is None or self._clock_s() >= found.undo_until_s:
            return None
        return found.undo

    async def save(self, channel: ChannelId, name: str, scene: Scene, at_ms: int) -> bool:
        found = self._channels.get(channel)
        if found is None or (name not in found.saves and len(found.saves) >= MOST_SAVES):
            return False
        found.saves[name] = (scene, at_ms)
        return True

    async def saved(self, channel: ChannelId, name: str) -> Scene | None:
        found = self._channels.get(channel)
        return found.saves[name][0] if found and name in found.saves else None

    async def saves(self, channel: ChannelId) -> Sequence[Saved]:
        found = self._channels.get(channel)
        kept = found.saves.items() if found else ()
        saves = [
            Saved(name, at_ms, len(scene.turns), scene.head.character_name)
            for name, (scene, at_ms) in kept
        ]
        return sorted(saves, key=lambda save: (-save.at_ms, save.name))

    async def drop_save(self, channel: ChannelId, name: str) -> bool:
        found = self._channels.get(channel)
        return found is not None and found.saves.pop(name, None) is not None
