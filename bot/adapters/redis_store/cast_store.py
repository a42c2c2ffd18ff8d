"""The scene store of a bot that plays members' characters, too."""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import replace
from typing import Any

from bot.adapters.redis_store.store import RedisSceneStore
from bot.core.privacy import without, without_players
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    MessageId,
    Scene,
    SceneHead,
    Turn,
    UserId,
    Work,
)
from bot.core.store_answers import Ingested, Survey, Taken


class CastStore(RedisSceneStore):
    """Has the characters of each scene brought that it reads for somebody.

    So whoever holds a scene finds those who play in it as they are now. `survey` brings
    nobody: it reads all scenes at once, and whoever goes on with one reads it.

    Whatever is done with a scene goes through here. So whoever asked never to be
    stored is in none of them, whatever is kept of them still.

    Args:
        bring: told of the keys of all who play in a scene.
        unseen: users who are in no scene that is read.
    """

    def __init__(
        self,
        *given: Any,
        bring: Callable[[Sequence[CharacterKey]], Awaitable[None]],
        unseen: Container[UserId] = (),
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        self._bring = bring
        self._unseen = unseen

    async def head(self, channel: ChannelId) -> SceneHead | None:
        head = await super().head(channel)
        await self._known(head)
        return None if head is None else without_players(head, self._unseen)

    async def read(self, channel: ChannelId) -> Scene | None:
        scene = await super().read(channel)
        await self._known(scene.head if scene is not None else None)
        return None if scene is None else without(scene, self._unseen)

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]:
        return [self._visible(survey) for survey in await super().survey(channels)]

    def _visible(self, survey: Survey) -> Survey:
        head, last = without_players(survey.head, self._unseen), survey.last
        is_hidden = last is not None and last.author is not None and last.author in self._unseen
        return replace(survey, head=head, last=None if is_hidden else last)

    async def take(
        self, channel: ChannelId, owner: str, for_s: float, work: Work, **named: Any
    ) -> Taken | None:
        taken = await super().take(channel, owner, for_s, work, **named)
        if taken is None or taken.scene is None:
            return taken
        await self._known(taken.scene.head)
        return replace(taken, scene=without(taken.scene, self._unseen))

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        ingested = await super().ingest(channel, turn, seen=seen)
        if ingested.head is None:
            return ingested
        await self._known(ingested.head)
        return replace(ingested, head=without_players(ingested.head, self._unseen))

    async def saved(self, channel: ChannelId, name: str) -> Scene | None:
        scene = await super().saved(channel, name)
        await self._known(scene.head if scene is not None else None)
        return None if scene is None else without(scene, self._unseen)

    async def _known(self, head: SceneHead | None) -> None:
        if head is not None:
            await self._bring((head.character, *head.cast))
