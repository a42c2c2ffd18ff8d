from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.core.cast import SPEAKER
from bot.core.change import Change
from bot.core.characters import Character
from bot.core.errors import (
    CharacterUnknown,
    GenerationError,
    GenerationUnreachable,
    NoLiveScene,
    UserError,
)
from bot.core.facts import Ending, ReplyFacts
from bot.core.lengths import ChosenLength, LengthSource
from bot.core.scene import ChannelId, CharacterKey, MessageId, Role, Scene, Turn, TurnId, UserId
from bot.core.script import Part
from bot.core.why import Fate, Said
from bot.services.casting import Casting
from bot.services.inspection import Inspection, Share
from bot.services.prompting import BuiltPrompt
from tests.fakes.memory_store import MemorySceneStore
from tests.profiles import ZEPHRP
from tests.scenes import ANN, HARBOUR, line, reply, scene

MIRA = Character(key=CharacterKey("mira"), name="Mira", persona="Mira keeps the lamp.")
HOLLIS = Character(key=CharacterKey("hollis"), name="Hollis", persona="Hollis counts coins.")
BUILT = BuiltPrompt(
    prompt="### Instruction:",
    stop=(),
    others=(),
    max_new_tokens=256,
    length=ChosenLength(ZEPHRP.lengths.usual, LengthSource.DEFAULT),
    tokens=1000,
    reused=900,
    parts={Part.INSTRUCTION: 90, Part.PERSONAS: 300, Part.STORY: 600, Part.REPLY: 9},
    dropped=4,
    context_tokens=4096,
    model="small",
)


@dataclass
class PromptsOnPaper:
    """Builds one prompt, or fails; remembers it as `Prompting` does."""

    sent: dict[ChannelId, BuiltPrompt] = field(default_factory=dict)
    built_for: list[tuple[TurnId, UserId | None]] = field(default_factory=list)
    speakers: list[tuple[str, ...]] = field(default_factory=list)
    failure: GenerationError | None = None

    def last(self, channel: ChannelId) -> BuiltPrompt | None:
        return self.sent.get(channel)

    async def build(
        self,
        scene: Scene,
        character: Character,
        *,
        trigger: TurnId,
        author: UserId | None,
        cast: Sequence[Character] = (),
    ) -> BuiltPrompt:
        self.speakers.append((character.name, *(other.name for other in cast)))
        if self.failure is not None:
            raise self.failure
        self.built_for.append((trigger, author))
        self.sent[scene.head.place.channel] = BUILT
        return BUILT

    def forget(self, channel: ChannelId) -> None:
        self.sent.pop(channel, None)


@dataclass
class Loaded:
    loaded: Mapping[CharacterKey, Character]

    def characters(self) -> Mapping[CharacterKey, Character]:
        return self.loaded


@dataclass
class Desk:
    """An inspection with all it asks."""

    store: MemorySceneStore = field(default_factory=MemorySceneStore)
    prompts: PromptsOnPaper = field(default_factory=PromptsOnPaper)
    characters: Loaded = field(default_factory=lambda: Loaded({MIRA.key: MIRA}))
    writing: set[ChannelId] = field(default_factory=set)
    inspection: Inspection = field(init=False)

    def __post_init__(self) -> None:
        self.inspection = Inspection(
            store=self.store,
            prompting=self.prompts,
            casting=Casting(self.characters),
            is_writing=lambda channel: channel in self.writing,
            resume_age_s=600,
            now_ms=lambda: 1_732_400_000_000,
        )

    async def tell(self, *turns: Turn) -> None:
        await self.store.start(scene(), None)
        for turn in turns:
            if turn.role is Role.PLAYER:
                await self.store.ingest(HARBOUR, turn)
            else:
                await self.store.commit(HARBOUR, turn)


async def test_the_prompt_that_was_sent_is_shown() -> None:
    desk = Desk()
    await desk.tell(line(5))
    desk.prompts.sent[HARBOUR] = BUILT

    view = await desk.inspection.context(HARBOUR)

    assert view.is_sent
    assert view.built is BUILT
    assert desk.prompts.built_for == []


async def test_without_one_the_newest_lines_is_built_and_not_taken_for_sent() -> None:
    desk = Desk()
    newest = line(6, "And then?")
    await desk.tell(line(5), newest, reply(6, "Then rain.", 7))

    first = await desk.inspection.context(HARBOUR)
    second = await desk.inspection.context(HARBOUR)

    assert (first.is_sent, second.is_sent) == (False, False)
    assert desk.prompts.built_for == [(newest.id, ANN), (newest.id, ANN)]


async def test_of_several_characters_the_prompt_is_whose_turn_it_is() -> None:
    desk = Desk(characters=Loaded({MIRA.key: MIRA, HOLLIS.key: HOLLIS}))
    await desk.tell()
    head = await desk.store.head(HARBOUR)
    assert head is not None
    both = replace(head, cast=(HOLLIS.key,))
    assert await desk.store.apply(HARBOUR, Change(head=both), version=head.version)

    for number, text in ((5, "Hollis?"), (6, "And Mira?")):
        await desk.store.ingest(HARBOUR, line(number, text))
        await desk.inspection.context(HARBOUR)
    noted = replace(line(7, "Mira?"), facts={SPEAKER: HOLLIS.key})
    await desk.store.ingest(HARBOUR, noted)
    await desk.inspection.context(HARBOUR)

    mine, theirs = ("Mira", "Hollis"), ("Hollis", "Mira")
    assert desk.prompts.speakers == [theirs, mine, theirs]


async def test_without_a_scene_or_a_line_there_is_no_prompt() -> None:
    desk = Desk()
    desk.prompts.sent[HARBOUR] = BUILT  # of a scene that was forgotten

    with pytest.raises(NoLiveScene, match="no scene"):
        await desk.inspection.context(HARBOUR)
    desk.prompts.forget(HARBOUR)
    await desk.tell()
    with pytest.raises(UserError, match="Nobody has written a line"):
        await desk.inspection.context(HARBOUR)


async def test_a_character_that_is_gone_is_named() -> None:
    desk = Desk(characters=Loaded({}))
    await desk.tell(line(5))

    with pytest.raises(CharacterUnknown, match="Mira is not loaded any more"):
        await desk.inspection.context(HARBOUR)


async def test_a_model_server_that_is_away_is_said() -> None:
    desk = Desk(prompts=PromptsOnPaper(failure=GenerationUnreachable("refused")))
    await desk.tell(line(5))

    with pytest.raises(UserError, match="does not answer"):
        await desk.inspection.context(HARBOUR)


async def test_the_shares_are_the_whole_context() -> None:
    desk = Desk()
    await desk.tell(line(5))
    desk.prompts.sent[HARBOUR] = BUILT

    shares = (await desk.inspection.context(HARBOUR)).shares()

    assert sum(shares.values()) == BUILT.context_tokens
    assert {share: tokens for share, tokens in shares.items() if tokens} == {
        Share.INSTRUCTION: 91,
        Share.PERSONAS: 300,
        Share.STORY: 609,
        Share.RESERVED: 256,
        Share.FREE: 4096 - 1000 - 256,
    }
    assert list(shares) == list(Share)


async def test_a_prompt_that_fills_everything_leaves_nothing_free() -> None:
    desk = Desk()
    await desk.tell(line(5))
    desk.prompts.sent[HARBOUR] = replace(BUILT, context_tokens=1200)

    shares = (await desk.inspection.context(HARBOUR)).shares()

    assert shares[Share.FREE] == 0


async def test_a_reply_and_its_line_tell_how_the_reply_came_about() -> None:
    desk = Desk()
    facts = ReplyFacts(model="small", seed=3, ending=Ending.MODEL)
    answer = replace(reply(5, "Aye.", 7), facts=facts.written())
    await desk.tell(line(5), answer)
    said = Said("line 5", mentions_bot=False, replies_to_character=False, at_ms=10**13)

    of_reply = await desk.inspection.why(HARBOUR, MessageId(7), None)
    of_line = await desk.inspection.why(HARBOUR, MessageId(5), said)

    assert (of_reply.fate, of_reply.name, of_reply.facts) == (Fate.REPLY, "Mira", facts)
    assert (of_line.fate, of_line.facts) == (Fate.ANSWERED, facts)


async def test_whether_a_reply_is_being_made_is_asked_for_the_channel() -> None:
    desk = Desk(writing={HARBOUR})
    await desk.tell(line(5))
    said = Said("line 5", mentions_bot=False, replies_to_character=False, at_ms=10**13)

    found = await desk.inspection.why(HARBOUR, MessageId(5), said)

    assert found.fate is Fate.WAITING
    assert found.facts is None


async def test_where_no_scene_is_nothing_is_made_up() -> None:
    found = await Desk().inspection.why(HARBOUR, MessageId(5), None)

    assert (found.fate, found.facts) == (Fate.NO_LINE, None)
