"""What Discord tells may come twice and in any order; what is remembered is the same."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.ports import SceneStore
from bot.core.scene import MessageId
from bot.services.doubts import Doubts
from bot.services.incoming import Edit, Incoming
from bot.services.mirror import Mirror
from tests.fakes.bookkeeper import Bookkeeper
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_screen import ScriptedScreen
from tests.services.verifying import HARBOUR, head, reply

CHANNEL = HARBOUR.channel

Event = tuple[str, Incoming | Edit | tuple[MessageId, ...]]


@dataclass(frozen=True)
class Happening:
    """What is told of what happened, and what stands on the screen then."""

    told: tuple[Event, ...]
    screen: tuple[str, ...]


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    """Two members' lines and a reply in three messages are edited and deleted at random.

    The reply is remembered before anything of it is told of: what happens to it
    in the making is none of memory's business.
    """
    screen = ScriptedScreen()
    events: list[Event] = [
        ("heard", screen.write(HARBOUR, number, f"line {number}")) for number in (110, 120)
    ]
    for number in (111, 112, 113):
        screen.show(HARBOUR, number, f"part {number}")
    standing = [110, 120, 111, 112, 113]
    for step in range(draw(st.integers(0, 6))):
        if not standing:
            break
        message = draw(st.sampled_from(standing))
        if draw(st.booleans()):
            events.append(("edited", screen.edit(HARBOUR, message, f"text {step}")))
        else:
            standing.remove(message)
            events.append(("deleted", tuple(screen.delete(HARBOUR, message))))
    repeated = [each for each in events for _ in range(draw(st.integers(1, 2)))]
    told = draw(st.permutations(repeated))
    left = screen.channels[CHANNEL]
    parts = "\n".join(left[MessageId(n)].text for n in (111, 112, 113) if n in left)
    shown = [left[MessageId(n)].text for n in (110, 120) if n in left]
    # The reply to line 110 stands between the two.
    at = 1 if MessageId(110) in left else 0
    shown[at:at] = [parts] if parts else []
    return Happening(tuple(told), tuple(shown))


async def remembered(store: SceneStore, told: tuple[Event, ...]) -> tuple[str, ...]:
    mirror = Mirror(memory=Bookkeeper(store), doubts=Doubts(), clock_s=lambda: 0.0)
    await store.start(head(), None)
    parts = ("part 111", "part 112", "part 113")
    await store.commit(CHANNEL, reply(110, *parts, messages=(111, 112, 113)))
    lines = {what.message: what for _, what in told if isinstance(what, Incoming)}
    for name, what in told:
        match what:
            case Incoming():
                await mirror.heard(what)
            case Edit():
                line = None if what.is_ours else lines[what.message]
                line = line and replace(line, text=what.text, edited_ms=what.at_ms)
                await mirror.edited(CHANNEL, what, line)
            case _:
                assert name == "deleted"
                await mirror.deleted(CHANNEL, what)
    scene = await store.read(CHANNEL)
    assert scene is not None
    return tuple(turn.text for turn in scene.turns)


@settings(max_examples=300, deadline=None)
@given(happening=happenings())
async def test_in_whatever_order_events_come_memory_is_as_the_screen(
    happening: Happening,
) -> None:
    assert await remembered(MemorySceneStore(), happening.told) == happening.screen


OpenStore = Callable[[], Awaitable[SceneStore]]


@pytest.fixture
async def new_store(redis_url: str) -> AsyncIterator[OpenStore]:
    client = connect(redis_url, timeout_s=1.0)

    async def emptied() -> SceneStore:
        await client.flushall()
        return RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))

    yield emptied
    await client.aclose()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happening=happenings())
async def test_on_redis_as_well(happening: Happening, new_store: OpenStore) -> None:
    assert await remembered(await new_store(), happening.told) == happening.screen
