"""Words that stop a story at once, and what is kept out of it; anybody who plays along has them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from bot.core.boundaries import Kind, bounded, unbounded
from bot.core.change import Change
from bot.core.errors import NoLiveScene, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneMemory
from bot.core.rights import Member
from bot.core.scene import ChannelId, SceneHead
from bot.core.story_acts import NothingToUndo
from bot.services.notices import Notices
from bot.services.undone import Undone

NO_SCENE = phrase("No scene is live here. Start one with /roleplay start.")
NOT_YOURS = phrase("Only who plays along here may do that.")
STOPPED = phrase("Somebody has stopped this here. What was told last is no part of the story.")
TRIES = 20
PAUSE_S = 0.25
"""Between two of them."""


class TakesBack(Protocol):
    """Takes the last replies back, whatever is going on."""

    async def undo(self, channel: ChannelId, who: Member, count: int, *, name: str) -> Undone: ...


class Safety:
    """Borrows all it is given. Every method may raise UserError, and what a store raises."""

    def __init__(
        self,
        store: SceneMemory,
        rewriting: TakesBack,
        notices: Notices,
        halt: Callable[[ChannelId], bool],
        forget_prompt: Callable[[ChannelId], None],
    ) -> None:
        """Borrow everything.

        Args:
            halt: ends the reply that is being written.
            forget_prompt: drops the prompt that was built last.
        """
        self._store = store
        self._rewriting = rewriting
        self._notices = notices
        self._halt = halt
        self._forget_prompt = forget_prompt

    async def stop(self, channel: ChannelId, who: Member, *, name: str) -> bool:
        """End what is being written and take the last turn back; False if there is none.

        Nobody is asked why, nor named.
        """
        head = await self._playing(channel, who)
        self._halt(channel)
        # Who plays along may do this, whoever was answered.
        may = replace(who, can_write=True, can_moderate=True, barred="")
        taken = await self._take_back(channel, may, name)
        await self._notices.say(head.place, STOPPED)
        return taken

    async def _take_back(self, channel: ChannelId, may: Member, name: str) -> bool:
        for _ in range(TRIES):
            try:
                await self._rewriting.undo(channel, may, 1, name=name)
            except NothingToUndo:
                return False
            except NoLiveScene:
                raise
            except UserError:  # somebody else is changing the story just then
                await asyncio.sleep(PAUSE_S)
            else:
                return True
        raise UserError(phrase("The story is being changed just now. Try again in a moment."))

    async def bound(self, channel: ChannelId, who: Member, kind: Kind, text: str) -> SceneHead:
        """Keep something out of the story, or behind a veil; returns the head as it is then."""
        return await self._change(channel, who, lambda head: bounded(head, kind, text))

    async def unbound(self, channel: ChannelId, who: Member, number: int) -> SceneHead:
        """Take the boundary of that number away."""
        return await self._change(channel, who, lambda head: unbounded(head, number))

    async def head(self, channel: ChannelId, who: Member) -> SceneHead:
        """The scene, for whoever plays in it."""
        return await self._playing(channel, who)

    async def _change(
        self, channel: ChannelId, who: Member, wish: Callable[[SceneHead], Change]
    ) -> SceneHead:
        for _ in range(TRIES):
            head = await self._playing(channel, who)
            change = wish(head)
            if await self._store.apply(channel, change, version=head.version):
                self._forget_prompt(channel)
                return change.head or head
        raise UserError(phrase("The story is being changed just now. Try again in a moment."))

    async def _playing(self, channel: ChannelId, who: Member) -> SceneHead:
        head = await self._store.head(channel)
        if head is None or not head.live:
            raise NoLiveScene(NO_SCENE)
        if who.user not in (head.owner, *head.players) and not who.can_moderate:
            raise UserError(NOT_YOURS)
        return head
