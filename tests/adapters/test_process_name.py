"""Who is known to have ended: a wrong yes would let two processes write at once."""

import asyncio
import os
import sys

import pytest

from bot.adapters.process_name import has_ended, our_name

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
SAY_NAME = "from bot.adapters.process_name import our_name; print(our_name(), flush=True); input()"


def test_a_process_has_one_name_and_has_not_ended() -> None:
    assert our_name() == our_name()
    assert not has_ended(our_name())


async def test_another_process_has_ended_when_it_was_killed_and_not_before() -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SAY_NAME),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    name = (await child.stdout.readline()).decode().strip()
    ran = not has_ended(name)
    child.kill()
    await child.wait()

    assert ran
    assert name != our_name()
    assert has_ended(name)


def test_a_number_that_was_given_again_is_another_process() -> None:
    place, _, bearer = our_name().rpartition("/")
    number, _, began = bearer.partition("-")

    assert number == str(os.getpid())
    assert has_ended(f"{place}/{number}-{int(began) - 1}")


@pytest.mark.parametrize("name", ["", "one", "host/elsewhere/1-1", "host//x", "a/b/c/d"])
def test_nothing_is_known_of_other_machines(name: str) -> None:
    assert not has_ended(name)
