"""Stories as a whole: begun anew, put aside, taken from there, and brought back.

Memory is changed first, in one step that also notes what has to be shown. So a
process that ends right after it leaves the rest to the next one.
"""

import difflib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from bot.core.age_gate import check_age
from bot.core.cast import people_of
from bot.core.change import Change, Undo
from bot.core.copies import begun_anew, brought_back, copied, next_work, replaced
from bot.core.errors import NoLiveScene, PostError, UserError
from bot.core.greetings import are_several
from bot.core.links import link_to
from bot.core.phrases import joined, phrase
from bot.core.plain_text import shortened
from bot.core.ports import GuildStore, SceneMemory, Voice
from bot.core.scene import (
    ChannelId,
    GuildId,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    WorkKind,
)
from bot.core.store_answers import Saved
from bot.core.store_ports import MOST_SAVES
from bot.core.unposted import as_posted
from bot.services.debts import Debts
from bot.services.doubts import Doubts
from bot.services.scene_list import ListedScene, listed
from bot.services.scenes import Opening, Scenes

NAME_CHARACTERS = 60
TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""
QUOTED_CHARACTERS = 1_500


class Memory(SceneMemory, GuildStore, Protocol):
    """All that is kept of stories."""


class Pipeline(Protocol):
    """What of the turn pipeline is needed here. What it is asked for it raises UserError on."""

    async def halt(self, channel: ChannelId) -> None:
        """End what is written and what waits there: nobody wants it any more."""
        ...

    async def take_up(self, channel: ChannelId) -> bool:
        """Go on with what is left to be done there."""
        ...

    async def show(self, channel: ChannelId, turn: TurnId) -> None:
        """Have the screen show what memory has of *turn*."""
        ...

    async def retry(self, channel: ChannelId, trigger: TurnId) -> bool:
        """Have the newest line answered."""
        ...


@dataclass(frozen=True, slots=True)
class Replaced:
    """A story that another one has taken the place of.

    Attributes:
        undo: the name under which that is taken back; empty where both stories
            together are more than a scene remembers.
        copy: under which name it was put aside in that case.
    """

    undo: str = ""
    copy: str = ""


class Shelf:
    """Borrows all it is given. Every method may raise UserError and StoreUnavailable.

    Args:
        keep: turns that a scene remembers.
    """

    def __init__(
        self,
        *,
        store: Memory,
        scenes: Scenes,
        pipeline: Pipeline,
        voice: Voice,
        debts: Debts,
        doubts: Doubts,
        forget_prompt: Callable[[ChannelId], None],
        keep: int,
    ) -> None:
        self._store = store
        self._scenes = scenes
        self._pipeline = pipeline
        self._voice = voice
        self._debts = debts
        self._doubts = doubts
        self._forget_prompt = forget_prompt
        self._keep = keep

    async def restart(self, again: Opening) -> Replaced:
        """Begin the channel's story anew.

        Args:
            again: who asks and when; it opens so where it is not known how it opened.
        """
        head = await self._scenes.head(again.place.channel)
        again = replace(again, is_for_several=head is not None and are_several(head))
        _, greeting = await self._scenes.prepared(again)
        several: tuple[str, ...] = ()
        if again.is_for_several and greeting is not None:
            several = greeting.swipes[
                : len(self._scenes.character(again.character).group_greetings)
            ]

        def tell(scene: Scene) -> Scene:
            return begun_anew(
                scene, greeting, event=again.event, at_ms=again.at_ms, for_several=several
            )

        return await self._replace(again.place.channel, tell, f"restart {again.event}")

    async def start_over(self, opening: Opening, *, instead_of: int) -> Replaced:
        """Begin another scene in place of the one that began at *instead_of*."""
        head, greeting = await self._scenes.prepared(opening)
        told = Scene(head, () if greeting is None else (as_posted(greeting, {}),))
        await self._scenes.live_head(opening.place.channel)

        def tell(scene: Scene) -> Scene:
            if scene.head.started_ms != instead_of:
                raise UserError(
                    phrase("Another scene has begun here since. Use /roleplay start again.")
                )
            return told

        return await self._replace(opening.place.channel, tell, f"restart {opening.event}")

    async def take_back(self, channel: ChannelId, name: str, *, at_ms: int) -> SceneHead:
        """Bring back the story that what is called *name* has replaced."""

        def plan(scene: Scene, undo: Undo | None) -> Change:
            if undo is None or undo.name != name:
                raise UserError(
                    phrase("It is too late to take that back, or it was taken back already.")
                )
            return brought_back(scene, undo, at_ms=at_ms)

        before = await self._store.read(channel)
        change = await self._change(channel, plan)
        head = await self._scenes.live_head(channel)
        await self._debts.mark(head.place, _gone(before, change))
        shown = [each for turn in change.put for each in turn.messages]
        if shown:  # while they were no part of a story, nobody heard what became of them
            self._doubts.changed(channel, min(shown))
        said = phrase("The story is back as it was.")
        if shown:
            link = link_to(head.place, max(shown))
            said = joined(said, phrase("It goes on [from here]({link}).", link=link))
        await self._say(head, said)
        await self._go_on(channel, change)
        return head

    async def save(self, channel: ChannelId, name: str, *, at_ms: int) -> int:
        """Put the channel's story aside under *name*; returns how many turns it has."""
        scene = await self._store.read(channel)
        if scene is None or not scene.turns:
            raise NoLiveScene(phrase("There is no story here yet. Start one with /roleplay start."))
        if not await self._store.save(channel, clean_name(name), scene, at_ms):
            raise UserError(
                phrase(
                    "{most_saves} stories are saved here already. Delete one with "
                    "/roleplay delete-save, then try again.",
                    most_saves=MOST_SAVES,
                )
            )
        return len(scene.turns)

    async def saves(self, channel: ChannelId) -> Sequence[Saved]:
        """What is put aside in the channel, newest first."""
        return await self._store.saves(channel)

    async def scenes(self, guild: GuildId | None, here: ChannelId) -> Sequence[ListedScene]:
        """Every scene of *guild*, the one that was played last first; without one, *here*."""
        channels = [here] if guild is None else await self._store.channels_in(guild)
        found = [listed(survey) for survey in await self._store.survey(channels)]
        return sorted(found, key=lambda scene: -scene.at_ms)

    async def drop(self, channel: ChannelId, name: str) -> None:
        """Forget what was put aside under *name*."""
        if not await self._store.drop_save(channel, clean_name(name)):
            raise await self._unknown(channel, name)

    async def load(
        self,
        channel: ChannelId,
        name: str,
        *,
        event: MessageId,
        at_ms: int,
        is_age_restricted: bool,
    ) -> Replaced:
        """Go on with the story that was put aside as *name*."""
        saved = await self._store.saved(channel, clean_name(name))
        if saved is None:
            raise await self._unknown(channel, name)
        self.require_character(saved.head, is_age_restricted=is_age_restricted)
        told = copied(saved, event=event, at_ms=at_ms)
        title = phrase("The story **{name}** goes on from here.", name=clean_name(name))
        return await self.put_in_place(channel, told, f"load {event}", title=title)

    async def put_in_place(
        self, channel: ChannelId, told: Scene, name: str, *, title: str
    ) -> Replaced:
        """Tell *told* from now on in place of what was.

        Args:
            name: of what takes that back.
            title: says in the channel what it is.
        """
        text = joined(title, last_line(told.turns), between="")
        return await self._replace(
            channel, lambda scene: _owned(told, scene.head), name, notice=text
        )

    def require_character(self, head: SceneHead, *, is_age_restricted: bool) -> None:
        """Raise UserError where the character of *head*, or one beside it, cannot play."""
        loaded = self._scenes.characters()
        if head.character not in loaded:
            raise UserError(
                phrase(
                    "{character_name} is not among my characters any more.",
                    character_name=head.character_name,
                )
            )
        for character in people_of(head, loaded):
            check_age(character, is_age_restricted=is_age_restricted)

    async def begin(self, told: Scene, *, title: str) -> SceneHead:
        """Begin a scene with the turns of *told*, where none is live.

        Args:
            title: says in the channel what it is; empty where that was said.
        """
        work = next_work(told.turns, told.head.started_ms)
        head = await self._scenes.begin(told, work)
        if title:
            await self._say(head, joined(title, last_line(told.turns), between=""))
        await self._go_on(head.place.channel, Change(work=work))
        return head

    async def _replace(
        self, channel: ChannelId, tell: Callable[[Scene], Scene], name: str, *, notice: str = ""
    ) -> Replaced:
        copy = await self._kept_aside(channel, tell)

        def plan(scene: Scene, _undo: Undo | None) -> Change:
            told = tell(scene)
            return replaced(scene, told, name=name, at_ms=told.head.started_ms)

        async def keep(scene: Scene) -> None:
            # Again: a reply that was on the screen may have been remembered only since.
            if copy:
                await self._store.save(channel, copy, scene, tell(scene).head.started_ms)

        change = await self._change(channel, plan, keep)
        head = await self._scenes.set_live(channel, live=True)
        if notice:
            await self._say(head, notice)
        await self._go_on(channel, change)
        return Replaced(copy=copy) if copy else Replaced(undo=name)

    async def _kept_aside(self, channel: ChannelId, tell: Callable[[Scene], Scene]) -> str:
        """Put a story aside that could not be brought back; returns its name, if that was done.

        Of two stories that together are more than a scene remembers, the older
        one would be forgotten turn by turn.
        """
        scene, _ = await self._read(channel)
        told = tell(scene)
        room = self._keep * 9 // 10  # what is said in the next minutes needs some, too
        if len(told.turns) * 10 <= self._keep or len(scene.turns) + len(told.turns) <= room:
            return ""
        now = datetime.fromtimestamp(told.head.started_ms / 1000, UTC)
        name = f"until {now:%Y-%m-%d %H:%M}"
        await self.save(channel, name, at_ms=told.head.started_ms)
        return name

    async def _change(
        self,
        channel: ChannelId,
        plan: Callable[[Scene, Undo | None], Change],
        keep: Callable[[Scene], Awaitable[None]] | None = None,
    ) -> Change:
        """Make what *plan* makes of the scene, with nothing being written there.

        Nothing is ended for a wish that comes to nothing.

        Args:
            keep: is given the scene that is about to be changed.
        """
        for _ in range(TRIES):
            plan(*await self._read(channel))
            await self._pipeline.halt(channel)
            scene, undo = await self._read(channel)
            try:
                change = plan(scene, undo)
            except UserError:
                await self._pipeline.take_up(channel)  # what was ended for this
                raise
            if keep is not None:
                await keep(scene)
            change = replace(change, owed=(*change.owed, *await self._left_showing(scene)))
            if await self._store.apply(channel, change, version=scene.head.version):
                self._forget_prompt(channel)
                if change.owed:
                    await self._debts.pay(scene.head.place)
                return change
        raise UserError(
            phrase("Too much is going on here right now. Please try again in a moment.")
        )

    async def _read(self, channel: ChannelId) -> tuple[Scene, Undo | None]:
        # In this order: whatever replaces the undo changes the scene's version.
        scene = await self._store.read(channel)
        if scene is None:
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        return scene, await self._store.undo(channel)

    async def _left_showing(self, scene: Scene) -> Sequence[MessageId]:
        """Messages of a reply that broke off: it will never be a turn."""
        work = await self._store.work(scene.head.place.channel)
        stored = {turn.id for turn in scene.turns}
        return work.messages if work is not None and work.reply not in stored else ()

    async def _go_on(self, channel: ChannelId, change: Change) -> None:
        """Have done what the change asks for, now rather than after the next start."""
        if change.work is None:
            return
        if change.work.kind is WorkKind.SHOW:
            await self._pipeline.show(channel, change.work.reply)
        else:
            await self._pipeline.retry(channel, change.work.trigger)

    async def _say(self, head: SceneHead, text: str) -> None:
        with suppress(PostError):  # the story itself does not need it
            await self._voice.notice(head.place, text)

    async def _unknown(self, channel: ChannelId, name: str) -> UserError:
        names = [save.name for save in await self._store.saves(channel)]
        near = difflib.get_close_matches(clean_name(name), names, n=1, cutoff=0.5)
        hint = (
            phrase("Did you mean “{name}”?", name=near[0])
            if near
            else phrase("/roleplay scenes shows what there is.")
        )
        return UserError(
            phrase("No story is saved here as “{name}”. {hint}", name=clean_name(name), hint=hint)
        )


def clean_name(name: str) -> str:
    """The name of a copy as it is kept: one line, not too long."""
    return shortened(name, NAME_CHARACTERS) or "story"


def last_line(turns: Sequence[Turn]) -> str:
    """The line with which a story ends, for those that no character's message shows."""
    if not turns or turns[-1].role is Role.CHARACTER:
        return ""
    last = turns[-1]
    said = f"**{last.name}**: {last.text}" if last.name else last.text
    cut = said if len(said) <= QUOTED_CHARACTERS else f"{said[: QUOTED_CHARACTERS - 1]}…"
    return "\n> " + cut.replace("\n", "\n> ")


def _gone(scene: Scene | None, change: Change) -> Sequence[Turn]:
    """What members have said that is on the screen and no part of the story any more."""
    turns = scene.turns if scene is not None else ()
    return [turn for turn in turns if turn.id in change.drop]


def _owned(told: Scene, before: SceneHead) -> Scene:
    """Whoever owns the scene owns it still."""
    return replace(told, head=replace(told.head, owner=before.owner))
