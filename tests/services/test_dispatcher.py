import asyncio

import pytest

from bot.core.errors import TooBusy
from bot.services.dispatcher import Dispatcher

ANN, BOB = "ann", "bob"


@pytest.mark.parametrize("ticks_late", [None, 0, 1, 2])
async def test_no_slot_is_lost_whenever_the_waiter_is_cancelled(ticks_late: int | None) -> None:
    """Just before its turn (None), in the very tick of its turn (0), and after it."""
    dispatcher = Dispatcher(slots=1, waiting=1)

    async def take_a_slot() -> None:
        async with dispatcher.slot(BOB):
            pass

    async with dispatcher.slot(ANN):
        waiter = asyncio.create_task(take_a_slot())
        await asyncio.sleep(0)
        if ticks_late is None:
            waiter.cancel()
    for _ in range(ticks_late or 0):
        await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait([waiter])

    async with asyncio.timeout(1), dispatcher.slot(ANN):
        pass


async def test_one_more_than_may_wait_is_refused_at_once() -> None:
    dispatcher = Dispatcher(slots=1, waiting=1)

    async def take_a_slot() -> None:
        async with dispatcher.slot(BOB):
            pass

    async with dispatcher.slot(ANN):
        waiter = asyncio.create_task(take_a_slot())
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            async with dispatcher.slot(ANN):
                pass
    await waiter


async def test_who_asks_much_does_not_hold_up_who_asks_little() -> None:
    dispatcher = Dispatcher(slots=1, waiting=10)
    order: list[str] = []

    async def work(flow: str) -> None:
        async with dispatcher.slot(flow):
            order.append(flow)

    async with dispatcher.slot("first"):
        waiters = []
        for flow in (ANN, ANN, ANN, BOB):
            waiters.append(asyncio.create_task(work(flow)))
            await asyncio.sleep(0)
    await asyncio.gather(*waiters)

    assert order.index(BOB) == 1
