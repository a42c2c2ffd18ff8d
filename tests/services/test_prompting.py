"""Prompts of stored scenes: what is counted, cut, noted and sent."""

from dataclasses import replace

import pytest

from bot.core.characters import ExampleLine
from bot.core.scene import (
    MessageId,
    Role,
    player_turn_id,
)
from bot.core.script import Part
from bot.core.token_counts import fingerprint, known
from tests.profiles import ZEPHRP
from tests.services.desk import CHANNEL, EXAMPLES, MARA, MIRA, SEA, Desk


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
