"""What members see while the store is away, and what is remembered afterwards."""

from collections.abc import AsyncGenerator

import pytest

from bot.core.scene import MessageId
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.scenes import Opening, Scenes
from tests.fakes.word_counter import WordCounter
from tests.profiles import ZEPHRP
from tests.services.growing import poster_on
from tests.services.outages import AwayStore
from tests.services.stage import (
    MARA,
    MIRA,
    TAVERN,
    CountingMetrics,
    OneCharacter,
    Stage,
    open_stage,
)


@pytest.fixture
def store() -> AwayStore:
    return AwayStore()


@pytest.fixture
async def stage(store: AwayStore) -> AsyncGenerator[Stage, None]:
    async with open_stage(store=store) as opened:
        await opened.begin()
        yield opened


@pytest.mark.parametrize("question", ["head", "ingest", "take", "user_length"])
async def test_a_line_is_answered_although_the_store_was_away_for_a_moment(
    stage: Stage, store: AwayStore, question: str
) -> None:
    store.go(**{question: 2})

    await stage.say("Is anybody there?")
    await stage.quiet()

    assert [act.text for act in stage.voice.did("say")] == ["I hear you."]
    assert store.away[question] == 0


async def test_a_line_that_cannot_be_stored_in_a_live_scene_is_not_met_with_silence(
    stage: Stage, store: AwayStore
) -> None:
    await stage.say("Good evening.")
    await stage.quiet()
    store.go()

    await stage.say("Is anybody there?")
    await stage.say("Hello?", place=TAVERN)

    assert len(stage.screen()) == 2
    assert "memory" in stage.screen()[-1]
    assert stage.screen(TAVERN) == []


def scenes_of(stage: Stage) -> Scenes:
    """The commands' side of the same scenes."""
    source = OneCharacter()
    prompting = Prompting(
        store=stage.store, generator=WordCounter(), profile=ZEPHRP, metrics=CountingMetrics()
    )
    return Scenes(
        store=stage.store,
        presenter=Presenter(
            store=stage.store,
            voice=stage.voice,
            poster=poster_on(stage.voice),
            characters=source,
        ),
        characters=source,
        prompting=prompting,
        lengths=ZEPHRP.lengths,
        noted=stage.pipeline.noted,
    )


OPENING = Opening(MessageId(9_000), TAVERN, MARA, "Mara", MIRA.key, at_ms=1, greeting=None)


async def test_the_first_line_of_a_scene_is_not_met_with_silence_either(
    stage: Stage, store: AwayStore
) -> None:
    await scenes_of(stage).start(OPENING)
    store.go()

    await stage.say("Is anybody there?", place=TAVERN)

    assert ["memory" in each for each in stage.screen(TAVERN)] == [True]


async def test_in_a_scene_that_goes_on_it_is_not_either_but_in_one_that_is_stopped(
    stage: Stage, store: AwayStore
) -> None:
    scenes = scenes_of(stage)
    await scenes.start(OPENING)
    await scenes.set_live(TAVERN.channel, live=False)
    store.go()
    await stage.say("We talk beside it.", place=TAVERN)
    assert stage.screen(TAVERN) == []
    store.come_back()

    await scenes.resume(TAVERN.channel, is_age_restricted=False, at_ms=5)
    store.go()
    await stage.say("Is anybody there?", place=TAVERN)

    assert ["memory" in each for each in stage.screen(TAVERN)] == [True]
