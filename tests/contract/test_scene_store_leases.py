"""What every `SceneStore` keeps to about leases: one owner at a time, and fences that grow."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.core.errors import LeaseLost
from bot.core.scene import ChannelId, MessageId, Work
from tests.contract.stores import Store, texts
from tests.scenes import HARBOUR, TOWER, line, reply, scene

LONG_S = 60.0
WORK = Work(reply(1, "").id, line(1).id)


async def leased(store: Store, owner: str, channel: ChannelId = HARBOUR) -> int:
    fence = await store.lease(channel, owner, LONG_S)
    assert fence is not None
    return fence


async def test_only_one_owner_has_a_channel(store: Store) -> None:
    await store.start(scene(), None)

    first = await store.lease(HARBOUR, "one", LONG_S)
    second = await store.lease(HARBOUR, "two", LONG_S)
    elsewhere = await store.lease(TOWER, "two", LONG_S)

    assert first is not None
    assert second is None
    assert elsewhere is not None


async def test_who_asks_again_keeps_the_fence(store: Store) -> None:
    await store.start(scene(), None)
    first = await store.lease(HARBOUR, "one", 0)

    again = await store.lease(HARBOUR, "one", LONG_S)

    assert again == first
    assert await store.lease(HARBOUR, "two", LONG_S) is None


async def test_an_expired_lease_goes_to_the_next_with_a_higher_fence(store: Store) -> None:
    await store.start(scene(), None)
    fences = [await store.lease(HARBOUR, owner, 0) for owner in ("one", "two", "one", "three")]

    assert None not in fences
    assert sorted(set(fences), key=str) == fences


async def test_a_lease_ends_by_itself(store: Store) -> None:
    await store.start(scene(), None)
    first = await store.lease(HARBOUR, "one", 0.05)
    refused = await store.lease(HARBOUR, "two", 0.05)

    second = None
    async with asyncio.timeout(5):
        while second is None:
            await asyncio.sleep(0.01)
            second = await store.lease(HARBOUR, "two", LONG_S)

    assert first is not None
    assert refused is None
    assert second > first


async def test_a_released_channel_is_free_and_its_fence_is_not_given_again(store: Store) -> None:
    await store.start(scene(), None)
    first = await leased(store, "one")

    await store.release(HARBOUR, "two")
    kept = await store.lease(HARBOUR, "two", LONG_S)
    await store.release(HARBOUR, "one")
    await store.release(HARBOUR, "one")
    second = await leased(store, "two")

    assert kept is None
    assert second > first


async def test_a_lease_outlives_the_scene_and_a_purge(store: Store) -> None:
    await store.start(scene(), None)
    first = await leased(store, "one")

    await store.set_live(HARBOUR, live=False)
    await store.start(scene(started_ms=2), None)
    during = await store.lease(HARBOUR, "two", LONG_S)
    await store.purge(HARBOUR)
    after = await store.lease(HARBOUR, "two", LONG_S)
    await store.release(HARBOUR, "one")
    second = await leased(store, "two")

    assert (during, after) == (None, None)
    assert second > first


async def test_who_lost_the_lease_of_a_purged_scene_stays_out_of_the_next(store: Store) -> None:
    await store.start(scene(), None)
    stale = await store.lease(HARBOUR, "one", 0)
    await store.lease(HARBOUR, "two", 0)
    await store.purge(HARBOUR)
    await store.start(scene(started_ms=2), None)

    with pytest.raises(LeaseLost):
        await store.commit(HARBOUR, reply(1, "to the old story"), fence=stale)

    assert await texts(store) == []


CHANGES: dict[str, Callable[[Store, int | None], Awaitable[object]]] = {
    "posted": lambda store, fence: store.posted(HARBOUR, WORK.reply, MessageId(9), fence=fence),
    "commit": lambda store, fence: store.commit(HARBOUR, reply(1, "late", 9), fence=fence),
    "abandon": lambda store, fence: store.abandon(HARBOUR, WORK.reply, fence=fence),
    "intent": lambda store, fence: store.intent(HARBOUR, WORK.reply, "mark", fence=fence),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_who_lost_the_lease_changes_nothing(store: Store, name: str) -> None:
    await store.start(scene(), None)
    lost = await store.take(HARBOUR, "one", 0, WORK)
    await leased(store, "two")
    assert lost is not None
    assert lost.is_claimed
    before = await store.read(HARBOUR), await store.work(HARBOUR)

    with pytest.raises(LeaseLost):
        await CHANGES[name](store, lost.fence)

    assert (await store.read(HARBOUR), await store.work(HARBOUR)) == before


@pytest.mark.parametrize("name", CHANGES)
async def test_a_loser_stays_out_after_the_winner_has_let_go(store: Store, name: str) -> None:
    await store.start(scene(), None)
    stale = await store.lease(HARBOUR, "one", 0)
    await leased(store, "two")
    await store.release(HARBOUR, "two")

    with pytest.raises(LeaseLost):
        await CHANGES[name](store, stale)


async def lost(store: Store) -> int:
    """A fence of owner "one" that is not the newest."""
    await store.start(scene(), None)
    fence = await store.lease(HARBOUR, "one", 0)
    assert fence is not None
    await leased(store, "two")
    return fence


@pytest.mark.parametrize("then", ["held", "free", "mine again", "purged"])
async def test_who_keeps_a_lease_takes_none(store: Store, then: str) -> None:
    stale = await lost(store)
    if then != "held":
        await store.release(HARBOUR, "two")
    if then == "mine again":
        await leased(store, "one")
    if then == "purged":
        await store.purge(HARBOUR)

    with pytest.raises(LeaseLost):
        await store.lease(HARBOUR, "one", LONG_S, fence=stale)

    is_free = await store.lease(HARBOUR, "three", LONG_S) is not None
    assert is_free == (then in {"free", "purged"})


async def test_who_keeps_a_lease_has_it_for_longer(store: Store) -> None:
    await store.start(scene(), None)
    fence = await store.lease(HARBOUR, "one", 0)

    kept = await store.lease(HARBOUR, "one", LONG_S, fence=fence)

    assert kept == fence
    assert await store.lease(HARBOUR, "two", LONG_S) is None


async def test_who_gave_a_lease_back_keeps_it_no_more(store: Store) -> None:
    await store.start(scene(), None)
    fence = await leased(store, "one")
    await store.release(HARBOUR, "one")

    with pytest.raises(LeaseLost):
        await store.lease(HARBOUR, "one", LONG_S, fence=fence)

    assert await store.lease(HARBOUR, "two", LONG_S) is not None


async def test_the_newest_fence_and_none_at_all_are_let_through(store: Store) -> None:
    await store.start(scene(), None)
    await store.lease(HARBOUR, "one", 0)
    taken = await store.take(HARBOUR, "two", LONG_S, WORK)
    assert taken is not None

    for change in (CHANGES["posted"], CHANGES["intent"], CHANGES["commit"]):
        await change(store, taken.fence)
        await change(store, None)

    assert await texts(store) == ["late"]


async def test_of_many_who_ask_at_once_one_gets_the_channel(store: Store) -> None:
    await store.start(scene(), None)

    fences = await asyncio.gather(
        *(store.lease(HARBOUR, f"owner {number}", LONG_S) for number in range(20))
    )

    assert len([fence for fence in fences if fence is not None]) == 1
