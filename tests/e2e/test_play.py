"""`play` survives what happens to its processes, and leaves none behind."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from yarl import URL

from bot.playground.server import Address
from tests.e2e.newcomer import Play, command_of, is_alive, played
from tests.playground.driver import Playground, visiting
from tests.short_character import KEY as PIP
from tests.short_character import folder_of_pip

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are read in /proc"),
]


def address_of(play: Play) -> Address:
    base = str(URL(play.url).origin())
    return Address(base, f"{base}/api/v10", f"{base}/gateway", play.url)


async def answered(world: Playground, line: str) -> str:
    """Say a line and wait for the reply to it."""
    mara = world.mara
    sent = await mara.send(line)
    reply = await mara.wait_for_message(
        lambda m: m.is_webhook and m.id > sent.id and bool(m.content) and "Stop" not in m.labels, 90
    )
    return reply.content


async def test_each_process_may_be_killed_and_play_goes_on(tmp_path: Path) -> None:
    characters = str(folder_of_pip(tmp_path))
    async with played(tmp_path / "data", BOT_CHARACTERS=characters) as play:
        async with visiting(address_of(play), token="") as world:
            use = await world.mara.slash("roleplay start", character=PIP, length="micro")
            await world.mara.answer(use)
            assert await answered(world, "Hello, Pip.")

        for name in ("model", "memory", "bot", "discord"):
            before = play.children[name]
            os.kill(before, signal.SIGKILL)
            async with asyncio.timeout(30):
                while play.children.get(name, before) == before:
                    await asyncio.sleep(0.05)
            async with asyncio.timeout(30):
                while not await is_up(play):
                    await asyncio.sleep(0.1)
            async with visiting(address_of(play), token="") as world:
                await world.wait_online(30)
                assert await answered(world, f"The {name} was gone for a moment.")

        async with visiting(address_of(play), token="") as world:
            status = await world.mara.answer(await world.mara.slash("roleplay status"))
            assert "Turns so far: 11" in status.content


async def is_up(play: Play) -> bool:
    try:
        async with visiting(address_of(play), token=""):
            return True
    except (OSError, AssertionError):
        return False


async def test_when_play_is_killed_nothing_is_left_running(tmp_path: Path) -> None:
    async with played(tmp_path / "data") as play:
        everyone = play.everything()
        assert len(everyone) >= 6  # itself, memory, Discord, model and its engine, bot

        play.process.kill()
        await play.process.wait()

        async with asyncio.timeout(10):
            while left := {pid for pid in everyone if is_alive(pid)}:
                await asyncio.sleep(0.05)
        assert not left, [command_of(pid) for pid in left]


async def test_when_play_is_stopped_nothing_is_left_running(tmp_path: Path) -> None:
    async with played(tmp_path / "data") as play:
        everyone = play.everything()
        play.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await play.process.wait() == 0

        assert not [command_of(pid) for pid in everyone if is_alive(pid)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def somebodys_play(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Play, None]:
    """One that runs already, for those that must not start."""
    async with played(tmp_path_factory.mktemp("play") / "data") as play:
        yield play


@pytest.mark.asyncio(loop_scope="module")
async def test_a_second_play_on_the_same_story_is_refused_with_a_sentence(
    somebodys_play: Play,
) -> None:
    with pytest.raises(AssertionError, match="Another playground uses"):
        async with played(somebodys_play.output.parent):
            pass


@pytest.mark.asyncio(loop_scope="module")
async def test_a_port_in_use_is_named(somebodys_play: Play, tmp_path: Path) -> None:
    port = str(URL(somebodys_play.url).port)

    with pytest.raises(AssertionError, match=f"Port {port} is taken"):
        async with played(tmp_path / "two", "--port", port):
            pass
