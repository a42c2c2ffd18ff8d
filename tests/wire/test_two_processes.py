"""Two bots with one token and one memory: one is connected, the other waits for its place."""

import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.wire.running import BotProcess, Running, running


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    async with running(
        clean_redis_url, tmp_path, BOT_TURNS__LEASE_S="1", BOT_TURNS__DRAIN_S="0.5"
    ) as everything:
        yield everything


def second(stage: Running, **settings: str) -> BotProcess:
    given = {**stage.bot.settings, "BOT_HTTP__PORT": str(free_port()), **settings}
    return BotProcess(given, stage.bot.folder)


async def test_the_second_waits_says_so_once_and_ends_with_a_sentence(stage: Running) -> None:
    other = second(stage)
    await other.start()

    code, printed = await other.wait()

    assert code == 75
    assert printed.count("waiting for the place at Discord") == 1
    assert "Another process (on " in printed.splitlines()[-1]
    assert "Traceback" not in printed
    assert (await stage.bot.ready())["ready"]


async def test_the_second_takes_over_when_the_first_is_told_to_stop(stage: Running) -> None:
    other = second(stage, BOT_TURNS__DRAIN_S="30")
    await other.start()
    try:
        code, _ = await stage.bot.stop()
        await other.wait_ready()
    finally:
        await other.stop()

    assert code == 0


async def test_a_frozen_bot_is_replaced_and_ends_when_it_wakes(stage: Running) -> None:
    other = second(stage, BOT_TURNS__DRAIN_S="30")
    assert stage.bot.process is not None
    stage.bot.process.send_signal(signal.SIGSTOP)
    await other.start()
    try:
        await other.wait_ready()
        stage.bot.process.send_signal(signal.SIGCONT)
        code, printed = await stage.bot.wait()
        assert (await other.ready())["ready"]
    finally:
        await other.stop()

    assert code == 75
    assert "Another process has connected with this token" in printed
    assert "Traceback" not in printed
