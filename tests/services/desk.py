"""A desk at which prompts are built, with a story on it."""

from collections.abc import Mapping

from bot.core.characters import Character, ExampleLine
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    player_turn_id,
    reply_turn_id,
)
from bot.services.lore_telling import LoreTelling, Shelf
from bot.services.prompting import BuiltPrompt, Prompting
from tests.fakes.byte_generator import ByteGenerator
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.plain_patterns import PlainPatternSearch
from tests.profiles import ZEPHRP
from tests.services.test_prefix_meter import Reuse

MARA = UserId(11)
CHANNEL = ChannelId(500)
HARBOUR = Place(CHANNEL, GuildId(1), CHANNEL)
MIRA = Character(
    key=CharacterKey("mira"), name="Mira", persona="{{char}} keeps the lamp and likes {{user}}."
)
EXAMPLES = (
    ExampleLine(Role.PLAYER, "Do you ever sleep?"),
    ExampleLine(Role.CHARACTER, "*She yawns.* Only when the sun keeps watch for me. " * 8),
)
SEA = "The sea is loud tonight, and the rope of the bell has come loose again. "


class Notebook(MemorySceneStore):
    """A store that says what was noted, and may lose it."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts: list[TurnId] = []
        self.counts: list[Mapping[TurnId, str]] = []

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        self.counts.append(counts)
        await super().set_counts(channel, counts)


class Desk:
    """A scene with Mira, told line by line, and the prompts for it."""

    def __init__(
        self, *, total: int = 4096, character: Character = MIRA, shelf: Shelf | None = None
    ) -> None:
        self.store = Notebook()
        self.generator = ByteGenerator(total=total)
        self.reuse = Reuse()
        self.prompting = Prompting(
            store=self.store,
            generator=self.generator,
            profile=ZEPHRP,
            metrics=self.reuse,
            lore=LoreTelling(PlainPatternSearch, shelf),
        )
        self.character = character
        self._number = 1000
        self.newest = TurnId("")

    async def begin(self, greeting: str = "") -> None:
        head = SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)
        opening = Turn(reply_turn_id(TurnId(f"{1:020d}")), Role.CHARACTER, "Mira", (greeting,))
        await self.store.start(head, opening if greeting else None)

    async def say(self, text: str, *, name: str = "Mara", pinned: bool = False) -> TurnId:
        self._number += 1
        message = MessageId(self._number)
        self.newest = player_turn_id(message)
        turn = Turn(
            self.newest,
            Role.PLAYER,
            name,
            (text,),
            author=MARA,
            messages=(message,),
            at_ms=self._number,
            pinned=pinned,
        )
        await self.store.ingest(CHANNEL, turn)
        return self.newest

    async def reply(self, text: str) -> None:
        shown = (MessageId(900_000 + self._number),)
        reply = reply_turn_id(self.newest)
        turn = Turn(reply, Role.CHARACTER, "Mira", (text,), messages=shown)
        await self.store.commit(CHANNEL, turn)

    async def talk(self, rounds: int, words: str = SEA * 3) -> None:
        for number in range(rounds):
            await self.say(f"Line {number}. {words}")
            await self.reply(f"Answer {number}. {words}")

    async def scene(self) -> Scene:
        scene = await self.store.read(CHANNEL)
        assert scene is not None
        return scene

    async def build(self, *, written: str = "", excess: int = 0) -> BuiltPrompt:
        """Build a prompt; its counts and its cut are kept, as with the reply that comes of it."""
        built = await self.prompting.build(
            await self.scene(),
            self.character,
            trigger=self.newest,
            author=MARA,
            written=written,
            excess=excess,
        )
        if built.counts:
            await self.store.set_counts(CHANNEL, built.counts)
        if built.cut is not None:
            self.store.cuts.append(built.cut)
            self.store._channels[CHANNEL].change(cut=built.cut)
        return built

    async def exactly(self, prompt: str) -> int:
        return len(await ByteGenerator().tokenize(prompt))
