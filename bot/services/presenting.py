"""Posts turns that are stored already, exactly once: memory first, then the screen.

A greeting, a narrator's line, a line sent for a player, what Redo brings back:
each says of itself that it is to be posted, and its posts bear its mark. So
whoever comes after a crash finds it, and finds out what of it stands there.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.core.change import Change
from bot.core.directions import NARRATOR
from bot.core.errors import PostError, PostRefused, ScenePaused, TextRefused, UserError
from bot.core.harmless import harmless
from bot.core.phrases import phrase
from bot.core.ports import Button, CharacterSource, SceneMemory, Speaker, Voice
from bot.core.scene import (
    ChannelId,
    MessageId,
    Place,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    mark_of,
)
from bot.core.split import split
from bot.core.unposted import ORIGIN, Origin, as_posted, face_of, is_to_be_posted, posted_after
from bot.services.insistence import STORE_PAUSES_S, insist
from bot.services.notices import Notices
from bot.services.posting import Poster, post_button
from bot.services.recent import Recent
from bot.services.rows import row_under

log = logging.getLogger(__name__)


CLAIMS_KEPT = 4_096
SURVEYED_AT_ONCE = 100
FORGET_TRIES = 5
"""So often is planned anew what the scene has outrun."""


def _not_paused(_head: SceneHead) -> str:
    """Where nobody is asked, every scene goes on."""
    return ""


class Presenter:
    """Borrows all it is given."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        voice: Voice,
        poster: Poster,
        characters: CharacterSource,
        notices: Notices | None = None,
        why_paused: Callable[[SceneHead], str] = _not_paused,
        store_pauses_s: Sequence[float] = STORE_PAUSES_S,
    ) -> None:
        """Borrow everything.

        Args:
            notices: say why what a character says is not posted now.
            why_paused: asked before that; empty where the scene goes on.
        """
        self._store = store
        self._voice = voice
        self._poster = poster
        self._source = characters
        self._notices = notices or Notices(voice)
        self._why_paused = why_paused
        self._store_pauses_s = store_pauses_s
        self._ours: Recent[tuple[ChannelId, TurnId], TurnId] = Recent(CLAIMS_KEPT)

    def claim(self, channel: ChannelId, turn: TurnId) -> None:
        """This process posts *turn*, which is about to be stored: `finish` leaves it alone."""
        self._ours.set((channel, turn), turn)

    async def show(self, head: SceneHead, turn: Turn, *, is_late: bool = False) -> None:
        """Post *turn*, which is stored, and note in which messages it stands.

        What cannot be posted is forgotten again; a scene that cannot be greeted
        does not begin.

        Args:
            is_late: some of it may have been posted before a crash.

        Raises:
            ScenePaused: who says it may not play there now; it stays stored, to be posted.
            UserError: it cannot be posted; says what to do.
            PostError: *is_late*, and nobody can tell what became of it.
            StoreUnavailable, StoreRefusesWrites.
        """
        if turn.role is Role.CHARACTER and (reason := self._why_paused(head)):
            self._ours.forget((head.place.channel, turn.id))
            raise ScenePaused(reason)
        self.claim(head.place.channel, turn.id)
        place, speaker = head.place, self._speaker(head, turn)
        shown: dict[MessageId, str] = {}
        is_whole = True
        try:
            turn = await self._post(place, speaker, turn, shown, is_late=is_late)
        except PostError as error:
            if not shown and is_late and not isinstance(error, PostRefused):
                raise  # an earlier try may stand there
            if not shown:
                await self._forget(place.channel, turn)
                raise UserError(_why_not(turn, error)) from error
            is_whole = False
        posted = as_posted(turn, shown, is_whole=is_whole)
        await self._keep(place, posted, is_dressed=is_whole and not is_late)

    async def finish_all(self, *, oldest_ms: float) -> None:
        """After a start: `finish` every scene that needs it, before anybody is answered there.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        channels = await insist(self._store.live_channels, self._store_pauses_s)
        for at in range(0, len(channels), SURVEYED_AT_ONCE):
            some = channels[at : at + SURVEYED_AT_ONCE]
            surveys = await insist(partial(self._store.survey, some), self._store_pauses_s)
            for survey in surveys:
                if survey.is_unposted:
                    await self.finish(survey.head, oldest_ms=oldest_ms)

    async def finish(self, head: SceneHead, *, oldest_ms: float) -> None:
        """Post what an earlier process had stored and not posted, oldest first.

        A scene whose greeting should have been posted before *oldest_ms* is
        forgotten if nothing of it stands there: nobody waits for it. All else is
        part of the story, and shown. Where Discord does not say what stands
        there, all is kept, and the next start looks again; so it is where the scene
        waits for another age restriction, which is told.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        scene = await self._store.read(head.place.channel)
        if scene is None:
            return
        for turn in scene.turns:
            if not is_to_be_posted(turn) or self._ours.get((head.place.channel, turn.id)):
                continue
            try:
                if not await self._finish(head, turn, oldest_ms):
                    return
            except PostError as error:
                facts = {"channel": head.place.channel, "error": type(error).__name__}
                log.warning("nobody can tell whether a turn was posted", extra=facts)
                return  # what comes behind it is not to stand before it
            except ScenePaused as error:
                await self._notices.explain(head.place, scene.turns[-1].id, str(error))
                return

    async def _finish(self, head: SceneHead, turn: Turn, oldest_ms: float) -> bool:
        """Post one turn, or what is missing of it; returns whether there is a scene still."""
        is_lost = turn.at_ms < oldest_ms or head.character not in self._source.characters()
        if _opens(turn) and is_lost:
            return await self._keep_what_stands(head, turn)
        try:
            await self.show(head, turn, is_late=True)
        except ScenePaused:
            raise
        except UserError:  # who asked for it has long been told that it failed
            return not _opens(turn)
        return True

    async def _keep_what_stands(self, head: SceneHead, turn: Turn) -> bool:
        shown: dict[MessageId, str] = {}
        parts = split(turn.text)
        for number, part in enumerate(parts):
            mark = mark_of(turn.id, number)
            message = await self._poster.arrived(head.place, mark, after=posted_after(turn))
            if message is None:
                break
            shown[message] = part
        if not shown:
            await self._store.purge(head.place.channel)
            return False
        await self._keep(head.place, as_posted(turn, shown, is_whole=len(shown) == len(parts)))
        return True

    def _speaker(self, head: SceneHead, turn: Turn) -> Speaker:
        match turn.role:
            case Role.NARRATOR:
                return Speaker(NARRATOR)
            case Role.PLAYER:
                return Speaker(turn.name, face=face_of(turn))
        loaded = self._source.characters()
        playing = [loaded[key] for key in (head.character, *head.cast) if key in loaded]
        named = next((each for each in playing if each.name == turn.name), None)
        return Speaker(turn.name, named)

    async def _post(
        self,
        place: Place,
        speaker: Speaker,
        turn: Turn,
        shown: dict[MessageId, str],
        *,
        is_late: bool,
    ) -> Turn:
        """Post the turn's text, without the words that Discord refuses; returns what it is then."""
        try:
            await self._post_parts(place, speaker, turn, shown, is_late=is_late)
        except TextRefused:
            tame = harmless(turn.text)
            if shown or tame == turn.text:
                raise
            swipes = (*turn.swipes[: turn.current], tame, *turn.swipes[turn.current + 1 :])
            turn = replace(turn, swipes=swipes)
            await self._post_parts(place, speaker, turn, shown, is_late=is_late)
        return turn

    async def _post_parts(
        self,
        place: Place,
        speaker: Speaker,
        turn: Turn,
        shown: dict[MessageId, str],
        *,
        is_late: bool,
    ) -> None:
        """Post one by one; *shown* takes up each message: it counts even if the next fails."""
        after = posted_after(turn)
        parts = split(turn.text)
        for number, part in enumerate(parts):
            mark = mark_of(turn.id, number)
            message = await self._poster.arrived(place, mark, after=after) if is_late else None
            if message is None:
                is_end = number == len(parts) - 1
                buttons = _under(turn, mark) if is_end else (post_button(mark),)
                message = await self._poster.post(
                    place, speaker, part, buttons, mark=mark, after=after
                )
            shown[message] = part

    async def _keep(self, place: Place, posted: Turn, *, is_dressed: bool = False) -> None:
        """Note where it stands; if the story has lost it meanwhile, it leaves the screen.

        Args:
            is_dressed: whether the buttons of the newest reply are under its end already.
        """
        scene = await insist(lambda: self._commit(place.channel, posted), self._store_pauses_s)
        if scene is not None:
            *before, end = posted.messages
            row = () if _is_followed(posted, scene) else _under(posted)
            for message, buttons in (*((each, ()) for each in before), (end, row)):
                if buttons and is_dressed:
                    continue
                with suppress(PostError):  # a button that does nothing is left
                    await self._voice.put_buttons(place, message, buttons)
            return
        log.info("a turn was taken back while it was posted", extra={"channel": place.channel})
        for message in posted.messages:
            with suppress(PostError):
                await self._voice.delete(place, message)

    async def _commit(self, channel: ChannelId, posted: Turn) -> Scene | None:
        """Store it; returns the scene as it is then, if it has the turn still."""
        # Nothing that came before a greeting is part of the scene.
        seen = max(posted.messages, default=None) if _opens(posted) else None
        row = posted.messages[-1] if posted.role is Role.CHARACTER else None
        await self._store.commit(channel, posted, seen=seen, row=row)
        scene = await self._store.read(channel)
        has_it = scene is not None and any(turn.id == posted.id for turn in scene.turns)
        return scene if has_it else None

    async def _forget(self, channel: ChannelId, turn: Turn) -> None:
        if _opens(turn):
            await self._store.purge(channel)
            return
        for _ in range(FORGET_TRIES):
            head = await self._store.head(channel)
            if head is None:
                return
            if await self._store.apply(channel, Change(drop=(turn.id,)), version=head.version):
                return
        log.warning("a turn that is not shown stays remembered", extra={"channel": channel})


def _under(turn: Turn, mark: str = "") -> tuple[Button, ...]:
    """What stands under the end of *turn*: what a character says can be changed."""
    if turn.role is Role.CHARACTER:
        return row_under(turn, mark)
    return (post_button(mark),) if mark else ()


def _is_followed(turn: Turn, scene: Scene) -> bool:
    """Whether a reply came while *turn* was being posted: the buttons are under that one."""
    return any(each.role is Role.CHARACTER and each.id > turn.id for each in scene.turns)


def _opens(turn: Turn) -> bool:
    return turn.facts.get(ORIGIN) == Origin.GREETING


def _why_not(turn: Turn, error: PostError) -> str:
    match error, _opens(turn):
        case TextRefused(), _:
            return phrase("Discord, or this server's filter, does not let these words through.")
        case PostRefused(), True:
            return phrase(
                "I may not write here. Give me View Channel, Send Messages and Manage Webhooks in "
                "this channel, then start again."
            )
        case PostRefused(), False:
            return phrase(
                "I may not write here. Give me View Channel, Send Messages and Manage Webhooks in "
                "this channel, then try again."
            )
        case _, True:
            return phrase("Discord did not take the greeting. Start again in a moment.")
    return phrase("Discord did not take it. Try again in a moment.")
