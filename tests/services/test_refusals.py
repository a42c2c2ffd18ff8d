"""Who is not to be stored is known everywhere soon, and asked for nowhere."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import StoreUnavailable
from bot.core.privacy import Refusal
from bot.core.scene import GuildId, MessageId, Place, UserId
from bot.services import refusals
from bot.services.incoming import Incoming
from bot.services.refusals import NEVER_STORED, READS_ONLY, Refusals
from tests.fakes.memory_refusals import MemoryRefusals
from tests.services.stage import HARBOUR, MARA, TOM

ELSEWHERE = GuildId(99)


class CountingRefusals(MemoryRefusals):
    def __init__(self) -> None:
        super().__init__()
        self.looked, self.read, self.is_away = 0, 0, False

    async def version(self) -> str:
        self.looked += 1
        if self.is_away:
            raise StoreUnavailable("away")
        return await super().version()

    async def refusals(self) -> tuple[str, frozenset[Refusal]]:
        self.read += 1
        return await super().refusals()


def line(author: UserId, place: Place = HARBOUR) -> Incoming:
    return Incoming(place, MessageId(1), author, "Tom", "Hi", False, False, 5)  # noqa: FBT003


async def test_lines_are_judged_without_asking_anybody() -> None:
    store = CountingRefusals()
    known = Refusals(store)
    await known.look()
    await known.put(Refusal(TOM), 5)
    asked = (store.looked, store.read)

    assert not await known.is_heard(line(TOM))
    assert await known.is_heard(line(MARA))

    assert (store.looked, store.read) == asked
    assert TOM in known
    assert known.refuses(TOM, None) == NEVER_STORED


async def test_who_reads_only_does_so_on_that_server() -> None:
    known = Refusals(MemoryRefusals())
    await known.put(Refusal(TOM, HARBOUR.guild), 5)

    assert not await known.is_heard(line(TOM))
    assert await known.is_heard(line(TOM, replace(HARBOUR, guild=ELSEWHERE)))
    assert TOM not in known
    assert known.refuses(TOM, HARBOUR.guild) == READS_ONLY


async def test_another_process_knows_within_two_seconds_even_after_a_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refusals.LOOK_EVERY_S <= 1
    monkeypatch.setattr(refusals, "LOOK_EVERY_S", 0.005)
    store = CountingRefusals()
    here, there = Refusals(store), Refusals(store)
    await there.look()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(there.run())
        store.is_away = True
        before = store.looked
        while store.looked < before + 2:
            await asyncio.sleep(0.005)
        store.is_away = False
        await here.put(Refusal(TOM), 5)
        while TOM not in there:
            await asyncio.sleep(0.005)
        await here.drop(TOM)
        while TOM in there:
            await asyncio.sleep(0.005)
        read = store.read
        await asyncio.sleep(0.05)
        assert store.read == read  # nothing is read while nothing changes
        looking.cancel()


async def test_all_that_somebody_asked_for_is_taken_back() -> None:
    known = Refusals(MemoryRefusals())
    await known.put(Refusal(TOM), 5)
    await known.put(Refusal(TOM, ELSEWHERE), 5)
    await known.put(Refusal(MARA), 5)

    assert await known.drop(TOM)

    assert not known.of(TOM)
    assert known.of(MARA) == {Refusal(MARA)}
    assert not await known.drop(TOM)


async def test_who_read_only_on_a_server_that_is_forgotten_is_nobody_there_any_more() -> None:
    store = MemoryRefusals()
    known = Refusals(store)
    for refusal in (Refusal(TOM, ELSEWHERE), Refusal(TOM, HARBOUR.guild), Refusal(MARA)):
        await known.put(refusal, 5)

    await known.forget_guild(ELSEWHERE)

    assert (await store.refusals())[1] == {Refusal(TOM, HARBOUR.guild), Refusal(MARA)}
    assert known.of(TOM) == {Refusal(TOM, HARBOUR.guild)}
