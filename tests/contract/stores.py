"""What the contract of the stores is asked through."""

from typing import Protocol

from bot.core.ports import GuildStore, NoteStore, PersonaStore, SceneStore, StoryStore
from bot.core.scene import ChannelId, SceneHead
from tests.scenes import HARBOUR

KEEP = 5


class Store(SceneStore, StoryStore, PersonaStore, GuildStore, NoteStore, Protocol):
    pass


async def texts(store: SceneStore, channel: ChannelId = HARBOUR) -> list[str]:
    found = await store.read(channel)
    assert found is not None
    return [turn.text for turn in found.turns]


async def head_of(store: SceneStore, channel: ChannelId = HARBOUR) -> SceneHead:
    found = await store.head(channel)
    assert found is not None
    return found
