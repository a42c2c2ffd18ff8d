"""P2: a bot is killed at each point of a turn, and another goes on where it was."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from _pytest.mark.structures import ParameterSet
from redis.asyncio import Redis

from bot.adapters.redis_store import connect
from bot.services.milestones import Milestone
from tests.fakes.scripted_discord import Fault
from tests.fakes.scripted_tgi import Fault as Hang
from tests.fakes.scripted_tgi import story
from tests.faults.lab.relay import TAKEN_OVER_WITHIN_S, Relay, relay
from tests.faults.lab.stage import POST_AS_CHARACTER, going_on, open_lab
from tests.playground.driver import eventually
from tests.wire.running import BotProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

SHORT = story(80).strip()
LONG = story(520).strip()
"""Takes two messages."""
MOST_PASSES = {
    Milestone.INTENT: 1,
    Milestone.POST_SENT: 1,
    Milestone.POST_ANSWERED: 1,
    Milestone.POSTED: 1,
    Milestone.EDITED: 2,
}
"""How often a reply of two messages passes a point before it is there for the last time."""
OFTEN = {Milestone.FIRST_TOKEN, Milestone.POST_ANSWERED}
"""Where a bot is frozen in the short runs, too."""


def _freezing(milestone: Milestone) -> ParameterSet:
    return pytest.param(milestone, marks=[] if milestone in OFTEN else [pytest.mark.soak])


UNANSWERED = [Fault(after_s=60), Fault(stores=True, after_s=60)]
"""By the time that an answer would come, nobody waits for it."""


def _named(milestone: object) -> str:
    return str(milestone).replace(" ", "_")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bots(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Relay]:
    """Each test kills one of them; the next takes its place."""
    redis = connect(redis_url, timeout_s=1.0)
    assert isinstance(redis, Redis)
    await redis.flushall()
    folder = Path(tmp_path_factory.mktemp("crashes"))
    async with open_lab(redis, redis_url, folder) as lab, relay(lab) as bots:
        yield bots
    await redis.aclose()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def calm(bots: Relay) -> None:
    """What became of one test is none of the next one's business."""
    bots.lab.faults.calm()
    bots.lab.faults.struck.clear()
    await bots.settle()


async def told(
    bots: Relay, whole: str, dies: Callable[[], Awaitable[None]], *, tokens_per_s: float = 0
) -> None:
    """Let Mara be told *whole* by a bot that *dies* on the way, and by the next."""
    lab = bots.lab
    channel, line = await asked(bots, whole, dies, tokens_per_s=tokens_per_s)
    died_at = await bots.is_succeeded()
    took_s = await lab.shows(channel, whole, after=line) - died_at

    assert took_s < TAKEN_OVER_WITHIN_S
    await bots.leader.wait_ready()  # by then it has looked after everything
    await lab.holds(channel)
    [reply] = await lab.replies(channel)
    assert " ".join(reply.text.split()) == whole
    print(f"  whole after {took_s:.1f} s")  # noqa: T201


async def asked(
    bots: Relay, whole: str, dies: Callable[[], Awaitable[None]], *, tokens_per_s: float = 0
) -> tuple[int, int]:
    """Let Mara ask for *whole*, and the bot that tells it *die*; returns channel and line."""
    lab, mara = bots.lab, bots.lab.world.mara
    channel = await mara.thread("A story")
    await lab.begin(channel, greeting="none", length="unlimited")
    lab.tgi.reply, lab.tgi.tokens_per_s = going_on(whole), tokens_per_s or len(whole) / 5
    await bots.is_awaited()

    line = await mara.send("Tell me of the sea.", channel)
    await dies()
    return channel, line.id


def at(bots: Relay, milestone: Milestone, *, passes: int = 0) -> Callable[[], Awaitable[None]]:
    """Die when *milestone* is reached, once it was passed so often."""
    bots.kill_at(milestone, passes=passes)

    async def dies() -> None:
        """It does so by itself."""

    return dies


@pytest.mark.parametrize("milestone", Milestone, ids=_named)
async def test_p2_killed_at_any_point_a_reply_is_told_once(
    bots: Relay, milestone: Milestone
) -> None:
    await told(bots, SHORT, at(bots, milestone))


@pytest.mark.soak
@pytest.mark.parametrize("passes", range(3))
@pytest.mark.parametrize("milestone", Milestone, ids=_named)
async def test_p2_killed_at_any_point_of_a_long_reply_it_is_told_once(
    bots: Relay, milestone: Milestone, passes: int
) -> None:
    """Each time a step later, if there is a later one of the kind."""
    most = MOST_PASSES.get(milestone, 0)
    await told(bots, LONG, at(bots, milestone, passes=min(passes, most)))


@pytest.mark.parametrize(
    ("milestone", "passes"),
    [(Milestone.EDITED, 0), (Milestone.POSTED, 1)],
    ids=["edited", "posted"],
)
async def test_p2_killed_in_a_reply_of_two_messages_both_stand_once(
    bots: Relay, milestone: Milestone, passes: int
) -> None:
    await told(bots, LONG, at(bots, milestone, passes=passes))


async def test_p2_killed_when_the_first_message_is_full_and_no_second_is_begun_both_stand_once(
    bots: Relay,
) -> None:
    # More than it takes comes at once, and then nothing: so the first edit fills it.
    bots.lab.tgi.fault = Hang("hang", after=450, times=1)
    await told(bots, LONG, at(bots, Milestone.EDITED), tokens_per_s=100_000)


@pytest.mark.parametrize("fault", UNANSWERED, ids=["not stored", "stored"])
async def test_p2_killed_while_the_second_message_is_under_way_both_stand_once(
    bots: Relay, fault: Fault
) -> None:
    bots.lab.faults.script(POST_AS_CHARACTER, None, fault)

    async def dies() -> None:
        await is_struck(bots, fault)
        bots.kill()

    # So fast that no checkpoint knows what stands in the first one.
    await told(bots, LONG, dies, tokens_per_s=2_000)


@pytest.mark.parametrize("is_empty", [False, True], ids=["with lines", "empty"])
@pytest.mark.parametrize("fault", UNANSWERED, ids=["not stored", "stored"])
async def test_p2_killed_while_a_greeting_is_under_way_it_stands_once(
    bots: Relay, fault: Fault, *, is_empty: bool
) -> None:
    lab, mara = bots.lab, bots.lab.world.mara
    channel = await mara.thread("A greeting")
    if not is_empty:
        await mara.send("Here we are.", channel)
    lab.tgi.reply, lab.tgi.tokens_per_s = (lambda _: " I hear you."), 0
    await bots.is_awaited()
    lab.faults.script(POST_AS_CHARACTER, fault)

    await mara.slash("roleplay start", channel=channel, character="clover")
    await is_struck(bots, fault)
    bots.kill()
    await bots.is_succeeded()
    await bots.leader.wait_ready()

    await lab.holds(channel)
    await mara.send("Hello.", channel)
    await mara.wait_for_message(lambda m: m.content == "I hear you.", channel=channel)
    await lab.holds(channel)
    greeting, _ = await lab.replies(channel)
    assert len(greeting.messages) == 1


@pytest.mark.parametrize("milestone", [*map(_freezing, Milestone)], ids=_named)
async def test_p3_frozen_in_a_reply_it_is_gone_on_from_and_whoever_wakes_falls_silent(
    bots: Relay, milestone: Milestone
) -> None:
    lab = bots.lab
    frozen_at: list[float] = []

    async def dies() -> None:
        await is_frozen(bots.leader)
        frozen_at.append(asyncio.get_running_loop().time())

    bots.freeze_at(milestone)
    channel, line = await asked(bots, SHORT, dies)
    before = bots.hand_over()
    took_s = await lab.shows(channel, SHORT, after=line) - frozen_at[0]
    await bots.leader.wait_ready()
    await lab.holds(channel)
    said = len(lab.watcher.calls)
    before.send(signal.SIGCONT)
    code, _ = await before.wait()

    assert code == 75
    assert len(lab.watcher.calls) == said
    assert took_s < TAKEN_OVER_WITHIN_S
    await lab.holds(channel)
    assert len(await lab.replies(channel)) == 1
    print(f"  whole after {took_s:.1f} s")  # noqa: T201


async def is_frozen(bot: BotProcess) -> None:
    """Wait until a process has stopped."""
    assert bot.process is not None
    stat = Path(f"/proc/{bot.process.pid}/stat")
    await eventually(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")


@pytest.mark.parametrize(
    ("ahead_s", "heir_ahead_s"), [(3600, -3600), (-3600, 3600)], ids=["ahead", "behind"]
)
async def test_p4_a_clock_that_jumps_in_a_reply_and_another_that_differs_cost_nothing(
    bots: Relay, ahead_s: float, heir_ahead_s: float
) -> None:
    bots.set_clock_of_next(heir_ahead_s)

    async def dies() -> None:
        bots.set_clock(bots.leader, ahead_s)
        bots.kill_at(Milestone.EDITED, passes=2)

    await told(bots, SHORT, dies)


async def is_struck(bots: Relay, fault: Fault) -> None:
    """Wait until a request has met *fault*."""
    await eventually(lambda: any(struck.fault is fault for struck in bots.lab.faults.struck))
