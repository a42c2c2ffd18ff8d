"""Starting, stopping and tuning a scene: what the commands do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.core.age_gate import check_age
from bot.core.cast import people_of
from bot.core.characters import Character
from bot.core.errors import (
    CharacterUnknown,
    NoLiveScene,
)
from bot.core.greetings import openings
from bot.core.lengths import ChosenLength, Length, LengthLadder, choose_length
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource, SceneMemory
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuardLevel,
    MessageId,
    Place,
    Role,
    Scene,
    SceneHead,
    Turn,
    UserId,
    Work,
    player_turn_id,
)
from bot.core.story import macros_of
from bot.core.unposted import ORIGIN, Origin, to_be_posted
from bot.services.outgoing import Fit, as_it_is
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting


@dataclass(frozen=True, slots=True)
class Opening:
    """What a member chose at `/roleplay start`.

    Attributes:
        event: the interaction's id: names the opening turn, so that a second
            delivery of the same command starts nothing new.
        greeting: which of the character's greetings, from 0, those for several
            behind the usual ones; None for none.
        is_for_several: whether more than a character and a player are there to begin with.
        is_age_restricted: whether the channel (a thread: its parent) is.
    """

    event: MessageId
    place: Place
    owner: UserId
    owner_name: str
    character: CharacterKey
    at_ms: int
    scenario: str = ""
    length: Length | None = None
    greeting: int | None = 0
    is_age_restricted: bool = False
    is_for_several: bool = False


AI_SPEAKS = phrase(
    "-# An AI speaks for the characters here. What is written while a scene is on is stored for "
    "its story. Whoever plays along can stop it at any time: `/safety x`."
)
"""Said once in a channel, at its first scene."""
Announce = Callable[[Place, str], Awaitable[object]]


async def in_silence(_place: Place, _sentence: str) -> None:
    """Nothing is said."""


class Scenes:
    """The commands' side of a scene. Every method may raise StoreUnavailable.

    Args:
        noted: told at once of each scene that begins, is stopped or goes on.
    """

    def __init__(
        self,
        *,
        store: SceneMemory,
        presenter: Presenter,
        characters: CharacterSource,
        prompting: Prompting,
        lengths: LengthLadder,
        noted: Callable[[SceneHead], None],
        fit: Fit = as_it_is,
        announce: Announce = in_silence,
    ) -> None:
        self._store = store
        self._presenter = presenter
        self._source = characters
        self._prompting = prompting
        self._noted = noted
        self._fit = fit
        self._announce = announce
        self.lengths = lengths

    def characters(self) -> Mapping[CharacterKey, Character]:
        """All that are loaded, by key: the host's, and members' who play in scenes."""
        return self._source.characters()

    def character(self, key: CharacterKey) -> Character:
        """Who plays under that key.

        Raises:
            CharacterUnknown: nobody (any more).
        """
        character = self.characters().get(key)
        if character is None:
            raise CharacterUnknown(
                phrase("That character is not there any more. Choose another one.")
            )
        return character

    async def start(self, opening: Opening) -> SceneHead:
        """Begin a scene and post its greeting.

        Raises:
            UserError: unknown character, a live scene, an adult character in
                a channel for everyone, no right to write here, or more text
                than the model can read.
        """
        head, turn = await self.prepared(opening)
        is_first = await self._store.head(opening.place.channel) is None
        if turn is not None:
            self._presenter.claim(opening.place.channel, turn.id)
        head = await self._store.start(head, turn)
        self._noted(head)
        if is_first:
            await self._announce(head.place, AI_SPEAKS)
        self._prompting.forget(opening.place.channel)  # the prompt of an earlier scene
        if turn is not None:
            await self._presenter.show(head, turn)
        return head

    async def begin(self, told: Scene, work: Work | None) -> SceneHead:
        """Begin a scene in the middle of a story, with what has to be done then.

        Raises:
            SceneAlreadyLive: another one is live there.
        """
        head = await self._store.start(told.head, None, told=told.turns, work=work)
        self._noted(head)
        self._prompting.forget(head.place.channel)
        return head

    async def prepared(self, opening: Opening) -> tuple[SceneHead, Turn | None]:
        """The scene that *opening* asks for and its greeting; nothing is begun.

        Raises:
            UserError: unknown character, an adult one in a channel for everyone,
                or more text than the model can read.
        """
        character = self.character(opening.character)
        check_age(character, is_age_restricted=opening.is_age_restricted)
        worn = (await self._store.wardrobe(opening.owner)).worn(opening.place)
        name = opening.owner_name if worn is None else worn[0].name
        await self._prompting.check(
            character,
            scenario=opening.scenario.strip(),
            owner_name=name,
            length=opening.length,
        )
        head = SceneHead(
            place=opening.place,
            owner=opening.owner,
            character=character.key,
            character_name=character.name,
            scenario=opening.scenario.strip(),
            length=opening.length,
            started_ms=opening.at_ms,
            seen=opening.event,
            boundaries=await self._boundaries(opening.place.channel),
        )
        greeting = _greeting(opening, character, user=name)
        if greeting is None:
            return head, None
        texts = [await self._fit(opening.place, text) for text in greeting.swipes]
        return head, replace(greeting, swipes=tuple(texts))

    async def _boundaries(self, channel: ChannelId) -> tuple[str, ...]:
        """The lines and veils of the scene that was there before: they stay for the next one."""
        before = await self._store.head(channel)
        return before.boundaries if before is not None else ()

    async def resume(self, channel: ChannelId, *, is_age_restricted: bool, at_ms: int) -> SceneHead:
        """Go on with the channel's scene. What was said while it was stopped is no part of it.

        Raises:
            UserError: there is none, or its character may not play there (any more).
        """
        head = await self._store.head(channel)
        for character in people_of(head, self.characters()) if head else ():
            check_age(character, is_age_restricted=is_age_restricted)
        if head is not None and not head.live:
            await self._store.set_resumed(channel, at_ms)
        return await self.set_live(channel, live=True)

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead:
        """Stop or resume the channel's scene; both may be done twice.

        Raises:
            NoLiveScene: the channel has none.
        """
        head = await self._store.set_live(channel, live=live)
        if head is None:
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        self._noted(head)
        return head

    async def head(self, channel: ChannelId) -> SceneHead | None:
        """The channel's scene, live or stopped."""
        return await self._store.head(channel)

    async def live_head(self, channel: ChannelId) -> SceneHead:
        """The channel's live scene.

        Raises:
            NoLiveScene: it has none.
        """
        head = await self._store.head(channel)
        if head is None or not head.live:
            raise NoLiveScene(phrase("No scene is live here. Start one with /roleplay start."))
        return head

    async def read(self, channel: ChannelId) -> Scene | None:
        """The channel's scene with its turns."""
        return await self._store.read(channel)

    async def length_for(self, head: SceneHead, user: UserId) -> ChosenLength:
        """The length that the next reply to *user* will have, and whose choice it is."""
        character = self.characters().get(head.character)
        return choose_length(
            self.lengths,
            next_reply=head.next_length,
            me=await self._store.user_length(user),
            scene=head.length,
            character=character.length if character else None,
        )

    async def set_length(self, channel: ChannelId, step: Length) -> None:
        """Choose the length of the scene's replies."""
        await self._store.set_length(channel, step)

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        """Choose how closely the scene's replies are watched for the players' parts."""
        await self._store.set_guard(channel, level)

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        """Choose the length of the next reply only; None chooses none."""
        await self._store.set_next_length(channel, step)

    async def set_user_length(self, user: UserId, step: Length) -> None:
        """Choose the length of replies to *user*, wherever they play."""
        await self._store.set_user_length(user, step)

    async def forget(self, channel: ChannelId) -> None:
        """The channel is gone, and its story with it."""
        self._prompting.forget(channel)
        await self._store.purge(channel)


def _greeting(opening: Opening, character: Character, *, user: str) -> Turn | None:
    if opening.greeting is None:
        return None
    order = openings(character, opening.greeting, is_for_several=opening.is_for_several)
    fill = macros_of(character, user, channel=opening.place.channel, started_ms=opening.at_ms)
    texts = tuple(fill(text) for text in order)
    if not texts:
        return None
    return to_be_posted(
        Turn(
            id=player_turn_id(opening.event),
            role=Role.CHARACTER,
            name=character.name,
            swipes=texts,
            at_ms=opening.at_ms,
            facts={ORIGIN: Origin.GREETING},
        )
    )
