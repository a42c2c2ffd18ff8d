"""Narrator's lines, and what is told beside the story: memory first, then the screen."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.errors import PostRefused, StoreUnavailable, UserError
from bot.core.scene import MessageId, Role, SceneHead
from bot.services.directing import Director
from bot.services.echoes import Echoes
from bot.services.incoming import Asked
from bot.services.personas import Personas
from bot.services.posting import Poster
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.staff import Staff
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.fakes.word_counter import WordCounter
from tests.profiles import ZEPHRP
from tests.services.stage import HARBOUR, MARA, MIRA, CountingMetrics, OneCharacter

CHANNEL = HARBOUR.channel


class Desk:
    """A director of a scene that is live."""

    def __init__(self, store: MemorySceneStore, max_total_tokens: int) -> None:
        self.store, self.voice = store, ScriptedVoice()
        echoes = Echoes(store=store, voice=self.voice, metrics=CountingMetrics())
        characters = OneCharacter()
        self.director = Director(
            store=store,
            presenter=Presenter(
                store=store,
                voice=self.voice,
                poster=Poster(self.voice, echoes, echo_s=0.01),
                characters=characters,
            ),
            prompting=Prompting(
                store=store,
                generator=WordCounter(max_total_tokens=max_total_tokens),
                profile=ZEPHRP,
                metrics=CountingMetrics(),
            ),
            characters=characters,
            personas=Personas(store, Staff()),
            die=lambda sides: sides - 6,
        )

    def screen(self) -> list[tuple[str, str]]:
        return [(each.author, each.text) for each in self.voice.on_screen(CHANNEL)]

    async def memory(self) -> list[tuple[Role, str, int]]:
        scene = await self.store.read(CHANNEL)
        assert scene is not None
        return [(turn.role, turn.text, len(turn.messages)) for turn in scene.turns]

    async def head(self) -> SceneHead:
        return await self.director.head(CHANNEL)


def asked(event: int = 9_000) -> Asked:
    return Asked(MessageId(event), HARBOUR, MARA, "Mara", at_ms=1_000_000)


async def begun(store: MemorySceneStore, *, max_total_tokens: int = 4096) -> Desk:
    await store.start(SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1), None)
    return Desk(store, max_total_tokens)


@pytest.fixture
async def desk() -> Desk:
    return await begun(MemorySceneStore())


async def test_what_is_narrated_is_remembered_and_shown(desk: Desk) -> None:
    await desk.director.narrate(asked(1), "It rains.")
    await desk.director.let_time_pass(asked(2), "three days later")
    await desk.director.roll(asked(3), "1d20+3", "Stealth")

    lines = ["It rains.", "— Three days later. —", "Mara rolls 1d20+3: 14 + 3 = 17 (Stealth)"]
    assert desk.screen() == [("Narrator", text) for text in lines]
    assert await desk.memory() == [(Role.NARRATOR, text, 1) for text in lines]


async def test_a_command_that_is_delivered_twice_tells_once(desk: Desk) -> None:
    await asyncio.gather(
        desk.director.narrate(asked(), "It rains."), desk.director.narrate(asked(), "It rains.")
    )

    assert desk.screen() == [("Narrator", "It rains.")]


async def test_two_members_at_once_are_both_heard(desk: Desk) -> None:
    await asyncio.gather(
        desk.director.narrate(asked(2), "It pours."), desk.director.narrate(asked(1), "It rains.")
    )

    assert [text for _, text, _ in await desk.memory()] == ["It rains.", "It pours."]
    assert len(desk.screen()) == 2


async def test_where_nothing_can_be_shown_nothing_is_remembered(desk: Desk) -> None:
    desk.voice.outcomes["say"].append(PostRefused("no right"))

    with pytest.raises(UserError, match="may not write here"):
        await desk.director.narrate(asked(), "It rains.")

    assert await desk.memory() == []


async def test_dice_that_cannot_be_read_are_not_thrown(desk: Desk) -> None:
    with pytest.raises(UserError, match="cannot read"):
        await desk.director.roll(asked(), "fireball")

    assert (desk.screen(), await desk.memory()) == ([], [])


async def test_without_a_scene_nothing_is_told(desk: Desk) -> None:
    await desk.store.set_live(CHANNEL, live=False)

    for wish in (
        desk.director.narrate(asked(), "It rains."),
        desk.director.note(CHANNEL, "It rains.", once=False, depth=4),
        desk.director.instruct(CHANNEL, "Be brief."),
        desk.director.set_scenario(CHANNEL, "A tower."),
    ):
        with pytest.raises(UserError, match="No scene is live here"):
            await wish

    assert desk.screen() == []


async def test_notes_scenarios_and_instructions_are_kept_with_the_scene(desk: Desk) -> None:
    await desk.director.note(CHANNEL, "It rains.", once=True, depth=2)
    await desk.director.set_scenario(CHANNEL, "A tower.")
    await desk.director.instruct(CHANNEL, "Be brief.")

    head = await desk.head()
    assert (head.note, head.note_depth, head.note_once) == ("It rains.", 2, True)
    assert (head.scenario, head.instruction) == ("A tower.", "Be brief.")
    await desk.director.forget_note(CHANNEL)
    await desk.director.forget_instruction(CHANNEL)
    assert replace(await desk.head(), version=0) == SceneHead(
        HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1, scenario="A tower."
    )


async def test_what_several_set_at_once_is_all_set(desk: Desk) -> None:
    await asyncio.gather(
        desk.director.note(CHANNEL, "It rains.", once=False, depth=4),
        desk.director.set_scenario(CHANNEL, "A tower."),
        desk.director.instruct(CHANNEL, "Be brief."),
        desk.director.narrate(asked(), "It rains."),
    )

    head = await desk.head()
    assert (head.note, head.scenario, head.instruction) == ("It rains.", "A tower.", "Be brief.")


async def test_a_scene_that_never_rests_is_given_up() -> None:
    class Restless(MemorySceneStore):
        async def apply(self, *_: object, **__: object) -> bool:
            return False

    desk = await begun(Restless())

    with pytest.raises(UserError, match="Too much is going on"):
        await desk.director.instruct(CHANNEL, "Be brief.")


async def test_a_scenario_that_leaves_no_room_is_refused_with_the_numbers() -> None:
    desk = await begun(MemorySceneStore(), max_total_tokens=300)

    with pytest.raises(UserError, match=r"need [0-9]{3} tokens"):
        await desk.director.set_scenario(CHANNEL, "up the tower " * 70)

    assert (await desk.head()).scenario == ""


async def test_a_line_is_told_although_the_store_was_briefly_away() -> None:
    class Away(MemorySceneStore):
        fails = 1

        async def ingest(self, *args: object) -> object:  # type: ignore[override]  # as it comes
            if self.fails:
                self.fails -= 1
                raise StoreUnavailable("away")
            return await super().ingest(*args)  # type: ignore[arg-type]  # as it came

    desk = await begun(Away())

    await desk.director.narrate(asked(), "It rains.")

    assert desk.screen() == [("Narrator", "It rains.")]


async def test_an_outrun_wish_is_planned_anew(desk: Desk) -> None:
    seen: list[int] = []
    apply = desk.store.apply

    async def outrun(channel: object, change: Change, *, version: int) -> bool:
        seen.append(version)
        if len(seen) == 1:
            await desk.store.set_length(CHANNEL, ZEPHRP.lengths.steps[0].name)
        return await apply(channel, change, version=version)  # type: ignore[arg-type]  # as it came

    desk.store.apply = outrun  # type: ignore[method-assign]  # a scene that goes on
    await desk.director.instruct(CHANNEL, "Be brief.")

    assert len(seen) == 2
    head = await desk.head()
    assert (head.instruction, head.length) == ("Be brief.", ZEPHRP.lengths.steps[0].name)
