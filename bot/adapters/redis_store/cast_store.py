"""The scene store of a bot that plays members' characters, too."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.adapters.redis_store.store import RedisSceneStore
from bot.core.scene import ChannelId, CharacterKey, MessageId, Scene, SceneHead, Turn, Work
from bot.core.store_answers import Ingested, Taken


class CastStore(RedisSceneStore):
    """Has the characters of each scene brought that it reads for somebody.

    So whoever holds a scene finds those who play in it as they are now. `survey` is
    left out: it reads all scenes at once, and whoever goes on with one reads it.

    Args:
        bring: told of the keys of all who play in a scene.
    """

    def __init__(
        self, *given: Any, bring: Callable[[Sequence[CharacterKey]], Awaitable[None]], **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self._bring = bring

    async def head(self, channel: ChannelId) -> SceneHead | None:
        head = await super().head(channel)
        await self._known(head)
        return head

    async def read(self, channel: ChannelId) -> Scene | None:
        scene = await super().read(channel)
        await self._known(scene.head if scene is not None else None)
        return scene

    async def take(
        self, channel: ChannelId, owner: str, for_s: float, work: Work, **named: Any
    ) -> Taken | None:
        taken = await super().take(channel, owner, for_s, work, **named)
        scene = taken.scene if taken is not None else None
        await self._known(scene.head if scene is not None else None)
        return taken

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        ingested = await super().ingest(channel, turn, seen=seen)
        await self._known(ingested.head)
        return ingested

    async def saved(self, channel: ChannelId, name: str) -> Scene | None:
        scene = await super().saved(channel, name)
        await self._known(scene.head if scene is not None else None)
        return scene

    async def _known(self, head: SceneHead | None) -> None:
        if head is not None:
            await self._bring((head.character, *head.cast))
