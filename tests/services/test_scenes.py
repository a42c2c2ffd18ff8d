"""Starting and resuming a scene: what a member is told when it cannot be."""

from dataclasses import replace

import pytest

from bot.core.characters import Character, Rating
from bot.core.errors import PostAmbiguous, PostRefused, TextRefused, UserError
from bot.core.scene import CharacterKey, MessageId
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.scenes import Opening, Scenes
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.fakes.word_counter import WordCounter
from tests.profiles import ZEPHRP
from tests.services.growing import poster_on
from tests.services.stage import HARBOUR, MARA, MIRA, CountingMetrics, OneCharacter

OPENING = Opening(MessageId(9_000), HARBOUR, MARA, "Mara", MIRA.key, at_ms=1)


def scenes(
    voice: ScriptedVoice, *, character: Character = MIRA
) -> tuple[Scenes, MemorySceneStore, dict[CharacterKey, Character]]:
    source, store = OneCharacter(), MemorySceneStore()
    source.loaded = {character.key: character}
    return (
        Scenes(
            store=store,
            presenter=Presenter(
                store=store,
                voice=voice,
                poster=poster_on(voice),
                characters=source,
            ),
            characters=source,
            prompting=Prompting(
                store=store,
                generator=WordCounter(),
                profile=ZEPHRP,
                metrics=CountingMetrics(),
            ),
            lengths=ZEPHRP.lengths,
            noted=lambda _: None,
        ),
        store,
        source.loaded,
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [(PostRefused("no right"), "may not write"), (PostAmbiguous("away"), "Start again in a")],
)
async def test_a_scene_whose_greeting_cannot_be_shown_does_not_begin(
    error: Exception, words: str
) -> None:
    voice = ScriptedVoice()
    service, store, _ = scenes(voice)
    voice.outcomes["say"].extend([error, error])

    with pytest.raises(UserError, match=words):
        await service.start(OPENING)

    assert await store.head(HARBOUR.channel) is None


@pytest.mark.parametrize("stored", [True, False])
async def test_a_greeting_whose_answer_is_lost_stands_there_once(*, stored: bool) -> None:
    voice = ScriptedVoice()
    service, store, _ = scenes(voice)
    voice.stores_first = stored
    voice.outcomes["say"].append(PostAmbiguous("502"))

    await service.start(OPENING)

    [shown] = voice.on_screen(HARBOUR.channel)
    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    assert (shown.text, shown.labels[-1]) == ("Hello.", "⋯")
    assert scene.turns[0].messages == (shown.id,)


async def test_d10_a_greeting_whose_words_are_refused_is_posted_and_kept_without_them() -> None:
    voice = ScriptedVoice()
    linked = replace(MIRA, greetings=("See https://lamp.example!", "Hello."))
    service, store, _ = scenes(voice, character=linked)
    voice.outcomes["say"].append(TextRefused("200000"))

    await service.start(OPENING)

    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == ["See (a link)"]
    assert scene.turns[0].text == "See (a link)"


@pytest.mark.parametrize("greeting", [0, None])
async def test_everything_before_a_scene_counts_as_heard(greeting: int | None) -> None:
    """So the first line of all is found, too, if it is missed."""
    voice = ScriptedVoice()
    service, store, _ = scenes(voice)

    await service.start(replace(OPENING, greeting=greeting))

    head = await store.head(HARBOUR.channel)
    shown = [each.id for each in voice.on_screen(HARBOUR.channel)]
    assert head is not None
    assert head.seen == max(shown, default=OPENING.event)


async def test_a_character_for_adults_is_not_resumed_where_everyone_reads() -> None:
    service, store, loaded = scenes(ScriptedVoice())
    await service.start(OPENING)
    await service.set_live(HARBOUR.channel, live=False)
    loaded[MIRA.key] = replace(MIRA, rating=Rating.ADULT)

    with pytest.raises(UserError, match="age-restricted"):
        await service.resume(HARBOUR.channel, is_age_restricted=False, at_ms=77)

    stopped = await store.head(HARBOUR.channel)
    assert stopped is not None
    assert not stopped.live
    assert (await service.resume(HARBOUR.channel, is_age_restricted=True, at_ms=77)).live


async def test_a_character_that_leaves_no_room_for_a_line_is_refused_with_the_numbers() -> None:
    long = replace(MIRA, persona="She counts the ships. " * 800)
    service, store, _ = scenes(ScriptedVoice(), character=long)

    with pytest.raises(UserError, match=r"need 4,[0-9]{3} tokens, .* room for 3,840"):
        await service.start(OPENING)

    assert await store.head(HARBOUR.channel) is None


async def test_what_was_said_while_a_scene_was_stopped_is_no_part_of_it() -> None:
    service, store, _ = scenes(ScriptedVoice())
    await service.start(OPENING)

    await service.resume(HARBOUR.channel, is_age_restricted=True, at_ms=50)
    live = await store.head(HARBOUR.channel)
    await service.set_live(HARBOUR.channel, live=False)
    await service.resume(HARBOUR.channel, is_age_restricted=True, at_ms=77)
    resumed = await store.head(HARBOUR.channel)

    assert live is not None
    assert resumed is not None
    assert (live.since_ms, resumed.since_ms) == (1, 77)


async def test_a_greeting_in_several_messages_is_remembered_by_its_parts() -> None:
    long = "\n\n".join(["Come in. " * 100, "Sit down. " * 100, "Listen. " * 100])
    voice = ScriptedVoice()
    service, store, _ = scenes(voice, character=replace(MIRA, greetings=(long,)))

    await service.start(OPENING)

    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    assert scene.turns[0].parts == tuple(each.text for each in voice.on_screen(HARBOUR.channel))
