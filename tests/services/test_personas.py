"""Whom players play, and whose names are nobody else's."""

from dataclasses import replace

import pytest

from bot.core.errors import StoreUnavailable, UserError
from bot.core.lookalikes import NameTaken
from bot.core.personas import PERSONA, PlayerPersona, Scope, Wardrobe
from bot.core.scene import ChannelId, GuildId, MessageId, Place, UserId
from bot.services.incoming import Asked
from bot.services.personas import Personas
from bot.services.recent import Recent
from bot.services.staff import MODERATORS_KEPT, Staff
from tests.fakes.memory_store import MemorySceneStore
from tests.services.stage import HARBOUR, MARA, TAVERN, TOM, Stage, open_stage
from tests.services.test_player_lines import DRAFTED_IN, FACE, Desk, asked, desk

__all__ = ["desk"]

ANN = UserId(13)
GUILD = GuildId(1)
ELSEWHERE = Place(ChannelId(700), GuildId(2), ChannelId(700))
DIRECT = Place(ChannelId(800), None, None)
SMITH = "A smith with burnt hands."
ASH_FACE = "https://pictures.test/ash.png"


def at(place: Place, user: UserId = MARA) -> Asked:
    return Asked(MessageId(1), place, user, "Mara", at_ms=1, face=FACE)


@pytest.fixture
def personas() -> Personas:
    return Personas(MemorySceneStore(), Staff())


async def test_a_persona_is_played_where_it_was_chosen_for(personas: Personas) -> None:
    await personas.put(at(HARBOUR), "Ash", Scope.SERVER, text=SMITH, face=ASH_FACE)

    assert await personas.as_played(at(TAVERN)) == replace(
        at(TAVERN), name="Ash", persona=SMITH, face=ASH_FACE
    )
    assert await personas.as_played(at(ELSEWHERE)) == at(ELSEWHERE)
    assert await personas.as_played(at(DIRECT)) == at(DIRECT)
    assert await personas.as_played(at(HARBOUR, TOM)) == at(HARBOUR, TOM)
    assert await personas.name_of(MARA, HARBOUR, "Mara") == "Ash"
    assert await personas.name_of(MARA, ELSEWHERE, "Mara") == "Mara"


async def test_what_is_not_given_stays_as_it_was(personas: Personas) -> None:
    await personas.put(at(HARBOUR), "Ash", Scope.SERVER, text=SMITH, face=ASH_FACE)

    await personas.put(at(HARBOUR), "ash", Scope.SCENE, face="")
    found = await personas.put(at(HARBOUR), "Ash", Scope.SCENE)

    assert found.personas == (PlayerPersona("Ash", SMITH),)
    assert (await personas.as_played(at(HARBOUR))).face == FACE


async def test_what_is_put_off_leaves_what_counts_beside_it(personas: Personas) -> None:
    await personas.put(at(HARBOUR), "Ash", Scope.EVERYWHERE)
    await personas.put(at(HARBOUR), "Moth", Scope.SCENE)

    await personas.put_off(at(HARBOUR))
    assert await personas.name_of(MARA, HARBOUR, "Mara") == "Ash"
    await personas.put_off(at(HARBOUR))
    assert await personas.name_of(MARA, HARBOUR, "Mara") == "Mara"
    with pytest.raises(UserError, match=r"^You play yourself here already\.$"):
        await personas.put_off(at(HARBOUR))


async def test_what_changes_meanwhile_is_not_lost() -> None:
    class Busy(MemorySceneStore):
        async def keep_wardrobe(self, user: UserId, wardrobe: Wardrobe) -> bool:
            if wardrobe.version == 0:  # somebody else comes first
                await super().keep_wardrobe(user, Wardrobe((PlayerPersona("Moth"),)))
            return await super().keep_wardrobe(user, wardrobe)

    found = await Personas(Busy(), Staff()).put(at(HARBOUR), "Ash", Scope.SERVER)

    assert [each.name for each in found.personas] == ["Moth", "Ash"]


async def test_what_changes_all_the_time_is_given_up() -> None:
    class Racing(MemorySceneStore):
        async def keep_wardrobe(self, *_: object) -> bool:
            return False

    with pytest.raises(UserError, match="Too much is going on"):
        await Personas(Racing(), Staff()).put(at(HARBOUR), "Ash", Scope.SERVER)


async def test_a_moderators_name_is_theirs_on_their_server(personas: Personas) -> None:
    personas.staff.saw(GUILD, ANN, ["Ann", "ann_b"], moderates=True)

    for name in ("\u0391nn", "ANN_B", "Ann (Mod)"):
        with pytest.raises(NameTaken, match="looks like a moderator's name here"):
            await personas.put(at(HARBOUR), name, Scope.SERVER)
    await personas.put(at(HARBOUR, ANN), "Ann", Scope.SERVER)
    await personas.put(at(ELSEWHERE), "Ann", Scope.SERVER)
    with pytest.raises(NameTaken):
        await personas.use(at(HARBOUR), "Ann", Scope.SERVER)


async def test_who_moderates_no_more_has_a_name_like_anybodys(personas: Personas) -> None:
    personas.staff.saw(GUILD, ANN, ["Ann"], moderates=True)

    personas.staff.saw(GUILD, ANN, ["Ann"], moderates=False)

    await personas.put(at(HARBOUR), "Ann", Scope.SERVER)


async def test_what_the_bot_is_called_is_its_own(personas: Personas) -> None:
    personas.staff.is_called(GUILD, ["The Lantern"])

    with pytest.raises(NameTaken, match=r"^“Lantern” looks like my own name here\."):
        await personas.put(at(HARBOUR), "Lantern", Scope.SERVER)


def test_as_many_moderators_are_known_as_there_is_room_for() -> None:
    staff = Staff()

    for number in range(MODERATORS_KEPT + 1):
        staff.saw(GUILD, UserId(number), [f"M{number}"], moderates=True)

    assert len(staff.names(GUILD, but=UserId(999))) == MODERATORS_KEPT
    assert not staff.moderates(GUILD, UserId(0))
    assert staff.names(GuildId(9), but=ANN) == []
    assert staff.names(None, but=ANN) == []


def test_what_is_kept_lately_can_be_gone_through_while_it_changes() -> None:
    kept: Recent[int, str] = Recent(2)
    for number in range(3):
        kept.set(number, str(number))

    for key, _ in kept:
        kept.forget(key)

    assert len(kept) == 0


async def test_a_line_is_said_by_whom_its_author_plays_then() -> None:
    async with open_stage() as stage:
        personas = Personas(stage.store, Staff())
        stage.tgi.reply = lambda _: " Hm."
        await stage.begin()
        await stage.say("Before.")
        await stage.quiet()
        await personas.put(at(HARBOUR), "Ash", Scope.SERVER, text=SMITH)
        await stage.say("After.")
        await stage.quiet()

        assert [name for name, _ in await stage.memory()] == ["Mara", "Mira", "Ash", "Mira"]
        prompt = stage.tgi.asked[-1].prompt
        assert f"Ash's Persona: {SMITH}\n\n" in prompt
        assert "with Ash and Mara below" in prompt

        await personas.forget(at(HARBOUR), "Ash")
        await stage.say("At last.")
        await stage.quiet()

        assert SMITH not in stage.tgi.asked[-1].prompt
        assert [name for name, _ in await stage.memory()][2::2] == ["Ash", "Mara"]
        assert await personas_of(stage) == ["", "", SMITH, "", "", ""]


async def test_two_who_play_the_same_are_told_apart() -> None:
    async with open_stage() as stage:
        personas = Personas(stage.store, Staff())
        stage.tgi.reply = lambda _: " Hm."
        await stage.begin()
        for user in (MARA, TOM):
            await personas.put(at(HARBOUR, user), "Ash", Scope.SERVER)
        for user in (MARA, TOM, MARA, TOM):
            await stage.say("I am Ash.", author=user)
            await stage.quiet()

        spoken = [name for name, _ in await stage.memory() if name != "Mira"]
        assert spoken == ["Ash", "Ash (2)", "Ash", "Ash (2)"]


async def personas_of(stage: Stage) -> list[str]:
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    return [turn.facts.get(PERSONA, "") for turn in scene.turns]


async def test_a_line_waits_for_a_store_that_does_not_say_whose_it_is() -> None:
    class Away(MemorySceneStore):
        failures = 2

        async def wardrobe(self, _: UserId) -> Wardrobe:
            if self.failures:
                self.failures -= 1
                raise StoreUnavailable("away")
            return Wardrobe((PlayerPersona("Ash"),), {"g1": "Ash"})

    async with open_stage(store=Away()) as stage:
        await stage.begin()
        await stage.say("Hello.")
        await stage.quiet()

        assert (await stage.memory())[0] == ("Ash", "Hello.")


async def test_a_draft_is_written_and_sent_as_the_persona(desk: Desk) -> None:
    await desk.personas.put(at(HARBOUR), "Ash", Scope.SERVER, text=SMITH, face=ASH_FACE)
    desk.say(" I raise the hammer.")

    text = await desk.lines.draft(asked())
    assert desk.prompt().endswith("\nAsh:")
    assert f"Ash's Persona: {SMITH}" in desk.prompt()
    await desk.lines.send(asked(), text, draft=DRAFTED_IN)
    await desk.stage.quiet()

    posted = [each for each in desk.stage.voice.on_screen(HARBOUR.channel) if each.author == "Ash"]
    assert [(each.text, each.face) for each in posted] == [("I raise the hammer.", ASH_FACE)]
    assert ("Ash", "I raise the hammer.") in await desk.stage.memory()
    assert SMITH in await personas_of(desk.stage)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("\u0391nn", "looks like a moderator's name here"),
        ("M\u0456ra", "looks like a character's name here"),
        ("Adm1n", "looks like a name of Discord's or of a server's staff"),
    ],
)
async def test_a_line_is_not_sent_under_a_name_that_is_somebody_elses(
    desk: Desk, name: str, words: str
) -> None:
    desk.personas.staff.saw(GUILD, ANN, ["Ann"], moderates=True)
    before = desk.stage.screen()

    with pytest.raises(NameTaken, match=words):
        await desk.lines.send(replace(asked(), name=name), "I wait.", draft=DRAFTED_IN)

    assert desk.stage.screen() == before
    assert len(await desk.stage.memory()) == 2


async def test_a_moderator_may_be_called_one(desk: Desk) -> None:
    desk.personas.staff.saw(GUILD, MARA, ["Admin"], moderates=True)
    desk.say(" I see.")

    await desk.lines.send(replace(asked(), name="Admin"), "I wait.", draft=DRAFTED_IN)
    await desk.stage.quiet()

    assert ("Admin", "I wait.") in await desk.stage.memory()
