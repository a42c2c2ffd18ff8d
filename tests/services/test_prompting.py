"""Prompts of stored scenes: what is counted, cut, noted and sent."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bot.adapters.tgi import Deadlines, open_tgi
from bot.core.budget import PromptTooLong
from bot.core.characters import Character, ExampleLine
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.lengths import Length
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
from bot.core.script import Part
from bot.core.token_counts import fingerprint, known
from bot.services.prompting import FIRST_LINE_TOKENS, BuiltPrompt, Prompting
from tests.fakes.byte_generator import ByteGenerator
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import ScriptedTgi
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
        self.counts_fail: Exception | None = None
        self.cuts_fail: Exception | None = None

    async def set_cut(self, channel: ChannelId, cut: TurnId, *, fence: int | None = None) -> None:
        if self.cuts_fail:
            raise self.cuts_fail
        self.cuts.append(cut)
        await super().set_cut(channel, cut, fence=fence)

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        if self.counts_fail:
            raise self.counts_fail
        self.counts.append(counts)
        await super().set_counts(channel, counts)


class Desk:
    """A scene with Mira, told line by line, and the prompts for it."""

    def __init__(self, *, total: int = 4096, character: Character = MIRA) -> None:
        self.store = Notebook()
        self.generator = ByteGenerator(total=total)
        self.reuse = Reuse()
        self.prompting = Prompting(
            store=self.store, generator=self.generator, profile=ZEPHRP, metrics=self.reuse
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
        return await self.prompting.build(
            await self.scene(),
            self.character,
            trigger=self.newest,
            author=MARA,
            written=written,
            excess=excess,
        )

    async def exactly(self, prompt: str) -> int:
        return len(await ByteGenerator().tokenize(prompt))


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.begin()
    return desk


async def test_a_young_story_is_told_whole_and_counted_exactly_once(desk: Desk) -> None:
    await desk.say("Is the lamp lit?")
    await desk.reply("It is.")
    await desk.say("Good.")

    built = await desk.build()

    assert built.prompt.startswith(
        "### Instruction:\nMira's Persona: Mira keeps the lamp and likes"
    )
    assert "likes Mara." in built.prompt
    assert built.prompt.endswith(
        "### Input:\nMara: Is the lamp lit?\n\n### Response:\nMira: It is.\n\n"
        "### Input:\nMara: Good.\n\n### Response: (length = medium)\nMira:"
    )
    assert desk.generator.tokenized == [built.prompt]
    assert built.tokens == await desk.exactly(built.prompt)
    assert (built.dropped, built.context_tokens, built.model) == (0, 4096, "miniature")
    assert built.stop[:2] == ("\n###", "\nMara:")
    assert built.others == ("Mara",)
    assert built.max_new_tokens == 256
    assert desk.store.cuts == []


async def test_the_parts_of_a_prompt_add_up_to_its_tokens() -> None:
    character = replace(MIRA, scenario="A harbour, at night.", examples=EXAMPLES)
    desk = Desk(character=character)
    await desk.begin("*The door opens.* Come in — quickly! 🌊")
    await desk.say("Grüß dich, Wärterin. 灯台")

    built = await desk.build(written=" Aye")

    assert sum(built.parts.values()) == built.tokens
    assert set(built.parts) == set(Part) - {Part.LORE, Part.NOTE}
    scenario = await desk.exactly("\n\nScenario: A harbour, at night.")
    assert built.parts[Part.SCENARIO] == scenario - 1  # without the begin token


async def test_every_line_is_counted_in_its_place_and_not_again(desk: Desk) -> None:
    await desk.talk(3)
    await desk.say("And then?")

    built = await desk.build()
    await desk.build()

    (counts,) = desk.store.counts
    limits = await desk.generator.limits()
    tokenizer = fingerprint(limits, ZEPHRP)
    scene = await desk.scene()
    counted = [known(turn.count, turn.text, tokenizer) for turn in scene.turns]
    assert set(counts) == {turn.id for turn in scene.turns}
    assert sum(count or 0 for count in counted) == built.parts[Part.STORY]


async def test_only_lines_that_are_new_or_changed_are_written_down(desk: Desk) -> None:
    first = await desk.say("Is the lamp lit?")
    await desk.build()
    second = await desk.say("Hello?")
    await desk.build()
    await desk.store.edit(CHANNEL, MessageId(1001), "Is the lamp still lit?", 5)
    await desk.build()

    assert [set(counts) for counts in desk.store.counts] == [{first}, {second}, {first}]


async def test_counts_of_another_model_are_replaced(desk: Desk) -> None:
    await desk.say("Is the lamp lit?")
    await desk.build()
    desk.generator.model = "another"

    await desk.build()

    assert len(desk.store.counts) == 2


async def test_a_story_that_only_seems_too_long_is_counted_before_anything_leaves() -> None:
    desk = Desk()
    await desk.begin()
    await desk.talk(1, "lighthouse " * 300)  # words of ten letters: three tokens, not five
    await desk.say("lighthouse " * 450)

    built = await desk.build()

    assert built.dropped == 0
    assert built.tokens <= 4096 - 256
    assert desk.store.cuts == []


async def test_examples_that_only_seem_too_long_are_counted_before_they_leave() -> None:
    long = ExampleLine(Role.CHARACTER, "lighthouse " * 900)
    desk = Desk(character=replace(MIRA, examples=(long,)))
    await desk.begin()
    await desk.say("Hello.")

    built = await desk.build()

    assert built.parts[Part.EXAMPLES] > 2700
    assert desk.store.cuts == []


async def test_a_persona_is_counted_once_and_then_known() -> None:
    desk = Desk(character=replace(MIRA, persona="lighthouse " * 900))
    await desk.begin()
    await desk.say("Hello.")
    await desk.build()
    asked = len(desk.generator.tokenized)

    await desk.say("Is anybody there?")
    built = await desk.build()

    assert asked == 2
    assert desk.generator.tokenized[asked:] == [built.prompt]


async def test_a_long_story_is_cut_in_one_block_and_the_cut_is_noted(desk: Desk) -> None:
    await desk.talk(60)
    await desk.say("And then?")

    built = await desk.build()

    budget = 4096 - 256
    assert budget / 2 - 120 < built.tokens <= budget / 2 + 120
    assert built.tokens == await desk.exactly(built.prompt)
    scene = await desk.scene()
    assert desk.store.cuts == [scene.turns[built.dropped].id]
    assert scene.turns[built.dropped].text.strip() in built.prompt
    assert scene.turns[built.dropped - 1].text.strip() not in built.prompt


async def test_the_beginning_of_the_prompt_stays_the_same_until_the_next_cut(desk: Desk) -> None:
    before = ""
    for number in range(80):
        cuts = len(desk.store.cuts)
        await desk.say(f"Line {number}. {SEA * 2}")

        built = await desk.build()

        assert built.tokens <= 4096 - 256
        story = built.prompt.removesuffix("### Response: (length = medium)\nMira:")
        if before and len(desk.store.cuts) == cuts:
            assert story.startswith(before)
        before = story
        await desk.reply(f"Answer {number}. {SEA * 4}")

    reused, total = (sum(column) for column in zip(*desk.reuse.seen, strict=True))
    assert 4 <= len(desk.store.cuts) <= 16
    assert reused / total > 0.8


async def test_once_told_a_turn_costs_one_count_but_where_lines_leave(desk: Desk) -> None:
    for number in range(40):
        await desk.say(f"Line {number}. {SEA * 2}")
        await desk.build()
        await desk.reply(f"Answer {number}. {SEA * 4}")

    asked = len(desk.generator.tokenized)

    assert asked <= 40 + 3 * len(desk.store.cuts)


async def test_a_scene_that_was_never_counted_is_cut_by_exact_counts(desk: Desk) -> None:
    await desk.talk(400, "灯台守は海を見て、ランプに火をともした。")
    await desk.say("And then?")

    built = await desk.build()

    counted, prompt = desk.generator.tokenized
    assert 50_000 < len(counted.encode()) < 61_000
    assert "And then?" in counted
    assert "Line 0." not in counted
    assert prompt == built.prompt
    assert 4096 * 0.4 < built.tokens <= 4096 - 256


async def test_greeting_and_pinned_lines_outlive_the_cut() -> None:
    desk = Desk()
    await desk.begin("*The door opens.* Come in.")
    await desk.say("I owe you my life.", pinned=True)
    await desk.talk(60)
    await desk.say("And then?")

    built = await desk.build()

    assert desk.store.cuts
    greeting, owed = built.prompt.index("Come in."), built.prompt.index("I owe you my life.")
    assert greeting < owed < built.prompt.index("And then?")
    assert "Line 0." not in built.prompt


async def test_examples_leave_first_and_stay_away_when_there_is_room_again() -> None:
    desk = Desk(character=replace(MIRA, examples=EXAMPLES))
    await desk.begin()
    whole = None
    while not desk.store.cuts:
        await desk.say(SEA * 2)
        whole = await desk.build()
    assert whole is not None

    assert "Do you ever sleep?" not in whole.prompt
    assert whole.dropped == 0
    assert desk.store.cuts == [(await desk.scene()).turns[0].id]

    await desk.store.delete(CHANNEL, [MessageId(number) for number in range(1003, 1100)])
    later = await desk.prompting.build(
        await desk.scene(), desk.character, trigger=player_turn_id(MessageId(1002)), author=MARA
    )
    assert "Do you ever sleep?" not in later.prompt


async def test_a_character_with_examples_has_them_in_a_young_story() -> None:
    desk = Desk(character=replace(MIRA, examples=EXAMPLES))
    await desk.begin()
    await desk.say("Hello.")

    built = await desk.build()

    assert "Mara: Do you ever sleep?" in built.prompt
    assert built.parts[Part.EXAMPLES] > 50


async def test_a_fixed_part_that_does_not_fit_is_refused_with_exact_numbers() -> None:
    desk = Desk(total=512, character=replace(MIRA, persona="Mira keeps the lamp. " * 60))
    await desk.begin()
    await desk.say("Hello.")

    with pytest.raises(PromptTooLong, match="256") as refused:
        await desk.build()

    exact = await desk.exactly(desk.generator.tokenized[-1])
    assert exact <= refused.value.tokens <= exact + 20


async def test_a_reply_is_never_given_more_than_half_of_a_small_server() -> None:
    desk = Desk(total=512)
    await desk.begin()
    await desk.store.set_length(CHANNEL, Length("unlimited"))
    await desk.talk(20, SEA)
    await desk.say("And then?")

    built = await desk.build()

    assert built.tokens <= 256
    assert 256 <= built.max_new_tokens == 512 - built.tokens
    assert built.context_tokens == 512


async def test_what_the_reply_already_has_stands_at_the_end_and_is_counted(desk: Desk) -> None:
    await desk.say("Hello.")

    bare = await desk.build()
    built = await desk.build(written=" Good evening,")

    assert built.prompt == bare.prompt + " Good evening,"
    assert built.tokens == await desk.exactly(built.prompt)
    assert built.parts[Part.REPLY] - bare.parts[Part.REPLY] == built.tokens - bare.tokens


async def test_a_long_beginning_takes_its_room_from_the_story(desk: Desk) -> None:
    await desk.talk(20)
    await desk.say("And then?")
    whole = await desk.build()

    built = await desk.build(written=" Once upon a time" * 400)

    assert built.tokens <= 4096 - 256
    assert built.dropped > whole.dropped == 0


async def test_the_reply_that_is_replaced_is_not_in_the_prompt(desk: Desk) -> None:
    await desk.say("Hello.")
    await desk.reply("Never again.")

    built = await desk.build()

    assert "Never again." not in built.prompt
    assert built.dropped == 0


async def test_tokens_the_server_calls_too_many_are_taken_off_the_story(desk: Desk) -> None:
    await desk.talk(10)
    await desk.say("And then?")
    whole = await desk.build()

    built = await desk.build(excess=100)

    assert built.tokens <= whole.tokens - 100
    assert built.dropped > 0
    assert built.prompt.endswith("### Response: (length = medium)\nMira:")


async def test_what_the_story_cannot_give_is_taken_off_the_reply(desk: Desk) -> None:
    await desk.say("Hello.")
    whole = await desk.build()

    built = await desk.build(excess=100)

    assert built.prompt == whole.prompt
    assert built.max_new_tokens == whole.max_new_tokens - 100


async def test_a_reply_without_room_is_refused(desk: Desk) -> None:
    await desk.say("Hello.")

    with pytest.raises(PromptTooLong):
        await desk.build(excess=250)


@pytest.mark.parametrize("failure", [StoreUnavailable("gone"), StoreRefusesWrites("full")])
async def test_counts_that_cannot_be_stored_do_not_cost_the_reply(
    desk: Desk, failure: Exception
) -> None:
    await desk.say("Hello.")
    desk.store.counts_fail = failure

    built = await desk.build()

    assert built.tokens > 0


async def test_a_cut_that_cannot_be_noted_is_reported(desk: Desk) -> None:
    await desk.talk(60)
    desk.store.cuts_fail = StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        await desk.build()


async def test_a_cut_whose_line_was_deleted_is_where_its_neighbour_stands(desk: Desk) -> None:
    await desk.talk(60)
    await desk.say("And then?")
    before = await desk.build()
    scene = await desk.scene()
    gone = scene.turns[before.dropped]

    await desk.store.delete(CHANNEL, gone.messages)
    after = await desk.build()

    assert after.dropped == before.dropped
    assert scene.turns[before.dropped + 1].text.strip() in after.prompt


async def test_a_story_taken_back_behind_its_cut_remembers_what_had_left(desk: Desk) -> None:
    for number in range(60):
        await desk.say(f"Line {number}. {SEA * 5}")
    cut = (await desk.build()).dropped
    assert cut > 20

    await desk.store.delete(CHANNEL, [MessageId(1001 + number) for number in range(cut, 60)])
    built = await desk.prompting.build(
        await desk.scene(), MIRA, trigger=player_turn_id(MessageId(1000 + cut)), author=MARA
    )

    assert built.tokens > 1500
    assert f"Line {cut - 10}." in built.prompt


async def test_whatever_is_said_the_prompt_fits_and_its_count_is_exact() -> None:
    chance = random.Random(7)
    alphabets = ("abcdefgh ", "äöüß ", "灯台守海", "🌊🔥❤️", "\n:#", "\u200b\u202e", "</s>[INST]")
    for _ in range(25):
        desk = Desk(total=chance.choice((768, 1024, 2048)))
        await desk.begin("Come in." if chance.random() < 0.5 else "")
        for number in range(chance.randrange(1, 30)):
            alphabet = chance.choice(alphabets)
            size = chance.randrange(1, 60)
            text = "".join(chance.choice(alphabet) for _ in range(size))
            await desk.say(f"{number} {text}", pinned=chance.random() < 0.1)
            if chance.random() < 0.5:
                await desk.reply(text[::-1] or ".")

        built = await desk.build()

        assert built.tokens == await desk.exactly(built.prompt)
        assert built.tokens + built.max_new_tokens <= desk.generator.total
        assert sum(built.parts.values()) == built.tokens


async def test_the_last_prompt_of_a_channel_is_kept_until_it_is_forgotten(desk: Desk) -> None:
    await desk.say("Hello.")
    assert desk.prompting.last(CHANNEL) is None

    built = await desk.build()
    again = await desk.build()

    assert desk.prompting.last(CHANNEL) is again
    assert (built.reused, again.reused) == (0, again.tokens)
    desk.prompting.forget(CHANNEL)
    assert desk.prompting.last(CHANNEL) is None
    assert (await desk.build()).reused == 0


async def test_prompts_of_no_more_than_256_channels_are_kept(desk: Desk) -> None:
    await desk.say("Hello.")
    scene = await desk.scene()
    for number in range(257):
        place = Place(ChannelId(number), None, None)
        moved = replace(scene, head=replace(scene.head, place=place))

        await desk.prompting.build(moved, MIRA, trigger=desk.newest, author=None)

    assert desk.prompting.last(ChannelId(0)) is None
    assert desk.prompting.last(ChannelId(1)) is not None


async def check(desk: Desk, persona: str, length: str | None = None) -> None:
    await desk.prompting.check(
        replace(MIRA, persona=persona),
        scenario="A harbour, at night.",
        owner_name="Mara",
        length=Length(length) if length else None,
    )


async def test_a_character_that_leaves_room_for_a_line_may_begin(desk: Desk) -> None:
    await check(desk, "Mira keeps the lamp. " * 100)


async def test_a_character_that_leaves_no_room_is_refused_with_the_numbers(desk: Desk) -> None:
    with pytest.raises(PromptTooLong) as refused:
        await check(desk, "Mira keeps the lamp. " * 700)

    tokens = await desk.exactly(desk.generator.tokenized[-1])
    assert refused.value.tokens == tokens + FIRST_LINE_TOKENS
    assert refused.value.budget == 4096 - 256
    assert f"{refused.value.tokens:,}" in str(refused.value)


async def test_a_long_length_leaves_less_room_for_a_character(desk: Desk) -> None:
    persona = "Mira keeps the lamp. " * 520

    await check(desk, persona, "micro")

    with pytest.raises(PromptTooLong):
        await check(desk, persona, "unlimited")


@pytest.mark.parametrize(("repeats", "is_hopeless"), [(500, False), (1500, True)])
async def test_while_the_server_is_away_only_what_is_hopeless_is_refused(
    desk: Desk, repeats: int, *, is_hopeless: bool
) -> None:
    desk.generator.is_away = True
    refused: Sequence[PromptTooLong] = ()

    try:
        await check(desk, "Mira keeps the lamp. " * repeats)
    except PromptTooLong as error:
        refused = (error,)

    assert bool(refused) == is_hopeless


async def test_a_prompt_is_counted_by_a_real_server() -> None:
    desk = Desk()
    await desk.begin("Guten Abend, Mädchen!")
    await desk.talk(60)
    await desk.say("Schön. 🌊")
    deadlines = Deadlines(connect_s=1, first_token_s=1, between_tokens_s=1, whole_reply_s=5)
    async with (
        ScriptedTgi().running() as tgi,
        open_tgi(urls=[tgi.url], api_key=None, deadlines=deadlines) as generator,
    ):
        prompting = Prompting(
            store=desk.store, generator=generator, profile=ZEPHRP, metrics=desk.reuse
        )
        await prompting.build(await desk.scene(), MIRA, trigger=desk.newest, author=None)
        built = await prompting.build(await desk.scene(), MIRA, trigger=desk.newest, author=None)

    assert sum(built.parts.values()) == built.tokens == built.reused
    assert built.tokens <= 4096 - 256
    assert "Guten Abend, Mädchen!" in built.prompt
    assert len(desk.store.cuts) == 1
