"""What members do to what was said: memory first, then the screen, both equal afterwards.

Each wish is planned on the scene as it is, checked, and applied to that very
version of it; where the scene has gone on meanwhile, it is planned again. What
has to happen on the screen then is stored with the change, so that a process that
ends in between leaves nothing undone.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from bot.core import story_acts as acts
from bot.core.change import Change, Undo
from bot.core.errors import NoLiveScene, ScenePaused, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneMemory
from bot.core.redo import redo
from bot.core.rights import Action, Member, allow
from bot.core.scene import ChannelId, MessageId, Role, Scene, SceneHead, Turn, TurnId
from bot.core.unposted import is_to_be_posted
from bot.core.why import shown_by
from bot.services.debts import Debts
from bot.services.doubts import Doubts
from bot.services.live_reply import PART_LIMIT
from bot.services.outgoing import Fit, as_it_is
from bot.services.undone import Undone

UNDO_MS = 600_000
"""So long what was taken back can be brought back."""
TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""
A_MOMENT_S = 3.0
"""For a swipe or an undo to wait for what is being shown."""
EDIT_WAITS_S = 90.0
"""For an edit to wait for a reply in the making: what was typed is not thrown away."""
POST_WITHIN_S = 45.0

NO_SCENE = phrase("No scene is live here. Start one with /roleplay start.")
NOT_ALONE = phrase("The story is being changed just now. Try again in a moment.")
UNDER_WAY = phrase("A reply is being written already.")


class Pipeline(Protocol):
    """What of the turn pipeline has to do with it."""

    def is_writing(self, channel: ChannelId) -> bool: ...

    async def written(self, channel: ChannelId) -> None: ...

    async def halt(self, channel: ChannelId) -> None: ...

    async def show(self, channel: ChannelId, turn: TurnId) -> None: ...

    async def take_up(self, channel: ChannelId) -> bool: ...


class Forgets(Protocol):
    """Holds the prompt that was built last."""

    def forget(self, channel: ChannelId) -> None: ...


class PostTurn(Protocol):
    """Posts a stored turn that no message shows, and notes in which it stands."""

    async def __call__(self, head: SceneHead, turn: Turn, /) -> None: ...


_SHOWING = frozenset({Action.SWIPE, Action.EDIT_REPLY})


def _goes_on(_head: SceneHead) -> str:
    """No scene is paused."""
    return ""


async def _leave(_head: SceneHead, _turn: Turn, /) -> None:
    """Whoever posts turns finds it."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A scene as it was read, what takes its last change back, and what is to leave the screen."""

    scene: Scene
    kept: Undo | None
    owed: frozenset[MessageId]


@dataclass(frozen=True, slots=True)
class _Done:
    """A change that was made, of what, and which turn the screen has to show then."""

    seen: _Seen
    change: Change
    shows: TurnId | None


Plan = Callable[[_Seen], Change]


class Rewriting:
    """Borrows all it is given. Every method may raise UserError and what a store raises."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        pipeline: Pipeline,
        prompting: Forgets,
        debts: Debts,
        doubts: Doubts,
        now_ms: Callable[[], int],
        post: PostTurn = _leave,
        why_paused: Callable[[SceneHead], str] = _goes_on,
        fit: Fit = as_it_is,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._prompting = prompting
        self._debts = debts
        self._doubts = doubts
        self._post = post
        self._why_paused = why_paused
        self._fit = fit
        self._now_ms = now_ms
        self._busy: set[ChannelId] = set()

    async def undo(self, channel: ChannelId, who: Member, count: int, *, name: str) -> Undone:
        """Take the last replies back, each with the lines it answers."""

        def plan(seen: _Seen) -> Change:
            return acts.undo(seen.scene, count, name=name, **self._times())

        return await self._take_back(channel, who, plan, name)

    async def rewind(
        self, channel: ChannelId, who: Member, message: MessageId, *, name: str
    ) -> Undone:
        """Take back all that stands behind *message*."""

        def plan(seen: _Seen) -> Change:
            turn = self.turn_of(seen.scene, message)
            return acts.rewind(seen.scene, turn.id, name=name, **self._times())

        return await self._take_back(channel, who, plan, name)

    async def redo(self, channel: ChannelId, who: Member, *, name: str) -> int:
        """Bring back what was taken under *name*; returns how many turns that is."""

        def plan(seen: _Seen) -> Change:
            return redo(seen.scene, seen.kept, name=name, now_ms=self._now_ms(), owed=seen.owed)

        count, is_whole = 0, False
        async with self._alone(channel):
            seen = await self._read(channel)
            self._planned(seen, who, Action.UNDO, plan)
            await self._debts.look(seen.scene.head.place, seen.kept.put if seen.kept else ())
            while not is_whole:
                await self._settled(channel, A_MOMENT_S)
                async with self._debts.resting(channel):
                    done = await self._change(channel, who, Action.UNDO, plan)
                await self._bring_back(done)
                count, is_whole = count + len(done.change.put), done.change.undo is None
        return count

    async def delete(self, channel: ChannelId, who: Member, turn: TurnId) -> None:
        """Forget one turn; what we posted of it leaves the screen."""
        was_writing = self._pipeline.is_writing(channel)

        def plan(seen: _Seen) -> Change:
            return acts.delete(seen.scene, turn, now_ms=self._now_ms())

        async with self._alone(channel):
            done = await self._change(channel, who, Action.DELETE, plan, halts=True)
            await self._follow(done)
            left = [each for each in done.seen.scene.turns if each.id != turn]
            last = left[-1] if left else None
            if was_writing and last is not None and last.role is not Role.CHARACTER:
                await self._pipeline.take_up(channel)  # its reply was ended for this

    async def hide(self, channel: ChannelId, who: Member, turn: TurnId, *, hidden: bool) -> None:
        """Keep the model from reading a turn, or let it."""
        await self._change(
            channel, who, Action.HIDE, lambda seen: acts.hide(seen.scene, turn, hidden=hidden)
        )

    async def pin(self, channel: ChannelId, who: Member, turn: TurnId, *, pinned: bool) -> None:
        """Keep a turn in the prompt for good, or no longer."""
        await self._change(
            channel, who, Action.PIN, lambda seen: acts.pin(seen.scene, turn, pinned=pinned)
        )

    async def edit(
        self, channel: ChannelId, who: Member, turn: TurnId, text: str, *, stamp: str, by: str
    ) -> None:
        """Give a reply another text. One that is being written is waited for.

        Raises:
            TextChanged: somebody else has changed it since it was opened.
        """
        fit = await self._fit((await self.live(channel)).head.place, text)

        def plan(seen: _Seen) -> Change:
            return acts.edit_reply(
                seen.scene,
                turn,
                fit,
                part_limit=PART_LIMIT,
                stamp=stamp,
                by=by,
                now_ms=self._now_ms(),
            )

        async with self._alone(channel):
            await self._settled(channel, EDIT_WAITS_S)
            await self._follow(await self._change(channel, who, Action.EDIT_REPLY, plan))

    async def select(self, channel: ChannelId, who: Member, turn: TurnId, step: int) -> None:
        """Show the swipe *step* places further on, of the newest reply."""

        def plan(seen: _Seen) -> Change:
            return acts.select(seen.scene, turn, step, now_ms=self._now_ms())

        async with self._alone(channel):
            await self._settled(channel, A_MOMENT_S)
            await self._follow(await self._change(channel, who, Action.SWIPE, plan))

    async def opened(self, channel: ChannelId, who: Member, turn: TurnId) -> Turn:
        """The reply that somebody is about to edit."""
        scene = await self._live_with(channel, turn)
        found = acts.editable(scene, turn)
        allow(Action.EDIT_REPLY, who, scene.head, acts.answered_by(scene, found))
        self._check_shown(Action.EDIT_REPLY, scene.head)
        return found

    async def newest(self, channel: ChannelId, who: Member, action: Action, turn: TurnId) -> Turn:
        """The newest reply, if *who* may do *action* to it and it is that turn.

        Raises:
            TooOldForButtons: it is another one.
        """
        scene = await self._live_with(channel, turn)
        found = acts.newest_reply(scene, turn)
        allow(action, who, scene.head, acts.answered_by(scene, found))
        return found

    async def _live_with(self, channel: ChannelId, turn: TurnId) -> Scene:
        """The live scene; a reply may have its buttons a moment before it is remembered."""
        scene = await self.live(channel)
        if self._pipeline.is_writing(channel) and all(each.id < turn for each in scene.turns):
            with suppress(UserError):
                await self._settled(channel, A_MOMENT_S)
            scene = await self.live(channel)
        return scene

    async def live(self, channel: ChannelId) -> Scene:
        """The channel's live scene.

        Raises:
            NoLiveScene: it has none.
        """
        scene = await self._store.read(channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene(NO_SCENE)
        return scene

    def turn_of(self, scene: Scene, message: MessageId) -> Turn:
        """The turn that *message* shows.

        Raises:
            UserError: it shows none.
        """
        turn = shown_by(scene, message)
        if turn is None:
            raise UserError(phrase("This message is no part of the story."))
        return turn

    async def _take_back(self, channel: ChannelId, who: Member, plan: Plan, name: str) -> Undone:
        async with self._alone(channel):
            done = await self._change(channel, who, Action.UNDO, plan, halts=True)
            stuck = await self._follow(done)
        gone = _gone(done)
        replies = sum(turn.role is Role.CHARACTER for turn in gone)
        kept_as = name if done.change.undo is not None else ""
        return Undone(replies, len(gone) - replies, kept_as, stuck)

    async def _bring_back(self, done: _Done) -> None:
        """Put on the screen what memory has back."""
        change, head = done.change, done.seen.scene.head
        channel, last = head.place.channel, change.put[-1]
        lines = [each for turn in change.put for each in turn.messages]
        if lines:  # while they were no part of the story, nobody heard what became of them
            self._doubts.changed(channel, min(lines))
        await self._debts.unmark(head.place, change.put)
        if is_to_be_posted(last):
            await self._post(head, last)
        await self._follow(done)
        try:
            async with asyncio.timeout(POST_WITHIN_S):
                await self._pipeline.written(channel)
        except TimeoutError:
            raise UserError(phrase("Discord takes long. Press Redo again for the rest.")) from None

    async def _change(
        self,
        channel: ChannelId,
        who: Member,
        action: Action,
        plan: Plan,
        *,
        halts: bool = False,
    ) -> _Done:
        """Plan and apply until the scene was what was planned for.

        Args:
            halts: what is being written, or waits, is not wanted any more. It is
                ended only for somebody who may do that.
        """
        self._planned(await self._read(channel), who, action, plan)
        for _ in range(TRIES):
            if halts:
                await self._pipeline.halt(channel)
            seen = await self._read(channel)
            change = planned = self._planned(seen, who, action, plan)
            if change.work is not None or change.drop:
                noted = await self._store.work(channel)
                if self._pipeline.is_writing(channel):  # a line has come meanwhile
                    if not halts:
                        raise UserError(UNDER_WAY)
                    continue
                change = acts.beside(change, seen.scene, noted)
            if await self._store.apply(channel, change, version=seen.scene.head.version):
                self._prompting.forget(channel)  # it holds what has been changed
                shown = change.work or planned.work
                return _Done(seen, change, shown.reply if shown is not None else None)
        raise UserError(NOT_ALONE)

    def _planned(self, seen: _Seen, who: Member, action: Action, plan: Plan) -> Change:
        change = plan(seen)
        allow(action, who, seen.scene.head, acts.answered(seen.scene, change))
        self._check_shown(action, seen.scene.head)
        return change

    def _check_shown(self, action: Action, head: SceneHead) -> None:
        """Raise ScenePaused where *action* would show what may not be shown there now."""
        if action in _SHOWING and (reason := self._why_paused(head)):
            raise ScenePaused(reason)

    async def _read(self, channel: ChannelId) -> _Seen:
        # In this order: whatever replaces the undo changes the scene's version.
        scene = await self.live(channel)
        kept = await self._store.undo(channel)
        return _Seen(scene, kept, frozenset(await self._store.owed(channel)))

    async def _follow(self, done: _Done) -> int:
        """Have the screen follow what was applied; returns how many messages stay there."""
        place = done.seen.scene.head.place
        if done.shows is not None:
            await self._pipeline.show(place.channel, done.shows)
        stuck = await self._debts.pay(place) if done.change.owed else 0
        await self._debts.mark(place, _gone(done))
        return stuck

    async def _settled(self, channel: ChannelId, within_s: float) -> None:
        """Wait until nothing is being written.

        Raises:
            UserError: that takes too long.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._pipeline.written(channel)
        except TimeoutError:
            raise UserError(UNDER_WAY) from None

    @asynccontextmanager
    async def _alone(self, channel: ChannelId) -> AsyncGenerator[None, None]:
        """Let nobody else change the story there while the block lasts."""
        if channel in self._busy:
            raise UserError(NOT_ALONE)
        self._busy.add(channel)
        try:
            yield
        finally:
            self._busy.discard(channel)

    def _times(self) -> dict[str, int]:
        now_ms = self._now_ms()
        return {"now_ms": now_ms, "until_ms": now_ms + UNDO_MS}


def _gone(done: _Done) -> list[Turn]:
    return [turn for turn in done.seen.scene.turns if turn.id in done.change.drop]
