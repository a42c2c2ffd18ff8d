"""What is stored and not on the screen is posted exactly once, through whatever comes between."""

from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.errors import (
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreUnavailable,
    UserError,
)
from bot.core.scene import (
    MessageId,
    mark_of,
)
from bot.core.unposted import to_be_posted
from bot.services.echoes import Echoes
from bot.services.posting import post_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice, Shown
from tests.services.presented import (
    FRESH,
    GREETING,
    LINE,
    RAIN,
    REPLY,
    STALE,
    head_of_it,
    memory,
    messages,
    presenter,
    told,
)
from tests.services.stage import HARBOUR, CountingMetrics


@pytest.fixture
def voice() -> ScriptedVoice:
    return ScriptedVoice()


@pytest.fixture
async def store() -> MemorySceneStore:
    """A scene whose start was broken off after it was stored."""
    store = MemorySceneStore()
    await store.start(head_of_it(), GREETING)
    return store


async def test_what_this_process_is_about_to_post_is_left_alone(voice: ScriptedVoice) -> None:
    store = await told(RAIN, LINE)
    one = presenter(store, voice)
    one.claim(HARBOUR.channel, RAIN.id)

    await one.finish(head_of_it(), oldest_ms=FRESH)

    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == ["I open the door."]


async def test_whoever_speaks_has_a_name_and_a_face_of_their_own(voice: ScriptedVoice) -> None:
    store = await told(RAIN, LINE, REPLY)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert [(each.author, each.face, each.text) for each in voice.on_screen(HARBOUR.channel)] == [
        ("Narrator", "", "It rains."),
        ("Mara", "https://faces.example/mara.png", "I open the door."),
        ("Mira", "mira", "Come in."),
    ]
    on_screen = [(each.text, (each.id,)) for each in voice.on_screen(HARBOUR.channel)]
    assert await memory(store) == on_screen


async def test_what_has_been_shown_is_not_shown_again(voice: ScriptedVoice) -> None:
    store = await told(RAIN)
    one = presenter(store, voice)

    await one.finish(head_of_it(), oldest_ms=FRESH)
    await one.finish(head_of_it(), oldest_ms=FRESH)
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert len(voice.on_screen(HARBOUR.channel)) == 1


async def test_a_turn_that_is_a_copy_and_shown_nowhere_is_not_posted(voice: ScriptedVoice) -> None:
    store = await told(replace(RAIN, facts={}))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert voice.on_screen(HARBOUR.channel) == []


async def test_a_line_is_shown_however_late(voice: ScriptedVoice) -> None:
    store = await told(RAIN)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == ["It rains."]


@pytest.mark.parametrize(
    ("error", "words"),
    [(PostRefused("no right"), "may not write"), (PostAmbiguous("away"), "Try again in a moment")],
)
async def test_what_cannot_be_shown_is_not_remembered_either(
    voice: ScriptedVoice, error: Exception, words: str
) -> None:
    store = await told(RAIN)
    voice.outcomes["say"].extend([error, error])

    with pytest.raises(UserError, match=words):
        await presenter(store, voice).show(head_of_it(), RAIN)

    assert await memory(store) == []
    assert voice.on_screen(HARBOUR.channel) == []


async def test_of_a_long_text_that_is_posted_in_part_that_part_is_remembered(
    voice: ScriptedVoice,
) -> None:
    long = replace(RAIN, swipes=("\n\n".join(["It rains. " * 150, "It pours. " * 150]),))
    store = await told(long)
    voice.outcomes["say"].extend([None, PostError("away")])

    await presenter(store, voice).show(head_of_it(), long)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.text.startswith("It rains.")
    assert await memory(store) == [(shown.text, (shown.id,))]


async def test_a_turn_that_is_taken_back_while_it_is_posted_leaves_the_screen(
    voice: ScriptedVoice,
) -> None:
    store = await told(RAIN)

    async def take_back(_: Shown) -> None:
        head = await store.head(HARBOUR.channel)
        assert head is not None
        await store.apply(HARBOUR.channel, Change(drop=(RAIN.id,)), version=head.version)

    voice.on_say = take_back
    await presenter(store, voice).show(head_of_it(), RAIN)

    assert voice.on_screen(HARBOUR.channel) == []
    assert await memory(store) == []


async def test_a_store_that_is_briefly_away_is_asked_again(voice: ScriptedVoice) -> None:
    class Away(MemorySceneStore):
        fails = 0

        async def commit(self, *args: object, **kwargs: object) -> None:
            if self.fails:
                self.fails -= 1
                raise StoreUnavailable("away")
            await super().commit(*args, **kwargs)  # type: ignore[arg-type]  # as they came

    store = Away()
    await store.start(head_of_it(), GREETING)
    store.fails = 1

    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await messages(store) == (shown.id,)


async def test_what_showed_a_line_before_it_was_taken_back_is_not_taken_for_its_post(
    voice: ScriptedVoice,
) -> None:
    """The gateway tells a new process late of posts that were removed since."""
    before = replace(RAIN, messages=(MessageId(9_105),))
    store = await told(to_be_posted(before))
    echoes = Echoes(store=store, voice=voice, metrics=CountingMetrics())
    button = post_button(mark_of(RAIN.id, 0))
    await echoes.heard(HARBOUR.channel, MessageId(9_105), [button.custom_id])

    await presenter(store, voice, echoes).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await memory(store) == [("It rains.", (shown.id,))]


async def test_a_line_whose_fate_is_unknown_is_kept_for_the_next_start(
    voice: ScriptedVoice,
) -> None:
    store = await told(RAIN, LINE)
    voice.outcomes["find"].append(PostError("limited"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert voice.on_screen(HARBOUR.channel) == []
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)
    shown = ["It rains.", "I open the door."]
    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == shown
    assert [text for text, messages in await memory(store) if messages] == shown
