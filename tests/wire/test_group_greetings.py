"""Greetings for several on a running bot: chosen, offered once another one joins, told anew."""

from tests.cards import as_json, document
from tests.playground.driver import Shown, eventually
from tests.wire.running import Running
from tests.wire.test_characters import asked, take_in

AYA = as_json(
    {
        **document(
            first_mes="Welcome, {{user}}.",
            group_only_greetings=["Welcome, {{user}}, and all of you."],
        ),
        "spec": "chara_card_v3",
        "spec_version": "3.0",
    }
)
ALONE, SEVERAL = "Welcome, Mara.", "Welcome, Mara, and all of you."
NEXT = "swipe:next:"


async def greeted(stage: Running, text: str, position: str) -> Shown:
    """Wait until the newest text of a character is that one, with its buttons."""

    async def is_so() -> bool:
        shown = [m for m in await stage.world.mara.messages() if m.is_webhook]
        return bool(shown) and shown[-1].content == text and position in shown[-1].labels

    await eventually(is_so)
    return [m for m in await stage.world.mara.messages() if m.is_webhook][-1]


async def test_a_greeting_for_several_is_offered_as_such_and_can_be_chosen(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara, "aya.json", AYA)

    offered = await mara.autocomplete("roleplay start", "greeting", "", character="aya")
    assert [name for name, _ in offered[:2]] == [
        "1. Welcome, {{user}}.",
        "2. For several: Welcome, {{user}}, and all of you.",
    ]
    await asked(mara, "roleplay start", character="aya", greeting="2")

    await greeted(stage, SEVERAL, "1/2 ▶")


async def test_several_begin_once_another_character_joins(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara, "aya.json", AYA)
    await asked(mara, "roleplay start", character="aya")
    await greeted(stage, ALONE, "1/1 ▶")

    told = await asked(mara, "roleplay add", character="hollis")
    assert "Aya has greetings for several" in told.content
    await mara.click(await greeted(stage, ALONE, "1/2 ▶"), NEXT)
    await greeted(stage, SEVERAL, "2/2 ▶")

    told = await asked(mara, "roleplay add", character="clover")
    assert "for several" not in told.content


async def test_a_story_that_is_begun_anew_with_several_opens_for_them(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara, "aya.json", AYA)
    await asked(mara, "roleplay start", character="aya")
    line = await mara.send("Hello?")
    await mara.wait_for_message(
        lambda m: m.is_webhook and m.id > line.id and "Stop" not in m.labels
    )
    told = await asked(mara, "roleplay add", character="hollis")
    assert "for several" not in told.content

    await asked(mara, "roleplay restart")

    await greeted(stage, SEVERAL, "1/2 ▶")
