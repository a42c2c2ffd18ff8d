"""The greeting is posted exactly once, through whatever comes between."""

import pytest

from bot.core.errors import NotAllowedHere, PostAmbiguous, PostError, PostRefused
from bot.core.ports import Speaker
from bot.core.scene import MessageId, Role, SceneHead, Turn, mark_of, player_turn_id
from bot.services.echoes import Echoes
from bot.services.greeting import Greeter
from bot.services.posting import Poster, post_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, MARA, MIRA, CountingMetrics, OneCharacter, open_stage

GREETING = Turn(
    player_turn_id(MessageId(9_000)), Role.CHARACTER, "Mira", ("Hello.",), at_ms=1_000_000
)


@pytest.fixture
def voice() -> ScriptedVoice:
    return ScriptedVoice()


@pytest.fixture
async def store() -> MemorySceneStore:
    """A scene whose start was broken off after it was stored."""
    store = MemorySceneStore()
    await store.start(head_of_it(), GREETING)
    return store


def head_of_it() -> SceneHead:
    return SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)


def greeter(store: MemorySceneStore, voice: ScriptedVoice) -> Greeter:
    echoes = Echoes(store=store, voice=voice, metrics=CountingMetrics())
    return Greeter(
        store=store,
        voice=voice,
        poster=Poster(voice, echoes, echo_s=0.01),
        characters=OneCharacter(),
    )


async def messages(store: MemorySceneStore) -> tuple[MessageId, ...]:
    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    return scene.turns[0].messages


async def test_a_greeting_that_was_never_posted_is_posted(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=True)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert (shown.text, shown.labels) == ("Hello.", [])
    assert await messages(store) == (shown.id,)


async def test_a_greeting_that_was_posted_and_not_noted_is_found(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=True)

    assert [(shown.id, shown.labels) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, [])
    ]
    assert await messages(store) == (message,)


async def test_a_start_that_failed_long_ago_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=False)

    assert voice.on_screen(HARBOUR.channel) == []
    assert await store.head(HARBOUR.channel) is None


async def test_a_start_that_failed_long_ago_and_was_greeted_goes_on(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=False)

    assert [(shown.id, shown.labels) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, [])
    ]
    assert await messages(store) == (message,)


@pytest.mark.parametrize("is_fresh", [True, False])
@pytest.mark.parametrize("error", [NotAllowedHere("no right"), PostError("limited")])
async def test_where_nobody_can_look_nothing_is_posted_and_nothing_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice, error: Exception, *, is_fresh: bool
) -> None:
    voice.outcomes["find"].extend([error] * 9)

    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=is_fresh)

    assert voice.did("say") == []
    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_fails_is_kept(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostError("limited"))

    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=True)

    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_says_no_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostRefused("no right"))

    await greeter(store, voice).finish(head_of_it(), GREETING, is_fresh=True)

    assert await store.head(HARBOUR.channel) is None


async def test_a_greeting_whose_answer_was_lost_stands_once(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostAmbiguous("lost"))
    voice.stores_first = True

    await greeter(store, voice).greet(HARBOUR, MIRA, GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await messages(store) == (shown.id,)


async def test_a_restart_finds_the_scenes_that_nobody_has_been_greeted_in() -> None:
    async with open_stage() as stage:
        await stage.store.start(head_of_it(), GREETING)
        greeted: list[tuple[str, bool]] = []

        async def greet(_: SceneHead, turn: Turn, /, *, is_fresh: bool) -> None:
            greeted.append((turn.text, is_fresh))

        await stage.pipeline.recover(greet=greet)
        stage.clock_ms[0] += 600_001
        await stage.pipeline.recover(greet=greet)

        assert greeted == [("Hello.", True), ("Hello.", False)]
