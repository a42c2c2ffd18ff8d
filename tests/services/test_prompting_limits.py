"""What happens to a prompt at its limits."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.adapters.tgi import Deadlines, open_tgi
from bot.core.budget import PromptTooLong
from bot.core.lengths import Length
from bot.core.personas import PERSONA
from bot.core.scene import (
    ChannelId,
    MessageId,
    Place,
    player_turn_id,
)
from bot.core.script import Part
from bot.services.prompting import FIRST_LINE_TOKENS, Prompting
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.profiles import ZEPHRP
from tests.services.desk import CHANNEL, MARA, MIRA, SEA, Desk


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.begin()
    return desk


async def test_a_fixed_part_that_does_not_fit_is_refused_with_exact_numbers() -> None:
    desk = Desk(total=512, character=replace(MIRA, persona="Mira keeps the lamp. " * 60))
    await desk.begin()
    await desk.say("Hello.")

    with pytest.raises(PromptTooLong, match="256") as refused:
        await desk.build()

    exact = await desk.exactly(desk.generator.tokenized[-1])
    assert exact <= refused.value.tokens <= exact + 20


async def test_players_are_told_of_by_name_only_before_nobody_is_answered() -> None:
    desk = Desk(total=512)
    await desk.begin()
    said = await desk.say("Hello.", name="Ash")
    await desk.store.set_facts(CHANNEL, said, {PERSONA: "Ash mends nets. " * 60})

    built = await desk.build()

    assert "mends nets" not in built.prompt
    assert "Ash: Hello." in built.prompt
    assert built.tokens <= 256


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
    assert built.cut is not None
