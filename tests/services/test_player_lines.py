"""Lines that are drafted for a player: nobody's until they are sent, then like any of theirs."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import pytest

from bot.adapters.tgi import Deadlines, open_tgi
from bot.core.errors import PostRefused, UserError
from bot.core.scene import MessageId, Role, UserId
from bot.core.unposted import DRAFT, ORIGIN, Origin
from bot.services.casting import Casting
from bot.services.dispatcher import Dispatcher
from bot.services.echoes import Echoes
from bot.services.incoming import Asked
from bot.services.personas import Personas
from bot.services.player_lines import PlayerLines
from bot.services.posting import Poster
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.staff import Staff
from tests.profiles import ZEPHRP
from tests.services.stage import (
    HARBOUR,
    MARA,
    NAMES,
    TOM,
    CountingMetrics,
    Stage,
    open_stage,
)

FACE = "https://faces.example/mara.png"
DRAFTED_IN = MessageId(77)


@dataclass
class Desk:
    """Player's lines beside a pipeline that answers them."""

    stage: Stage
    lines: PlayerLines
    dispatcher: Dispatcher
    personas: Personas

    def say(self, *texts: str) -> None:
        """Let the model write *texts*, one after the other, and then the last for ever."""
        left = list(texts)
        self.stage.tgi.reply = lambda _: left.pop(0) if len(left) > 1 else left[0]

    async def begin(self) -> None:
        await self.stage.begin()
        self.say(" Hello, Mara.")
        await self.stage.say("Good evening.")
        await self.stage.quiet()

    def prompt(self) -> str:
        return self.stage.tgi.asked[-1].prompt


def asked(event: int = 5_000_000, user: UserId = MARA) -> Asked:
    return Asked(MessageId(event), HARBOUR, user, NAMES[user], at_ms=1_000_000, face=FACE)


def presenter_on(stage: Stage) -> Presenter:
    echoes = Echoes(store=stage.store, voice=stage.voice, metrics=CountingMetrics())
    return Presenter(
        store=stage.store,
        voice=stage.voice,
        poster=Poster(stage.voice, echoes, echo_s=0.01),
        characters=stage.characters,
    )


def deadlines() -> Deadlines:
    return Deadlines(connect_s=1, first_token_s=0.5, between_tokens_s=0.3, whole_reply_s=10)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk, None]:
    async with (
        open_stage() as stage,
        open_tgi(urls=[stage.tgi.url], api_key=None, deadlines=deadlines()) as generator,
    ):
        dispatcher = Dispatcher(slots=1, waiting=1)
        personas = Personas(stage.store, Staff())
        lines = PlayerLines(
            store=stage.store,
            generator=generator,
            prompting=Prompting(
                store=stage.store, generator=generator, profile=ZEPHRP, metrics=stage.metrics
            ),
            dispatcher=dispatcher,
            profile=ZEPHRP,
            characters=stage.characters,
            metrics=stage.metrics,
            presenter=presenter_on(stage),
            pipeline=stage.pipeline,
            personas=personas,
            new_seed=itertools.count(1).__next__,
            casting=Casting(stage.characters),
            within_s=2.0,
        )
        desk = Desk(stage, lines, dispatcher, personas)
        await desk.begin()
        yield desk


async def test_a_draft_is_asked_for_behind_the_players_name(desk: Desk) -> None:
    desk.say(' "Is anybody there?"')

    assert await desk.lines.draft(asked()) == '"Is anybody there?"'

    assert desk.prompt().endswith("### Response:\nMira: Hello, Mara.\n\n### Input:\nMara:")
    assert desk.stage.tgi.asked[-1].parameters["stop"][:2] == ["\n###", "\nMira:"]
    assert await desk.stage.memory() == [("Mara", "Good evening."), ("Mira", "Hello, Mara.")]


async def test_a_hint_stands_right_before_the_draft(desk: Desk) -> None:
    desk.say(" I draw my sword.")

    await desk.lines.draft(asked(), " be\nbold ")

    assert desk.prompt().endswith("### Input:\n[Mara goes on: be bold]\nMara:")


@pytest.mark.parametrize(
    "more", ["\nMira: Hello!", "\n### Response:\nMira: Hello!", "\nTom: I stay here."]
)
async def test_row_02_a_draft_never_holds_anybody_elses_line(desk: Desk, more: str) -> None:
    await desk.stage.say("I am here, too.", author=TOM)
    await desk.stage.quiet()
    desk.say(f" I wait.{more}")

    assert await desk.lines.draft(asked()) == "I wait."


async def test_an_empty_draft_is_asked_for_once_more(desk: Desk) -> None:
    desk.say("", " I wait.")

    assert await desk.lines.draft(asked()) == "I wait."


async def test_a_model_with_nothing_to_say_gets_one_sentence(desk: Desk) -> None:
    desk.say("")

    with pytest.raises(UserError, match="nothing to say for you"):
        await desk.lines.draft(asked())


async def test_while_the_model_is_away_a_member_is_told_so(desk: Desk) -> None:
    await desk.stage.tgi.stop()

    for wish in (desk.lines.draft(asked()), desk.lines.suggest(asked())):
        with pytest.raises(UserError, match="not answering right now"):
            await wish


async def test_who_waits_for_a_slot_waits_no_longer_than_is_allowed(desk: Desk) -> None:
    async with desk.dispatcher.slot("somebody else"):
        with pytest.raises(UserError, match="takes too long"):
            await desk.lines.draft(asked())


async def test_while_a_reply_is_written_there_is_no_draft(desk: Desk) -> None:
    desk.stage.tgi.tokens_per_s = 20
    desk.say(" A long story. " * 10)
    await desk.stage.say("Tell me.")

    with pytest.raises(UserError, match="A reply is being written"):
        await desk.lines.draft(asked())

    desk.stage.pipeline.stop(HARBOUR.channel)
    await desk.stage.quiet()


async def test_a_member_has_one_draft_written_at_a_time(desk: Desk) -> None:
    desk.say(" I wait.")
    desk.stage.tgi.first_token_s = 0.2

    wishes = (desk.lines.draft(asked()), desk.lines.suggest(asked()))
    told = await asyncio.gather(*wishes, return_exceptions=True)

    assert told[0] == "I wait."
    assert str(told[1]) == "The model is writing for you already."
    assert await desk.lines.draft(asked()) == "I wait."


async def test_suggestions_are_short_and_all_different(desk: Desk) -> None:
    desk.say(" I wait.", " I wait!", ' "Who is there?"', "", f" I run. {'I run on. ' * 30}")

    found = await desk.lines.suggest(asked())

    assert found[:2] == ("I wait.", '"Who is there?"')
    assert found[2].startswith("I run.")
    assert len(found) == 3
    assert all(len(action) <= 80 for action in found)
    tried = desk.stage.tgi.asked[-5:]
    assert len({each.parameters["temperature"] for each in tried}) == 5
    assert len({each.prompt for each in tried}) == 1


async def test_fewer_suggestions_are_better_than_none(desk: Desk) -> None:
    desk.say(" I wait.")

    assert await desk.lines.suggest(asked()) == ("I wait.",)
    assert len(desk.stage.tgi.asked) == 1 + 6


async def test_a_line_that_is_sent_is_the_players_and_is_answered(desk: Desk) -> None:
    desk.say(" Come in.")

    await desk.lines.send(asked(), " I knock. ", draft=DRAFTED_IN)
    await desk.stage.until(lambda: "Come in." in desk.stage.screen())
    await desk.stage.quiet()

    scene = await desk.stage.store.read(HARBOUR.channel)
    assert scene is not None
    *_, line, reply = scene.turns
    assert (line.role, line.name, line.author, line.text) == (
        Role.PLAYER,
        "Mara",
        MARA,
        "I knock.",
    )
    [shown] = [each for each in desk.stage.voice.messages.values() if each.text == "I knock."]
    assert (shown.author, shown.face, line.messages) == ("Mara", FACE, (shown.id,))
    assert dict(line.facts) == {
        "decision": "answer",
        ORIGIN: Origin.SENT,
        DRAFT: "77",
        "face": FACE,
    }
    assert reply.text == "Come in."
    assert desk.stage.screen().index("I knock.") < desk.stage.screen().index("Come in.")


async def test_of_two_clicks_on_one_draft_one_line_comes(desk: Desk) -> None:
    sends = (
        desk.lines.send(asked(event), "I knock.", draft=DRAFTED_IN)
        for event in (5_000_000, 5_000_001)
    )

    told = await asyncio.gather(*sends, return_exceptions=True)
    with pytest.raises(UserError, match="sent already"):
        await desk.lines.send(asked(5_000_002), "I knock.", draft=DRAFTED_IN)
    await desk.stage.quiet()

    assert [str(each) for each in told if each is not None] == ["That line is sent already."]
    assert desk.stage.screen().count("I knock.") == 1


async def test_a_line_that_cannot_be_shown_is_not_remembered_and_may_be_sent_again(
    desk: Desk,
) -> None:
    desk.stage.voice.outcomes["say"].append(PostRefused("no right"))

    with pytest.raises(UserError, match="may not write here"):
        await desk.lines.send(asked(), "I knock.", draft=DRAFTED_IN)

    assert ("Mara", "I knock.") not in await desk.stage.memory()
    await desk.lines.send(asked(5_000_001), "I knock.", draft=DRAFTED_IN)
    await desk.stage.quiet()
    assert desk.stage.screen().count("I knock.") == 1


async def test_among_several_a_sent_line_is_answered_only_if_it_calls(desk: Desk) -> None:
    await desk.stage.say("I am here, too.", author=TOM)
    await desk.stage.quiet()
    before = len(desk.stage.tgi.asked)

    await desk.lines.send(asked(), "Hello, Tom.", draft=DRAFTED_IN)
    await desk.stage.quiet()
    assert len(desk.stage.tgi.asked) == before
    await desk.lines.send(asked(5_000_001), "Hello, Mira.", draft=MessageId(78))
    await desk.stage.until(lambda: len(desk.stage.tgi.asked) > before)
    await desk.stage.quiet()


@pytest.mark.parametrize("wish", ["draft", "suggest", "send"])
async def test_without_a_live_scene_there_is_nothing_to_write(desk: Desk, wish: str) -> None:
    await desk.stage.store.set_live(HARBOUR.channel, live=False)
    wishes: dict[str, Callable[[], object]] = {
        "draft": lambda: desk.lines.draft(asked()),
        "suggest": lambda: desk.lines.suggest(asked()),
        "send": lambda: desk.lines.send(asked(), "I knock.", draft=DRAFTED_IN),
    }

    with pytest.raises(UserError, match="No scene is live here"):
        await wishes[wish]()  # type: ignore[misc]  # each is a coroutine


async def test_a_line_that_was_sent_when_the_process_died_is_shown_and_answered(
    desk: Desk,
) -> None:
    """Killed between the store and the post: all there is of it is the turn."""
    desk.stage.voice.latency_s = 60.0
    sending = asyncio.create_task(desk.lines.send(asked(), "I knock.", draft=DRAFTED_IN))
    await desk.stage.until(lambda: desk.stage.voice.did("say")[-1].text == "I knock.")
    sending.cancel()
    await asyncio.wait([sending])
    desk.stage.voice.latency_s = 0.0
    assert "I knock." not in desk.stage.screen()
    desk.say(" Come in.")

    await presenter_on(desk.stage).finish_all(oldest_ms=0)
    await desk.stage.pipeline.recover()
    await desk.stage.until(lambda: "Come in." in desk.stage.screen())
    await desk.stage.quiet()

    assert desk.stage.screen()[-2:] == ["I knock.", "Come in."]
