import asyncio

import pytest

from bot.services.interrupt import Interrupt, Reason


async def test_a_request_ends_the_block_where_it_waits() -> None:
    interrupt = Interrupt()
    reached = []

    async def work() -> None:
        async with interrupt.block():
            reached.append("in")
            await asyncio.sleep(60)
            reached.append("never")
        reached.append("after")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    interrupt.request(Reason.STOP)
    async with asyncio.timeout(1):
        await task

    assert reached == ["in", "after"]
    assert interrupt.reason is Reason.STOP


async def test_a_request_before_the_block_ends_it_at_its_first_wait() -> None:
    interrupt = Interrupt()
    interrupt.request(Reason.MERGE)

    async with asyncio.timeout(1), interrupt.block():
        await asyncio.sleep(60)

    assert interrupt.reason is Reason.MERGE


async def test_a_shutdown_is_not_swallowed_even_when_both_come_at_once() -> None:
    interrupt = Interrupt()

    async def work() -> None:
        async with interrupt.block():
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    interrupt.request(Reason.STOP)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_bodys_own_time_limit_is_the_bodys() -> None:
    interrupt = Interrupt()

    with pytest.raises(TimeoutError):
        async with interrupt.block():
            async with asyncio.timeout(0):
                await asyncio.sleep(60)

    assert interrupt.reason is None


async def test_a_stop_is_not_weakened_by_a_newer_line() -> None:
    interrupt = Interrupt()

    interrupt.request(Reason.STOP)
    interrupt.request(Reason.MERGE)

    assert interrupt.reason is Reason.STOP
