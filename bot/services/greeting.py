"""Posts the greeting with which a scene begins, exactly once."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from bot.core.characters import Character
from bot.core.errors import PostError, PostRefused, TextRefused, UserError
from bot.core.harmless import harmless
from bot.core.ports import CharacterSource, SceneStore, Speaker, Voice
from bot.core.scene import ChannelId, MessageId, Place, SceneHead, Turn, mark_of, message_of
from bot.core.split import split
from bot.services.posting import Poster, post_button

log = logging.getLogger(__name__)


class Greeter:
    """Borrows all it is given."""

    def __init__(
        self, *, store: SceneStore, voice: Voice, poster: Poster, characters: CharacterSource
    ) -> None:
        self._store = store
        self._voice = voice
        self._poster = poster
        self._source = characters
        self._under_way: set[ChannelId] = set()

    async def greet(
        self, place: Place, character: Character, turn: Turn, *, is_late: bool = False
    ) -> None:
        """Show *turn*, which is stored, and note in which messages it stands.

        A scene that cannot be greeted does not begin: it is forgotten again.

        Args:
            is_late: some of it may have been posted before a crash.

        Raises:
            UserError: it cannot be posted; says what to do.
            PostError: *is_late*, and nobody can tell what became of it.
            StoreUnavailable, StoreRefusesWrites.
        """
        self._under_way.add(place.channel)
        try:
            await self._show(place, Speaker(character.name, character), turn, is_late=is_late)
        finally:
            self._under_way.discard(place.channel)

    async def finish(self, head: SceneHead, turn: Turn, *, is_fresh: bool) -> None:
        """End a start that a crash left in the middle.

        A scene whose start failed long ago is forgotten if nothing of its
        greeting stands there: nobody waits for it. Where Discord does not say
        what stands there, the scene is kept, and the next start looks again.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        channel = head.place.channel
        character = self._source.characters().get(head.character)
        if channel in self._under_way:
            return  # it has just been started here
        try:
            if is_fresh and character is not None:
                with suppress(UserError):  # who started it has long been told that it failed
                    await self.greet(head.place, character, turn, is_late=True)
            else:
                await self._keep_what_stands(head, turn)
        except PostError as error:
            facts = {"channel": channel, "error": type(error).__name__}
            log.warning("nobody can tell whether a greeting was posted", extra=facts)

    async def _keep_what_stands(self, head: SceneHead, turn: Turn) -> None:
        shown: dict[MessageId, str] = {}
        for number, part in enumerate(split(turn.text)):
            mark = mark_of(turn.id, number)
            message = await self._poster.arrived(head.place, mark, after=message_of(turn.id))
            if message is None:
                break
            shown[message] = part
        if shown:
            await self._keep(head.place, Speaker(head.character_name), turn, shown)
        else:
            await self._store.purge(head.place.channel)

    async def _show(self, place: Place, speaker: Speaker, turn: Turn, *, is_late: bool) -> None:
        shown: dict[MessageId, str] = {}
        try:
            turn = await self._post(place, speaker, turn, shown, is_late=is_late)
        except PostRefused as error:
            if not shown:
                await self._store.purge(place.channel)
                raise UserError(
                    "I may not write here. Give me View Channel, Send Messages and Manage "
                    "Webhooks in this channel, then start again."
                ) from error
        except PostError as error:
            if not shown and is_late:
                raise  # an earlier try may stand there
            if not shown:
                await self._store.purge(place.channel)
                raise UserError(
                    "Discord did not take the greeting. Start again in a moment."
                ) from error
        await self._keep(place, speaker, turn, shown)

    async def _keep(
        self, place: Place, speaker: Speaker, turn: Turn, shown: Mapping[MessageId, str]
    ) -> None:
        """Note in which messages *turn* stands, and take their buttons away."""
        parts = tuple(shown.values()) if len(shown) > 1 else ()
        posted = replace(turn, messages=tuple(shown), parts=parts)
        await self._store.commit(place.channel, posted, seen=max(shown, default=None))
        for message, part in shown.items():
            with suppress(PostError):  # a button that does nothing is left
                await self._voice.edit(place, message, speaker, part)

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
            turn = replace(turn, swipes=(tame, *turn.swipes[1:]))
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
        after = message_of(turn.id)
        for number, part in enumerate(split(turn.text)):
            mark = mark_of(turn.id, number)
            message = await self._poster.arrived(place, mark, after=after) if is_late else None
            if message is None:
                buttons = [post_button(mark)]
                message = await self._poster.post(
                    place, speaker, part, buttons, mark=mark, after=after
                )
            shown[message] = part
