"""What the gateway says of our own messages, and whom it gives away."""

import asyncio
import logging

import pytest

from bot.core.errors import StoreUnavailable
from bot.core.scene import (
    ChannelId,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    Work,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.services.echoes import Echoes
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.scenes import claimed
from tests.services.stage import HARBOUR, MARA, MIRA, CountingMetrics

LINE = player_turn_id(MessageId(1_000))
REPLY = reply_turn_id(LINE)
MARK = mark_of(REPLY, 0)
BUTTONS = [f"stop:7:{MARK}"]
ONE, TWO = MessageId(2_001), MessageId(2_002)


class Watch:
    def __init__(self, store: MemorySceneStore | None = None, *, keep: int = 100) -> None:
        self.store = store or MemorySceneStore()
        self.metrics = CountingMetrics()
        self.voice = ScriptedVoice()
        self.echoes = Echoes(store=self.store, voice=self.voice, metrics=self.metrics, keep=keep)

    async def begin(self) -> None:
        """A scene with a line, and its reply in the making."""
        await self.store.start(SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1), None)
        line = Turn(LINE, Role.PLAYER, "Mara", ("Ahoy!",), author=MARA, at_ms=1)
        await self.store.ingest(HARBOUR.channel, line)
        await claimed(self.store, Work(REPLY, LINE), channel=HARBOUR.channel)

    async def hear(self, message: MessageId, *, mark: str = MARK) -> None:
        await self.echoes.heard(HARBOUR.channel, message, [f"stop:7:{mark}"])

    def post(self, message: MessageId | None) -> None:
        self.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
        self.echoes.end(HARBOUR, MARK, message)

    @property
    def foreign(self) -> int:
        return self.metrics.foreign_posts


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize("custom_ids", [[], ["stop:7"], ["retry:1"], ["length:me", "stop:7:1.0"]])
async def test_a_message_without_a_mark_says_nothing(watch: Watch, custom_ids: list[str]) -> None:
    await watch.echoes.heard(HARBOUR.channel, ONE, custom_ids)

    assert watch.foreign == 0


async def test_a_message_is_waited_for_by_its_mark(watch: Watch) -> None:
    watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.echoes.wait(MARK, after=MessageId(1), within_s=3))
        await asyncio.sleep(0)
        await watch.hear(ONE, mark=mark_of(REPLY, 1))
        await watch.hear(ONE)

    assert waiting.result() == ONE


async def test_what_is_not_newer_is_not_it(watch: Watch) -> None:
    watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
    await watch.hear(ONE)

    assert await watch.echoes.wait(MARK, after=ONE, within_s=0.01) is None
    await watch.hear(TWO)
    assert await watch.echoes.wait(MARK, after=ONE, within_s=0.01) == TWO


@pytest.mark.parametrize("first", ["answer", "echo"])
async def test_our_own_post_is_no_stranger(watch: Watch, first: str) -> None:
    if first == "answer":
        watch.post(ONE)
        await watch.hear(ONE)
    else:
        watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
        await watch.hear(ONE)
        watch.echoes.end(HARBOUR, MARK, ONE)
    await watch.hear(ONE)

    assert watch.foreign == 0


async def test_p6_a_mark_that_nobody_here_knows_is_a_foreign_post(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await watch.hear(ONE)
        await watch.hear(ONE)  # events come twice
        await watch.hear(TWO)

    assert watch.foreign == 2
    assert len(caplog.records) == 1


async def test_p6_another_message_under_our_own_mark_is_a_foreign_post(watch: Watch) -> None:
    await watch.begin()
    watch.post(ONE)

    await watch.hear(TWO)

    assert watch.foreign == 1


async def test_p6_a_foreign_post_is_known_by_our_own_that_follows(watch: Watch) -> None:
    await watch.begin()

    await watch.hear(ONE)  # whose it is cannot be told yet
    before = watch.foreign
    watch.post(TWO)

    assert (before, watch.foreign) == (0, 1)


async def test_what_another_process_on_our_memory_posts_is_no_stranger(watch: Watch) -> None:
    await watch.begin()
    await watch.store.posted(HARBOUR.channel, REPLY, ONE)

    await watch.hear(ONE)
    watch.post(TWO)  # the reply goes on here

    assert watch.foreign == 0


async def test_a_stored_reply_is_no_stranger(watch: Watch) -> None:
    await watch.begin()
    reply = Turn(REPLY, Role.CHARACTER, "Mira", ("Ahoy.",), messages=(ONE,), at_ms=2)
    await watch.store.commit(HARBOUR.channel, reply)

    await watch.hear(ONE)

    assert watch.foreign == 0


@pytest.mark.parametrize("when", ["before the second is answered", "after"])
async def test_a_post_that_turns_up_after_it_was_made_again_is_taken_away(
    watch: Watch, when: str
) -> None:
    watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
    watch.echoes.doubt(MARK)
    if when == "after":
        watch.echoes.end(HARBOUR, MARK, TWO)
        await watch.hear(ONE)
    else:
        await watch.hear(ONE)
        watch.echoes.end(HARBOUR, MARK, TWO)
        await watch.echoes.tidy(MARK)
    await watch.hear(TWO)
    await watch.hear(ONE)

    assert [act.message for act in watch.voice.did("delete")] == [ONE]
    assert watch.foreign == 0


async def test_what_another_process_has_posted_for_us_meanwhile_is_neither_late_nor_foreign(
    watch: Watch,
) -> None:
    """We were frozen, and our own post arrived after it was made again."""
    await watch.begin()
    watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
    watch.echoes.doubt(MARK)
    await watch.store.posted(HARBOUR.channel, REPLY, ONE)
    watch.echoes.end(HARBOUR, MARK, TWO)

    await watch.hear(ONE)

    assert watch.voice.acts == []
    assert watch.foreign == 0


async def test_a_second_message_that_the_story_has_is_no_stranger(watch: Watch) -> None:
    await watch.begin()
    watch.post(TWO)
    await watch.store.posted(HARBOUR.channel, REPLY, ONE)

    await watch.hear(ONE)

    assert watch.foreign == 0


async def test_what_is_older_than_the_post_is_left_alone(watch: Watch) -> None:
    watch.echoes.begin(HARBOUR, MARK, after=ONE)
    watch.echoes.doubt(MARK)
    watch.echoes.end(HARBOUR, MARK, TWO)

    await watch.hear(ONE)

    assert watch.voice.acts == []


async def test_where_all_is_in_doubt_nothing_is_taken_away(watch: Watch) -> None:
    watch.echoes.begin(HARBOUR, MARK, after=MessageId(1_000))
    watch.echoes.doubt(MARK)
    watch.echoes.end(HARBOUR, MARK, None)

    await watch.hear(ONE)

    assert watch.voice.acts == []
    assert watch.foreign == 0


class AwayStore(MemorySceneStore):
    async def read(self, channel: ChannelId) -> Scene | None:
        raise StoreUnavailable(str(channel))


async def test_while_the_store_is_away_nobody_is_accused() -> None:
    watch = Watch(AwayStore())

    await watch.hear(ONE)

    assert watch.foreign == 0


async def test_only_so_many_marks_are_remembered() -> None:
    watch = Watch(keep=2)

    for part in range(5):
        await watch.hear(ONE, mark=mark_of(REPLY, part))

    assert len(watch.echoes._marks) == 2
