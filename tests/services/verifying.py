"""A channel whose memory is compared with its screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    UserId,
    player_turn_id,
    reply_turn_id,
)
from bot.core.unposted import ORIGIN, Origin
from bot.services.verify import Repair, Verifier
from tests.fakes.bookkeeper import Bookkeeper
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_screen import ScriptedScreen

HARBOUR = Place(ChannelId(500), GuildId(1), ChannelId(500))


BEGUN = 100


def head(place: Place = HARBOUR) -> SceneHead:
    return SceneHead(place, UserId(11), CharacterKey("mira"), "Mira", started_ms=BEGUN)


def reply(trigger: int, *parts: str, messages: Sequence[int], edited_ms: int = 0) -> Turn:
    return Turn(
        id=reply_turn_id(player_turn_id(MessageId(trigger))),
        role=Role.CHARACTER,
        name="Mira",
        swipes=("\n".join(parts),),
        messages=tuple(map(MessageId, messages)),
        parts=parts if len(parts) > 1 else (),
        edited_ms=edited_ms,
    )


@dataclass
class Stage:
    store: MemorySceneStore = field(default_factory=MemorySceneStore)
    screen: ScriptedScreen = field(default_factory=ScriptedScreen)

    def __post_init__(self) -> None:
        self.memory = Bookkeeper(self.store)
        self.verifier = Verifier(store=self.store, screen=self.screen, memory=self.memory)

    async def hear(self, number: int, text: str) -> None:
        """A line that nothing went wrong with."""
        await self.memory.receive(self.screen.write(HARBOUR, number, text))

    async def say(self, trigger: int, *parts: str, messages: Sequence[int]) -> None:
        """A reply that nothing went wrong with."""
        for number, part in zip(messages, parts, strict=True):
            self.screen.show(HARBOUR, number, part)
        await self.store.commit(HARBOUR.channel, reply(trigger, *parts, messages=messages))

    async def texts(self) -> list[str]:
        scene = await self.store.read(HARBOUR.channel)
        assert scene is not None
        return [turn.text for turn in scene.turns]

    async def verify(self) -> Repair:
        return await self.verifier.verify(HARBOUR.channel)


async def proxied_before(stage: Stage) -> None:
    """Another bot has posted as Lyra for Tom."""
    known = Turn(
        id=player_turn_id(MessageId(105)),
        role=Role.PLAYER,
        name="Lyra",
        swipes=("I listen.",),
        author=UserId(12),
        messages=(MessageId(106),),
        at_ms=105,
        facts={ORIGIN: Origin.PROXIED},
    )
    stage.screen.post(HARBOUR, 106, "I listen.")
    await stage.store.ingest(HARBOUR.channel, known, seen=MessageId(106))
