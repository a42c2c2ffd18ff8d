"""Lines that nobody of the story says, and what members tell about it beside the story."""

from collections.abc import Callable

from bot.core import dice
from bot.core.change import Change
from bot.core.directions import (
    instructed,
    narrated,
    narrator_turn,
    noted,
    rolled,
    time_passed,
    with_scenario,
    without_instruction,
    without_note,
)
from bot.core.errors import NoLiveScene, UserError
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource, SceneMemory
from bot.core.scene import ChannelId, SceneHead
from bot.core.store_answers import IngestStatus
from bot.core.unposted import Origin
from bot.services.incoming import Asked
from bot.services.insistence import insist
from bot.services.outgoing import Fit, as_it_is
from bot.services.personas import Personas
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting

CHANGE_TRIES = 20
"""So often is planned anew what the scene has outrun."""


class Director:
    """Borrows all it is given. Every method may raise UserError or StoreUnavailable."""

    def __init__(
        self,
        *,
        store: SceneMemory,
        presenter: Presenter,
        prompting: Prompting,
        characters: CharacterSource,
        personas: Personas,
        die: dice.Die,
        fit: Fit = as_it_is,
    ) -> None:
        self._store = store
        self._presenter = presenter
        self._prompting = prompting
        self._source = characters
        self._personas = personas
        self._die = die
        self._fit = fit

    async def narrate(self, asked: Asked, text: str) -> None:
        """Tell *text* as a narrator does."""
        await self._tell(asked, narrated(text), Origin.NARRATION)

    async def let_time_pass(self, asked: Asked, text: str) -> None:
        """Tell when the story goes on."""
        await self._tell(asked, time_passed(text), Origin.TIME)

    async def roll(self, asked: Asked, formula: str, reason: str = "") -> None:
        """Throw dice and tell what they show."""
        thrown = dice.roll(formula, self._die)
        name = await self._personas.name_of(asked.user, asked.place, asked.name)
        line = rolled(name, thrown.formula, thrown.told(), reason)
        await self._tell(asked, line, Origin.ROLL)

    async def note(self, channel: ChannelId, text: str, *, once: bool, depth: int) -> SceneHead:
        """Set the author's note; returns the head as it is then."""
        return await self._change(channel, lambda head: noted(head, text, once=once, depth=depth))

    async def forget_note(self, channel: ChannelId) -> SceneHead:
        """Take the author's note away."""
        return await self._change(channel, without_note)

    async def set_scenario(self, channel: ChannelId, text: str) -> SceneHead:
        """Give the scene another scenario.

        Raises:
            UserError: it leaves no room for the story.
        """
        head = await self._live_head(channel)
        change = with_scenario(head, text)
        character = self._source.characters().get(head.character)
        if character is not None and change.head is not None:
            await self._prompting.check(
                character,
                scenario=change.head.scenario,
                owner_name=next(iter(head.players.values()), character.name),
                length=head.length,
            )
        return await self._change(channel, lambda head: with_scenario(head, text))

    async def scenario(self, channel: ChannelId) -> str:
        """The scenario that the model reads: the scene's own, else the character's."""
        head = await self._live_head(channel)
        character = self._source.characters().get(head.character)
        return head.scenario or (character.scenario if character is not None else "")

    async def instruct(self, channel: ChannelId, text: str) -> SceneHead:
        """Ask something of the next reply, beside the story."""
        return await self._change(channel, lambda head: instructed(head, text))

    async def forget_instruction(self, channel: ChannelId) -> SceneHead:
        """Ask nothing of the next reply."""
        return await self._change(channel, without_instruction)

    async def head(self, channel: ChannelId) -> SceneHead:
        """The live scene's head."""
        return await self._live_head(channel)

    async def _tell(self, asked: Asked, text: str, origin: Origin) -> None:
        channel = asked.place.channel
        text = await self._fit(asked.place, text)
        turn = narrator_turn(asked.event, text, origin, author=asked.user, at_ms=asked.at_ms)
        self._presenter.claim(channel, turn.id)
        ingested = await insist(lambda: self._store.ingest(channel, turn))
        match ingested.status:
            case IngestStatus.STORED if ingested.head is not None:
                await self._presenter.show(ingested.head, turn)
            case IngestStatus.NO_SCENE:
                raise _no_scene()
            case IngestStatus.TOO_OLD:
                raise UserError(phrase("The story has gone on since. Please try again."))

    async def _change(self, channel: ChannelId, wish: Callable[[SceneHead], Change]) -> SceneHead:
        for _ in range(CHANGE_TRIES):
            head = await self._live_head(channel)
            change = wish(head)
            if await self._store.apply(channel, change, version=head.version):
                return change.head or head
        raise UserError(phrase("Too much is going on in this scene just now. Please try again."))

    async def _live_head(self, channel: ChannelId) -> SceneHead:
        head = await self._store.head(channel)
        if head is None or not head.live:
            raise _no_scene()
        return head


def _no_scene() -> NoLiveScene:
    return NoLiveScene(phrase("No scene is live here. Start one with /roleplay start."))
