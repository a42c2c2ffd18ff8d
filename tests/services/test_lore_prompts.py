"""What cards tell a prompt beside who the character is: lore, notes and instructions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.core.cards.lore import read_book
from bot.core.cards.notes import Notes
from bot.core.characters import Character
from bot.core.lorebook import Book
from bot.core.scene import MessageId, SceneHead
from bot.core.script import Note, Part
from tests.services.desk import CHANNEL, MIRA, Desk

BELL = {"keys": ["bell"], "content": "{{char}} rings the bell at dusk.", "name": "The bell"}


def book(*entries: dict[str, Any]) -> Book:
    found = read_book({"entries": list(entries)}, Notes())
    assert found is not None
    return found


async def desk_of(character: Character, *lines: str, greeting: str = "") -> Desk:
    desk = Desk(character=character)
    await desk.begin(greeting)
    for line in lines:
        await desk.say(line)
    return desk


async def test_lore_comes_with_its_key_stands_in_its_place_and_is_named() -> None:
    entries = (
        BELL | {"position": "before_char"},
        {"keys": ["rope"], "content": "The rope is wet.", "position": "after_char"},
        {"keys": ["sea"], "content": "The sea is loud.", "extensions": {"position": 4, "depth": 1}},
        {"keys": ["cat"], "content": "The cat is blue."},
    )
    desk = await desk_of(replace(MIRA, book=book(*entries)), "Hello.", "The bell, rope and sea?")

    built = await desk.build()

    assert built.prompt.startswith(
        "### Instruction:\nMira rings the bell at dusk.\n\nMira's Persona: "
    )
    assert "likes Mara.\n\nThe rope is wet.\n\nPlay the role" in built.prompt
    assert "Mara: Hello.\nThe sea is loud.\nMara: The bell, rope and sea?" in built.prompt
    assert "blue" not in built.prompt
    assert sorted(built.lore) == ["The bell", "rope", "sea"]
    assert built.parts[Part.LORE] > 0


async def test_lore_stays_for_four_replies_more() -> None:
    desk = await desk_of(replace(MIRA, book=book(BELL)))
    told = []
    for number in range(7):
        await desk.say("The bell!" if number == 0 else f"Line {number}.")
        told.append(bool((await desk.build()).lore))
        await desk.reply(f"Answer {number}.")

    assert told == [True] * 5 + [False] * 2


async def test_a_line_that_is_taken_back_takes_its_lore_with_it() -> None:
    desk = await desk_of(replace(MIRA, book=book(BELL)), "Hello.", "The bell!")
    assert (await desk.build()).lore == ("The bell",)

    await desk.store.delete(CHANNEL, [MessageId(1002)])

    assert (await desk.build()).lore == ()


async def test_another_try_of_a_reply_is_told_the_same() -> None:
    rare = {"content": "c", "extensions": {"probability": 50}}
    entries = [{"keys": ["a"], "name": f"e{n}", **rare} for n in range(30)]
    desk = await desk_of(replace(MIRA, book=book(*entries)), "a")

    first = (await desk.build()).lore

    assert (await desk.build()).lore == first
    assert (await desk.build(written=" Well")).lore == first
    assert 3 < len(first) < 27


async def test_a_card_s_instructions_stand_at_both_ends() -> None:
    character = replace(
        MIRA,
        system_prompt="Write as {{char}}. {{original}}{{original}}",
        post_history="Keep {{user}} waiting.",
        depth_prompt=Note("[{{char}} is tired.]", 1),
    )
    desk = await desk_of(character, "Hello.", "Well?")

    prompt = (await desk.build()).prompt

    assert prompt.startswith("### Instruction:\nWrite as Mira.\n\nMira's Persona: ")
    assert prompt.endswith(
        "Mara: Hello.\n[Mira is tired.]\nMara: Well?\n[Keep Mara waiting.]\n\n"
        "### Response: (length = medium)\nMira:"
    )


async def test_macros_of_cards_never_reach_into_what_players_write() -> None:
    desk = await desk_of(replace(MIRA, nickname="Mimi"), "{{char}} and {{random::x::y}}?")

    prompt = (await desk.build()).prompt

    assert "Mimi keeps the lamp" in prompt
    assert "Mara: {{char}} and {{random::x::y}}?" in prompt


async def test_chance_in_a_card_falls_once_for_a_scene() -> None:
    dice = "{{random::a::b::c::d::e::f::g}} {{roll:1000}} " * 9
    desk = await desk_of(replace(MIRA, persona=dice), "Hello.")

    first = (await desk.build()).prompt
    await desk.reply("Hm.")
    await desk.say("And now?")

    assert (await desk.build()).prompt.startswith(first.partition("\n\nPlay")[0])


async def test_an_entry_for_one_greeting_plays_with_that_greeting_only() -> None:
    entry = {"keys": ["bell"], "content": "@@is_greeting 2\nRings."}
    character = replace(MIRA, book=book(entry), greetings=("Hi {{user}}.", "Ho {{user}}."))

    first = await desk_of(character, "The bell!", greeting="Hi Mara.")
    second = await desk_of(character, "The bell!", greeting="Ho Mara.")

    assert (await first.build()).lore == ()
    assert (await second.build()).lore == ("bell",)


@dataclass
class OneShelf:
    books: Sequence[Book]

    async def open_in(self, head: SceneHead) -> Sequence[Book]:
        assert head.place.channel == CHANNEL
        return self.books


async def test_a_scene_s_own_books_are_told_before_the_character_s() -> None:
    desk = Desk(
        character=replace(MIRA, book=book({"keys": ["bell"], "content": "Second."})),
        shelf=OneShelf([book({"keys": ["bell"], "content": "First."})]),
    )
    await desk.begin()
    await desk.say("The bell!")

    prompt = (await desk.build()).prompt

    assert prompt.index("Second.") < prompt.index("First.")  # nearer to the end counts more


async def test_lore_never_costs_a_reply() -> None:
    always = {"content": "sea " * 60, "constant": True, "name": "The sea"}
    character = replace(MIRA, persona="lamp " * 480, book=book(always))
    told = []
    for total in (950, 850):
        desk = Desk(total=total, character=character)
        await desk.begin()
        await desk.say("Well?")
        built = await desk.build()
        told.append(built.lore)
        assert "lamp lamp" in built.prompt
        assert bool(built.lore) == ("sea sea" in built.prompt)

    assert told == [("The sea",), ()]
