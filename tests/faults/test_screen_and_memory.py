"""Whatever players and moderators do: what is on the screen is what is remembered."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.fakes.discord_faults import Disorder
from tests.faults.lab.invariants import broken
from tests.faults.lab.leftovers import leaving_nothing
from tests.faults.lab.players import Players
from tests.faults.lab.theatre import Theatre, open_theatre

_EQUAL_WITHIN_S = 3.0
_SHOWN_STEPS = 40


async def differences(theatre: Theatre, players: Players) -> list[str]:
    """What screen and memory do not have in common once it is quiet."""
    await theatre.quiet()
    deadline = asyncio.get_running_loop().time() + _EQUAL_WITHIN_S
    while found := broken(
        await theatre.evidence(
            unheard=players.unheard, unwanted=players.unwanted, proxied=players.proxied
        )
    ):
        if asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.02)
    return []


async def play(
    redis: Redis, redis_url: str, *, seed: int, steps: int, disorder: Disorder | None = None
) -> None:
    async with leaving_nothing(), open_theatre(redis, redis_url) as theatre:
        if disorder is not None:
            theatre.disturb(disorder)
        players = Players(theatre, seed=seed)
        await players.begin()
        for number in range(steps):
            try:
                await players.step()
                found = await differences(theatre, players)
                assert found == []
            except BaseException:
                told = "\n".join(players.steps[-_SHOWN_STEPS:])
                print(f"seed {seed}, step {number}; the last steps were:\n{told}")  # noqa: T201
                raise


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_each_of_250_acts_screen_and_memory_are_equal(
    redis: Redis, redis_url: str, seed: int
) -> None:
    await play(redis, redis_url, seed=seed, steps=250)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 110))
async def test_after_each_of_5000_acts_screen_and_memory_are_equal(
    redis: Redis, redis_url: str, seed: int
) -> None:
    await play(redis, redis_url, seed=seed, steps=500)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(200, 205))
async def test_d3_told_of_late_and_twice_screen_and_memory_are_equal_after_each_of_2500_acts(
    redis: Redis, redis_url: str, seed: int
) -> None:
    disorder = Disorder(twice=0.2, late=0.2, seed=seed)
    await play(redis, redis_url, seed=seed, steps=500, disorder=disorder)
