"""S31: a channel's age restriction changes while a scene plays there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.core.change import Change
from bot.core.characters import Rating
from bot.core.scene import MessageId, Role, SceneHead, Turn, player_turn_id
from bot.core.story_acts import shown_again
from bot.core.unposted import ORIGIN, Origin
from bot.services.age_watch import AgeWatch
from bot.services.casting import Casting
from bot.services.notices import Notices
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.presented import presenter
from tests.services.stage import HARBOUR, MIRA, Stage, open_stage

PAUSED = (
    "Mira is for adults and plays only in age-restricted channels. "
    "The scene waits until the channel is changed back."
)


@dataclass
class Flag:
    """How Discord has the channel."""

    is_on: bool | None = True


@dataclass
class Watched:
    stage: Stage
    watch: AgeWatch
    flag: Flag

    async def change(self, *, to: bool) -> None:
        self.flag.is_on = to
        assert HARBOUR.guild is not None
        await self.watch.changed(HARBOUR.guild, HARBOUR.channel)


@asynccontextmanager
async def watched(
    *, rating: Rating = Rating.ADULT, is_minor: bool = False
) -> AsyncGenerator[Watched, None]:
    flag, voice = Flag(), ScriptedVoice()
    notices = Notices(voice)
    async with open_stage(
        voice=voice, notices=notices, is_age_restricted=lambda _: flag.is_on
    ) as stage:
        stage.characters.loaded[MIRA.key] = replace(MIRA, rating=rating, is_minor=is_minor)
        watch = AgeWatch(
            store=stage.store,
            casting=Casting(stage.characters, lambda _: flag.is_on),
            notices=notices,
            stop=stage.pipeline.stopped,
            take_up=stage.pipeline.take_up,
        )
        await stage.begin()
        yield Watched(stage, watch, flag)


async def test_a_scene_waits_with_one_notice_and_goes_on_when_changed_back() -> None:
    async with watched() as desk:
        stage = desk.stage
        await desk.change(to=False)
        assert stage.screen() == [PAUSED]

        await stage.say("Are you there?")
        await stage.say("Hello?")
        await stage.quiet()
        assert stage.screen() == [PAUSED]
        assert stage.tgi.asked == []

        stage.tgi.reply = lambda _: " Here again."
        await desk.change(to=True)
        await stage.quiet()

        assert stage.screen() == ["Here again."]
        assert len(stage.tgi.asked) == 1


async def test_a_reply_in_the_making_ends_and_the_notice_stays() -> None:
    async with watched() as desk:
        stage = desk.stage
        stage.tgi.first_token_s = 3600
        await stage.say("Are you there?")
        await stage.until(lambda: len(stage.tgi.asked) == 1)

        await desk.change(to=False)

        assert stage.screen() == [PAUSED]
        assert not stage.pipeline.is_writing(HARBOUR.channel)


async def test_a_change_that_nobody_told_of_is_seen_by_the_next_line() -> None:
    async with watched() as desk:
        desk.flag.is_on = None

        await desk.stage.say("Are you there?")
        await desk.stage.quiet()

        [told] = desk.stage.screen()
        assert "I cannot tell whether this channel is age-restricted." in told
        assert desk.stage.tgi.asked == []


async def test_a_character_described_as_under_18_waits_where_the_channel_becomes_adult() -> None:
    async with watched(rating=Rating.EVERYONE, is_minor=True) as desk:
        await desk.change(to=False)
        assert desk.stage.screen() == []

        await desk.change(to=True)
        [told] = desk.stage.screen()
        assert "never plays in an age-restricted channel" in told


async def test_what_is_to_be_shown_yet_waits_too_and_is_shown_first() -> None:
    """As a story that was begun anew right before a crash."""
    async with watched() as desk:
        stage, channel = desk.stage, HARBOUR.channel
        late = presenter(stage.store, stage.voice)
        desk.watch._present = lambda head: late.finish(head, oldest_ms=0)
        facts = {ORIGIN: Origin.GREETING}
        first = Turn(
            player_turn_id(MessageId(1)), Role.CHARACTER, MIRA.name, ("Hello.",), facts=facts
        )
        first = replace(first, at_ms=stage.clock_ms[0])
        head = await stage.store.head(channel)
        assert head is not None
        work = shown_again(first, at_ms=stage.clock_ms[0])
        assert await stage.store.apply(
            channel, Change(put=(first,), work=work), version=head.version
        )
        desk.flag.is_on = False

        await stage.pipeline.take_up(channel)
        await stage.quiet()
        await stage.say("Are you there?")
        await stage.quiet()
        assert stage.screen() == [PAUSED]

        stage.tgi.reply = lambda _: " Here again."
        await desk.change(to=True)
        await stage.quiet()
        assert stage.screen() == ["Hello.", "Here again."]


async def test_what_was_not_posted_is_posted_before_lines_are_answered() -> None:
    async with watched() as desk:
        presented: list[SceneHead] = []

        async def present(head: SceneHead) -> None:
            presented.append(head)
            assert desk.stage.tgi.asked == []

        desk.watch._present = present
        await desk.change(to=False)
        assert presented == []
        await desk.stage.say("Are you there?")
        await desk.stage.quiet()

        await desk.change(to=True)
        await desk.stage.quiet()

        assert [head.place for head in presented] == [HARBOUR]
        assert len(desk.stage.tgi.asked) == 1


@pytest.mark.parametrize("to", [True, False])
async def test_everybody_else_is_left_alone(*, to: bool) -> None:
    async with watched(rating=Rating.EVERYONE) as desk:
        await desk.change(to=to)

        assert desk.stage.screen() == []
