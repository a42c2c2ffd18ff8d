"""What cannot start says why in one sentence, with the exit code that was promised."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.playground.driver import TOKEN, Playground, playground

ROOT = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9/api"


async def ended(*arguments: str, cwd: Path, **settings: str) -> tuple[int, str]:
    """Run the program to its end; returns exit code and what it wrote."""
    return await ended_once(arguments, cwd, settings)


async def ended_once(
    arguments: Sequence[str],
    cwd: Path,
    settings: Mapping[str, str],
    *,
    signalled: asyncio.Event | None = None,
) -> tuple[int, str]:
    """The same; from *signalled* on it is told to end, again and again."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    places = {"BOT_DATA": str(cwd / "data"), "BOT_CHARACTERS": str(ROOT / "characters")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "BOT_HTTP__PORT": "0", **places, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        if signalled is not None:
            await signalled.wait()
            tasks.create_task(_keep_telling(process))
        written, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, written.decode()


async def _keep_telling(process: asyncio.subprocess.Process) -> None:
    """As a supervisor, a shell and a terminal that closes do, each of them."""
    while process.returncode is None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ProcessLookupError):
                process.send_signal(number)
        await asyncio.sleep(0.001)


@pytest.fixture
async def world() -> AsyncGenerator[Playground, None]:
    async with playground(message_content=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "words"),
    [
        (["run"], {}, 78, "No Discord token is set"),
        (["run", "--stand-in"], {}, 78, "No Discord token is set"),
        (["run"], {"BOT_LOG_LEVEL": "chatty"}, 78, "BOT_LOG_LEVEL"),
        (["run"], {"DISCORD_TOKEN": "x", "BOT_REDIS__URL": "redis://127.0.0.1:9"}, 69, "Redis"),
        (["run"], {"DISCORD_TOKEN": "x", "BOT_REDIS__URL": "redis://[::"}, 78, "BOT_REDIS__URL"),
        (["run"], {"DISCORD_TOKEN": "x", "BOT_HTTP__HOST": "192.0.2.1"}, 78, "BOT_HTTP__HOST"),
        (
            ["run"],
            {"DISCORD_TOKEN": "x", "BOT_HTTP__HOST": "192.0.2.1", "BOT_HTTP__PORT": "80"},
            78,
            "port 80",
        ),
        (["run"], {"DISCORD_TOKEN": "x", "BOT_REDIS__URL": ""}, 69, "Discord cannot be reached"),
        (["play", "--no-browser", "--port", "99999"], {}, 2, "--port"),
        (["play", "--no-browser", "--port", "0", "--data", "taken"], {}, 2, "--data"),
    ],
)
async def test_what_is_missing_or_wrong_is_one_sentence_and_the_promised_exit_code(
    arguments: list[str], settings: dict[str, str], code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "taken" / "lock").mkdir(parents=True)
    fixed = {"BOT_DISCORD__API_URL": NOWHERE, "BOT_REDIS__GIVE_UP_S": "0.3"}

    found, written = await ended(*arguments, cwd=tmp_path, **fixed, **settings)

    assert (found, len(written.splitlines())) == (code, 1), written
    assert words in written


@pytest.mark.parametrize(
    ("token", "words"),
    [("wrong", "does not accept the token"), (TOKEN, "Message Content Intent")],
    ids=["token", "intent"],
)
async def test_what_discord_refuses_is_one_sentence_and_exit_code_78(
    token: str, words: str, world: Playground, tmp_path: Path
) -> None:
    found, written = await ended(
        "run", cwd=tmp_path, DISCORD_TOKEN=token, BOT_DISCORD__API_URL=world.address.api_url
    )

    sentence = written.splitlines()[-1]
    assert found == 78, written
    assert words in sentence
    assert "Traceback" not in written
    assert "Unclosed" not in written


async def test_a_taken_port_is_one_sentence_and_exit_code_78(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        found, written = await ended(
            "run",
            cwd=tmp_path,
            DISCORD_TOKEN="x",
            BOT_DISCORD__API_URL=NOWHERE,
            BOT_HTTP__PORT=port,
        )

    assert (found, len(written.splitlines())) == (78, 1), written
    assert port in written


async def test_whoever_is_told_to_end_while_redis_is_awaited_ends_at_once_and_well(
    tmp_path: Path,
) -> None:
    heard = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    given = {"DISCORD_TOKEN": "x", "BOT_REDIS__URL": url, "BOT_REDIS__GIVE_UP_S": "30"}
    async with server, asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(ended_once(["run"], tmp_path, given, signalled=heard))

    assert run.result() == (0, "It was told to end before Redis had answered.\n")
