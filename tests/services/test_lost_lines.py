"""Lines that could not be stored are found by a later process, whatever was stored since."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.core.scene import ChannelId, MessageId
from bot.services.catch_up import CatchUp
from bot.services.doubts import Doubts, Gap
from bot.services.heard import Heard
from bot.services.mirror import Mirror
from bot.services.verify import Verifier
from tests.fakes.scripted_screen import ScriptedScreen
from tests.fakes.scripted_voice import Shown
from tests.services.outages import AwayStore
from tests.services.stage import HARBOUR, Stage, open_stage

CHANNEL = HARBOUR.channel


@dataclass
class Process:
    """A bot from the gateway's events to the store."""

    stage: Stage
    mirror: Mirror
    catch_up: CatchUp
    doubts: Doubts


@dataclass
class Lasting:
    """What outlives a process."""

    store: AwayStore = field(default_factory=AwayStore)
    screen: ScriptedScreen = field(default_factory=ScriptedScreen)

    @asynccontextmanager
    async def process(self, name: str) -> AsyncIterator[Process]:
        """One that is killed at the end of the block, without looking at anything by itself."""
        doubts = Doubts()
        async with open_stage(store=self.store, process=name, doubtful=doubts) as stage:
            stage.clock_ms[0] = 1_000
            memory = stage.pipeline

            async def appear(shown: Shown) -> None:
                self.screen.show(HARBOUR, shown.id, shown.text)
                memory.hear(CHANNEL, shown.id)

            async def forget(_channel: ChannelId) -> None:
                raise AssertionError

            stage.voice.on_say = appear
            catch_up = CatchUp(
                store=self.store,
                screen=self.screen,
                verifier=Verifier(store=self.store, screen=self.screen, memory=memory),
                memory=memory,
                doubts=doubts,
                forget=forget,
                take_up=memory.take_up,
            )
            mirror = Mirror(memory=memory, doubts=doubts, clock_s=lambda: 0.0)
            yield Process(stage, mirror, catch_up, doubts)

    async def lines(self) -> Sequence[str]:
        """What members said, as it is remembered."""
        scene = await self.store.read(CHANNEL)
        assert scene is not None
        return [turn.text for turn in scene.turns if turn.name == "Mara"]

    async def seen(self) -> MessageId | None:
        head = await self.store.head(CHANNEL)
        assert head is not None
        return head.seen


async def test_what_was_stored_after_a_lost_line_does_not_hide_it_from_the_next_process() -> None:
    world = Lasting()
    async with world.process("one") as one:
        await one.stage.begin()
        await one.mirror.heard(world.screen.write(HARBOUR, 110, "Known."))
        await one.stage.quiet()
        world.store.go()
        await one.mirror.heard(world.screen.write(HARBOUR, 120, "Lost."))
        world.store.come_back()
        await one.mirror.heard(world.screen.write(HARBOUR, 130, "Heard."))
        await one.stage.quiet()
    assert await world.lines() == ["Known.", "Heard."]

    async with world.process("two") as two:
        await two.catch_up.begin()
        await two.catch_up.settle()
        await two.stage.quiet()

    assert await world.lines() == ["Known.", "Lost.", "Heard."]


async def test_while_a_line_is_on_its_way_a_later_one_does_not_hide_it_either() -> None:
    world = Lasting()
    async with world.process("one") as one:
        await one.stage.begin()
        world.store.go(ingest=1)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one.mirror.heard(world.screen.write(HARBOUR, 120, "First.")))
            await asyncio.sleep(0)
            await one.mirror.heard(world.screen.write(HARBOUR, 130, "Second."))
            seen = await world.seen()
            assert await world.lines() == ["Second."]

    assert seen is None
    assert await world.lines() == ["First.", "Second."]


async def test_once_it_was_looked_everything_counts_as_heard_again() -> None:
    world = Lasting()
    async with world.process("one") as one:
        await one.stage.begin()
        one.doubts.changed(CHANNEL, MessageId(105))
        await one.mirror.heard(world.screen.write(HARBOUR, 110, "In doubt."))
        await one.stage.quiet()
        assert await world.seen() is None

        await one.catch_up.settle()
        await one.mirror.heard(world.screen.write(HARBOUR, 120, "Sure."))

        assert await world.seen() == 120


def test_a_channel_is_doubtful_until_somebody_has_looked() -> None:
    doubts = Doubts()
    other = ChannelId(600)
    doubts.changed(CHANNEL, MessageId(110))
    found = [(CHANNEL in doubts, other in doubts)]

    doubts.take()
    found.append((CHANNEL in doubts, other in doubts))
    doubts.looked()
    found.append((CHANNEL in doubts, other in doubts))

    assert found == [(True, False), (True, False), (False, False)]


def test_after_a_gap_every_channel_is() -> None:
    doubts = Doubts()
    doubts.gap(Gap(MessageId(110)))
    found = [CHANNEL in doubts]

    doubts.take()
    found.append(CHANNEL in doubts)
    doubts.looked()
    found.append(CHANNEL in doubts)

    assert found == [True, True, False]


def test_only_what_is_on_its_way_before_a_message_makes_it_unsure() -> None:
    heard = Heard()
    heard.note(CHANNEL, MessageId(120))

    with heard.coming(CHANNEL, MessageId(130)):
        found = [heard.newest(CHANNEL), heard.sure(CHANNEL, MessageId(130))]
        with heard.coming(CHANNEL, MessageId(110)):
            found += [heard.newest(CHANNEL), heard.sure(CHANNEL, MessageId(130))]

    assert found == [120, 130, None, None]
    assert heard.newest(CHANNEL) == 120
