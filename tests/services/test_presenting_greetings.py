"""Greetings on their way to the screen, whatever is lost between."""

from dataclasses import dataclass, replace

import pytest

from bot.core.errors import (
    NotAllowedHere,
    PostAmbiguous,
    PostError,
    PostRefused,
    ScenePaused,
)
from bot.core.ports import Speaker
from bot.core.scene import (
    MessageId,
    Role,
    SceneHead,
    Turn,
    mark_of,
    reply_turn_id,
)
from bot.services.posting import post_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice, Shown
from tests.services.presented import (
    BARE_ROW,
    FRESH,
    GREETING,
    LINE,
    QUAY,
    RAIN,
    ROW,
    STALE,
    head_of_it,
    messages,
    presenter,
    told,
)
from tests.services.stage import HARBOUR, MIRA, TAVERN


@pytest.fixture
def voice() -> ScriptedVoice:
    return ScriptedVoice()


@pytest.fixture
async def store() -> MemorySceneStore:
    """A scene whose start was broken off after it was stored."""
    store = MemorySceneStore()
    await store.start(head_of_it(), GREETING)
    return store


async def test_a_greeting_that_was_never_posted_is_posted(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert (shown.text, shown.custom_ids) == ("Hello.", BARE_ROW)
    assert await messages(store) == (shown.id,)


async def test_a_greeting_has_its_buttons_from_the_first_moment(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.custom_ids == ROW
    assert [act.verb for act in voice.acts] == ["say"]
    head = await store.head(HARBOUR.channel)
    assert head is not None
    assert head.row == shown.id


async def test_a_greeting_in_several_messages_has_them_under_the_last(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    long = replace(GREETING, swipes=("\n\n".join(["Hello there. " * 120, "Come in. " * 150]),))

    await presenter(store, voice).show(head_of_it(), long)

    first, second = voice.on_screen(HARBOUR.channel)
    assert first.custom_ids == []
    assert second.custom_ids == [*ROW[:-1], f"more:{mark_of(GREETING.id, 1)}"]


async def test_a_greeting_behind_which_a_reply_came_meanwhile_keeps_no_buttons(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    reply = Turn(reply_turn_id(LINE.id), Role.CHARACTER, "Mira", ("Come in.",))

    async def answer(_: Shown) -> None:
        await store.commit(HARBOUR.channel, replace(LINE, messages=(MessageId(9_200),)))
        await store.commit(HARBOUR.channel, reply, row=MessageId(9_300))

    voice.on_say = answer
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.custom_ids == []


async def test_a_greeting_that_was_posted_and_not_noted_is_found(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert [(shown.id, shown.custom_ids) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, BARE_ROW)
    ]
    assert await messages(store) == (message,)


async def test_a_start_that_failed_long_ago_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert voice.on_screen(HARBOUR.channel) == []
    assert await store.head(HARBOUR.channel) is None


async def test_a_start_that_failed_long_ago_and_was_greeted_goes_on(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert [(shown.id, shown.custom_ids) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, BARE_ROW)
    ]
    assert await messages(store) == (message,)


@pytest.mark.parametrize("oldest_ms", [FRESH, STALE])
@pytest.mark.parametrize("error", [NotAllowedHere("no right"), PostError("limited")])
async def test_where_nobody_can_look_nothing_is_posted_and_nothing_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice, error: Exception, oldest_ms: float
) -> None:
    voice.outcomes["find"].extend([error] * 9)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=oldest_ms)

    assert voice.did("say") == []
    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_fails_is_kept(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostError("limited"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_says_no_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostRefused("no right"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert await store.head(HARBOUR.channel) is None


async def test_a_greeting_whose_answer_was_lost_stands_once(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostAmbiguous("lost"))
    voice.stores_first = True

    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await messages(store) == (shown.id,)


async def test_a_start_finds_the_scenes_that_wait_for_a_post(voice: ScriptedVoice) -> None:
    store = await told(RAIN)
    await store.start(replace(head_of_it(), place=TAVERN), GREETING)
    await store.start(replace(head_of_it(), place=QUAY), replace(GREETING, facts={}))

    await presenter(store, voice).finish_all(oldest_ms=FRESH)

    assert [(shown.channel, shown.text) for shown in voice.messages.values()] == [
        (HARBOUR.channel, "It rains."),
        (TAVERN.channel, "Hello."),
    ]


PAUSED = "Mira is for adults. The scene waits."


@dataclass
class Gate:
    """Whether the scene waits, as the channel is now."""

    reason: str = PAUSED

    def __call__(self, _head: SceneHead) -> str:
        return self.reason


async def test_a_late_greeting_waits_where_its_character_may_not_play_now(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    gate = Gate()
    late = presenter(store, voice, why_paused=gate)

    await late.finish(head_of_it(), oldest_ms=FRESH)

    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == [PAUSED]
    assert await messages(store) == ()
    gate.reason = ""
    await late.finish(head_of_it(), oldest_ms=FRESH)
    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == [PAUSED, "Hello."]


async def test_what_comes_behind_a_greeting_that_waits_waits_too(voice: ScriptedVoice) -> None:
    store = MemorySceneStore()
    await store.start(head_of_it(), GREETING)
    await store.commit(HARBOUR.channel, RAIN)

    await presenter(store, voice, why_paused=Gate()).finish(head_of_it(), oldest_ms=FRESH)

    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == [PAUSED]


async def test_a_greeting_whose_channel_changes_while_its_scene_begins_is_not_posted(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    gate = Gate()
    first = presenter(store, voice, why_paused=gate)
    first.claim(HARBOUR.channel, GREETING.id)

    with pytest.raises(ScenePaused, match="waits"):
        await first.show(head_of_it(), GREETING)

    gate.reason = ""
    await first.finish(head_of_it(), oldest_ms=FRESH)
    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == ["Hello."]


async def test_lines_of_others_are_posted_although_the_scene_waits(voice: ScriptedVoice) -> None:
    store = await told(LINE)

    await presenter(store, voice, why_paused=Gate()).finish(head_of_it(), oldest_ms=FRESH)

    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == ["I open the door."]
