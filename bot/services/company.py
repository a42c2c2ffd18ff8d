"""Who plays in a scene, and which lines are answered: what the commands do."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.age_gate import check_age
from bot.core.cast import MOST_BANTER, added, people_of, removed
from bot.core.change import Change
from bot.core.characters import Character
from bot.core.errors import NoLiveScene, UserError
from bot.core.greetings import is_only_greeted, offering
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource, SceneMemory
from bot.core.scene import ChannelId, CharacterKey, ReplyMode, SceneHead, Turn, TurnId
from bot.core.story import macros_of
from bot.core.story_acts import shown_again
from bot.services.prompting import Prompting

TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""

NO_SCENE = phrase("No scene is live here. Start one with /roleplay start.")
ALONE = phrase("Only one character plays here. /roleplay add brings another one in.")


def _to_nobody(_head: SceneHead) -> None:
    """Whoever has to know of it looks."""


async def _not_at_all(_channel: ChannelId, _turn: TurnId) -> None:
    """The next start shows it."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Who is to play, too, and who asks for it.

    Attributes:
        owner_name: of the scene's owner, if it is they who ask; else empty.
        at_ms: when that is, in Unix milliseconds.
    """

    character: Character
    is_age_restricted: bool = False
    owner_name: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    """The scene as it is then, and whether its greeting has got further texts."""

    head: SceneHead
    has_more_greetings: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Who plays: by name, and whether the file is there."""

    key: CharacterKey
    name: str
    is_loaded: bool = True


@dataclass(frozen=True, slots=True)
class _Begun:
    """What a scene of that version would open with."""

    turn: Turn
    version: int


class Company:
    """Borrows all it is given. Every method may raise UserError and what a store raises."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        characters: CharacterSource,
        prompting: Prompting,
        noted: Callable[[SceneHead], None] = _to_nobody,
        show: Callable[[ChannelId, TurnId], Awaitable[None]] = _not_at_all,
    ) -> None:
        """Borrow everything.

        Args:
            noted: told of each change.
            show: has the screen follow a turn of which that was noted.
        """
        self._store = store
        self._source = characters
        self._prompting = prompting
        self._noted = noted
        self._show = show

    async def add(self, channel: ChannelId, joining: Joining) -> Joined:
        """Have another character play in the scene, too.

        Where nothing but the greeting has been said, several begin: the greetings
        for several are from now on among its swipes.

        Raises:
            UserError: it may not, or cannot; says why.
        """
        character = joining.character
        check_age(character, is_age_restricted=joining.is_age_restricted)
        head = await self._live_head(channel)
        await self._prompting.check(
            character,
            scenario=head.scenario,
            owner_name=next(iter(head.players.values()), "User"),
            length=head.length,
        )
        loaded = self._source.characters()
        begun = await self._begun(channel, joining)

        def planned(head: SceneHead) -> Change:
            change = added(head, character, people_of(head, loaded))
            if begun is None or begun.version != head.version:  # the story has gone on
                return change
            work = shown_again(begun.turn, at_ms=joining.at_ms)
            return replace(change, put=(begun.turn,), work=work)

        head = await self._change(channel, planned)
        if begun is None or head.version != begun.version:
            return Joined(head)
        with suppress(UserError):  # something else is being shown, and this after it
            await self._show(channel, begun.turn.id)
        return Joined(head, has_more_greetings=True)

    async def remove(self, channel: ChannelId, wanted: str) -> tuple[str, SceneHead]:
        """Let a character go, by key or name; returns its name and the scene as it is then."""
        head = await self._live_head(channel)
        part = self._find(head, wanted)
        loaded = self._source.characters()
        return part.name, await self._change(channel, lambda head: removed(head, part.key, loaded))

    async def cast(self, channel: ChannelId) -> Sequence[Part]:
        """Who plays, in turn order."""
        return self.parts(await self._live_head(channel))

    def parts(self, head: SceneHead) -> Sequence[Part]:
        """The same of a scene that was read already."""
        loaded = self._source.characters()
        main = Part(head.character, head.character_name, head.character in loaded)
        others = (
            Part(key, loaded[key].name) if key in loaded else Part(key, key, is_loaded=False)
            for key in head.cast
        )
        return (main, *others)

    def who(self, head: SceneHead, wanted: str) -> CharacterKey:
        """Who is meant by a key or name.

        Raises:
            UserError: nobody who plays.
        """
        return self._find(head, wanted).key

    async def set_reply_mode(self, channel: ChannelId, mode: ReplyMode) -> None:
        """Choose which lines are answered."""
        await self._change(channel, lambda head: Change(head=replace(head, reply_mode=mode)))

    async def set_banter(self, channel: ChannelId, most: int) -> None:
        """Choose how many replies characters give each other in a row.

        Raises:
            UserError: only one plays.
        """
        most = max(0, min(most, MOST_BANTER))

        def planned(head: SceneHead) -> Change:
            if most and not head.cast:
                raise UserError(ALONE)
            return Change(head=replace(head, banter=most))

        await self._change(channel, planned)

    async def _begun(self, channel: ChannelId, joining: Joining) -> "_Begun | None":
        """The greeting with further texts for several; None where there is nothing to offer."""
        scene = await self._store.read(channel)
        if scene is None or not joining.owner_name or not is_only_greeted(scene):
            return None
        head, first = scene.head, scene.turns[0]
        main = self._source.characters().get(head.character)
        if main is None or not first.messages or await self._store.work(channel) is not None:
            return None
        worn = (await self._store.wardrobe(head.owner)).worn(head.place)
        name = joining.owner_name if worn is None else worn[0].name
        fill = macros_of(main, name, channel=channel, started_ms=head.started_ms)
        offered = offering(first, [fill(text) for text in main.group_greetings])
        return None if offered is first else _Begun(offered, head.version)

    def _find(self, head: SceneHead, wanted: str) -> Part:
        folded = wanted.strip().casefold()
        for part in self.parts(head):
            if folded in (part.key, part.name.casefold()):
                return part
        raise UserError(
            phrase("That character does not play here. `/roleplay cast` lists who does.")
        )

    async def _change(
        self, channel: ChannelId, planned: Callable[[SceneHead], Change]
    ) -> SceneHead:
        for _ in range(TRIES):
            head = await self._live_head(channel)
            change = planned(head)
            if await self._store.apply(channel, change, version=head.version):
                head = change.head or head
                self._noted(head)
                return head
        raise UserError(phrase("Too much is going on here right now. Try again in a moment."))

    async def _live_head(self, channel: ChannelId) -> SceneHead:
        head = await self._store.head(channel)
        if head is None or not head.live:
            raise NoLiveScene(NO_SCENE)
        return head
