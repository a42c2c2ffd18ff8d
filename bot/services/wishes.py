"""What members ask of a story's replies, beside writing lines.

A wish is stored before anything is done about it, so that a restart right after
the click changes nothing: what is noted as work is taken up by whoever comes next.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from bot.core.change import Change
from bot.core.errors import NoLiveScene, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneMemory
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    MessageId,
    Scene,
    SceneHead,
    TurnId,
    UserId,
    Work,
)
from bot.services import again
from bot.services.casting import Casting
from bot.services.interrupt import Reason
from bot.services.lane import Lane, Trigger

HALT_WITHIN_S = 15.0
TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""

ABOUT_TO_RESTART = phrase("I am about to restart. Please try again in a minute.")
UNDER_WAY = phrase("A reply is being written already.")
NO_SCENE = phrase("No scene is live here. Start one with /roleplay start.")


class Wishes:
    """The part of the turn pipeline that members ask for replies.

    Args:
        poke: has a lane serve a trigger.
    """

    def __init__(
        self,
        *,
        store: SceneMemory,
        casting: Casting,
        lanes: Mapping[ChannelId, Lane],
        poke: Callable[[SceneHead, Trigger], None],
        is_closing: Callable[[], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._casting = casting
        self._lanes = lanes
        self._poke = poke
        self._is_closing = is_closing
        self._now_ms = now_ms

    @property
    def in_flight(self) -> int:
        """In how many channels a reply is being made, or waits."""
        return len(self._lanes)

    def stop(self, channel: ChannelId) -> bool:
        """End the reply that is being written, keeping what is shown; False if there is none."""
        lane = self._lanes.get(channel)
        if lane is None:
            return False
        lane.interrupt.request(Reason.STOP)
        return True

    async def stopped(self, channel: ChannelId) -> None:
        """Stop, and wait for the end, or for so long as is sensible."""
        if self.stop(channel):
            with suppress(TimeoutError):
                async with asyncio.timeout(HALT_WITHIN_S):
                    await self._lanes[channel].finished.wait()

    async def halt(self, channel: ChannelId) -> None:
        """End what is written and what waits there: nobody wants it any more.

        Raises:
            UserError: it does not end in time.
        """
        lane = self._lanes.get(channel)
        if lane is None:
            return
        lane.drop()
        try:
            async with asyncio.timeout(HALT_WITHIN_S):
                await lane.finished.wait()
        except TimeoutError:
            raise UserError(
                phrase("A reply is still being ended. Try again in a moment.")
            ) from None

    async def retry(self, channel: ChannelId, trigger: TurnId) -> bool:
        """Ask again for the reply to *trigger*, if the story has not gone on.

        Returns whether that began a new try; False if one is under way.

        Raises:
            UserError: there is nothing to answer again; says why.
        """
        if self._under_way(channel, trigger):
            return False
        scene = await self._live_scene(channel)
        wanted = again.anew(scene, trigger)
        speaker = self._casting.who_answers_again(scene, wanted)
        self._poke(scene.head, replace(wanted, speaker=speaker))
        return True

    async def swipe(self, channel: ChannelId, reply: TurnId) -> bool:
        """Have another text written for the newest reply; returns as `retry` does.

        Raises:
            UserError: it is not the newest, or the story has gone on.
        """
        return await self._ask(channel, lambda scene: again.swipe(scene, reply))

    async def continue_reply(
        self, channel: ChannelId, reply: TurnId | None = None, hint: str = ""
    ) -> bool:
        """Let the newest reply go on where it ends; returns as `retry` does.

        Args:
            reply: which one that is for whoever asks; None takes any.
            hint: what it is told for that.

        Raises:
            UserError: there is no such reply, or the story has gone on.
        """

        def wanted(scene: Scene) -> Trigger:
            newest = scene.turns[-1].id if scene.turns else TurnId("")
            return again.going_on(scene, newest if reply is None else reply)

        return await self._ask(channel, wanted, hint=hint)

    async def talk(
        self, channel: ChannelId, asker: UserId, event: MessageId, speaker: CharacterKey
    ) -> bool:
        """Have a character speak without a new line; returns as `retry` does.

        Args:
            speaker: who; empty for whoever is asked by the last line, or whose turn it is.

        Raises:
            UserError: no scene is live there, or that character does not play in it.
        """

        def wanted(scene: Scene) -> Trigger:
            key = self._casting.who_talks(scene, speaker)
            return again.talk(scene, asker, event, key)

        return await self._ask(channel, wanted)

    async def show(self, channel: ChannelId, turn: TurnId) -> None:
        """Have the screen show what memory has of *turn*, of which `Change.work` was stored.

        Raises:
            UserError: a reply that is being written does not end in time.
        """
        lane = self._lanes.get(channel)
        if lane is not None:  # it takes up what is noted, but maybe not to its end
            try:
                async with asyncio.timeout(HALT_WITHIN_S):
                    await lane.finished.wait()
            except TimeoutError:
                raise UserError(UNDER_WAY) from None
        scene = await self._live_scene(channel)
        stored = next((each for each in scene.turns if each.id == turn), None)
        if stored is not None and not self._is_closing():
            self._poke(scene.head, again.shown_again(stored))

    async def _ask(
        self, channel: ChannelId, wanted: Callable[[Scene], Trigger], *, hint: str = ""
    ) -> bool:
        """Note what is wanted as work, then have it done."""
        for _ in range(TRIES):
            scene = await self._live_scene(channel)
            trigger = wanted(scene)
            if self._under_way(channel, trigger.turn):
                return False
            if await self._is_noted(scene, trigger, hint):
                lane = self._lanes.get(channel)
                # Somebody else may have asked for the same right before.
                is_begun = lane is not None and lane.newest.turn == trigger.turn
                self._poke(scene.head, trigger)
                return not is_begun
        raise UserError(phrase("Too much is going on here right now. Try again in a moment."))

    async def _is_noted(self, scene: Scene, trigger: Trigger, hint: str) -> bool:
        """Note the work, if the scene is as it was read.

        One that shows still stays: it is taken up first, whatever is asked.
        """
        channel = scene.head.place.channel
        noted = await self._store.work(channel)
        work = None if noted is not None and noted.shows else _work_of(trigger, self._now_ms())
        head = replace(scene.head, instruction=hint) if hint else None
        change = Change(head=head, work=work)
        return await self._store.apply(channel, change, version=scene.head.version)

    def _under_way(self, channel: ChannelId, trigger: TurnId) -> bool:
        """Whether the reply to *trigger* is being written; it is hurried then."""
        if self._is_closing():
            raise UserError(ABOUT_TO_RESTART)
        lane = self._lanes.get(channel)
        if lane is None:
            return False
        if lane.newest.turn != trigger:
            raise UserError(UNDER_WAY)
        lane.hurry()
        return True

    async def _live_scene(self, channel: ChannelId) -> Scene:
        scene = await self._store.read(channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene(NO_SCENE)
        return scene


def _work_of(trigger: Trigger, at_ms: int) -> Work:
    return Work(
        trigger.reply,
        trigger.turn,
        messages=trigger.shown,
        at_ms=at_ms,
        kind=trigger.kind,
        speaker=trigger.speaker,
    )
