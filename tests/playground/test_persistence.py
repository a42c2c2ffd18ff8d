"""What survives a restart, even one that nobody announced."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.playground.server import Address
from bot.playground.world import ASSETS_ID, MARA_ID, TAVERN_ID
from tests.playground.driver import Playground, eventually, visiting

TOKEN, SECRET = "the-token", "the-secret"


@asynccontextmanager
async def process(
    data: Path, *more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Address]]:
    """Run the local Discord as a program of its own."""
    command = ["-m", "bot.playground", "--data", str(data), "--token", TOKEN, "--secret", SECRET]
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *more,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout is not None
    try:
        async with asyncio.timeout(20):
            line = (await started.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line
        base = found[0]
        url = f"{base}/?key={SECRET}"
        yield started, Address(base, f"{base}/api/v10", f"ws{base[4:]}/gateway", url)
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def _lay_out(world: Playground) -> dict[str, int]:
    """Leave something of everything behind; returns the ids."""
    said = await world.mara.send("I was here", files={"map.txt": b"dragons"})
    await world.mara.react(said, "👍")
    path = f"/channels/{TAVERN_ID}/webhooks"
    hook = await world.rest("POST", path, json={"name": "Stage"})
    thread = await world.mara.thread("Below deck", start=said)
    await world.rest(
        "POST",
        f"/webhooks/{hook['id']}/{hook['token']}?wait=true&thread_id={thread}",
        json={"content": "So was I", "username": "Captain Vane"},
    )
    await world.mara.dm()
    direct = await world.mara.dm()
    await world.mara.send("Between us", direct)
    commands = [{"name": "roleplay", "description": "Begin"}]
    registered = await world.rest("PUT", f"/applications/{ASSETS_ID - 33}/commands", json=commands)
    return {
        "said": said.id,
        "hook": int(hook["id"]),
        "thread": thread,
        "direct": direct,
        "command": int(registered[0]["id"]),
    }


async def test_a_killed_server_comes_back_with_everything(tmp_path: Path) -> None:
    async with process(tmp_path) as (first, address), visiting(address, token=TOKEN) as world:
        ids = await _lay_out(world)
        first.send_signal(signal.SIGKILL)
        await first.wait()

    async with process(tmp_path) as (_, address), visiting(address, token=TOKEN) as world:
        (said,) = [m for m in await world.tom.messages() if m.id == ids["said"]]
        (below,) = [m for m in await world.tom.messages(ids["thread"]) if m.is_webhook]
        hooks = await world.rest("GET", f"/channels/{TAVERN_ID}/webhooks")
        link = address.base_url + said.raw["attachments"][0]["url"]
        async with world.session.get(link) as response:
            kept = await response.read()

        assert said.content == "I was here"
        assert said.raw["reactions"][0]["count"] == 1
        assert kept == b"dragons"
        assert (below.author, below.content) == ("Captain Vane", "So was I")
        assert [int(hook["id"]) for hook in hooks] == [ids["hook"]]
        assert await world.mara.dm() == ids["direct"]
        assert [m.content for m in await world.mara.messages(ids["direct"])] == ["Between us"]
        assert [int(c["id"]) for c in (await world.mara.state())["commands"]] == [ids["command"]]
        newer = await world.mara.send("Later")
        assert newer.id > below.id


async def test_a_deleted_message_and_channel_stay_away(tmp_path: Path) -> None:
    async with process(tmp_path) as (_, address), visiting(address, token=TOKEN) as world:
        said = await world.mara.send("A slip")
        await world.mara.delete(said)
        harbour = await world.ann.channel_id("harbour")
        gone = {"channel_id": str(harbour), "delete": True}
        await world.act("/page/controls/channel", gone)

    async with process(tmp_path) as (_, address), visiting(address, token=TOKEN) as world:
        names = [channel["name"] for channel in (await world.mara.state())["channels"]]

        assert await world.mara.messages("tavern") == []
        assert "harbour" not in names
        assert "tavern" in names


async def test_sigterm_ends_the_program_soon(tmp_path: Path) -> None:
    async with process(tmp_path) as (running, address):
        async with (
            visiting(address, token=TOKEN) as world,
            world.session.ws_connect(address.gateway_url) as socket,
        ):
            # Open connections must not hold it up.
            await socket.receive_json(timeout=5)
            running.terminate()

            async with asyncio.timeout(5):
                code = await running.wait()

        assert code == 0


async def test_with_its_parent_gone_the_program_ends(tmp_path: Path) -> None:
    async with process(tmp_path, "--parent-watch") as (running, _):
        assert running.stdin is not None
        running.stdin.close()

        async with asyncio.timeout(5):
            code = await running.wait()

        assert code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_a_parent_killed_without_warning_takes_the_program_with_it(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'bot.playground', '--parent-watch',"
        " '--data', sys.argv[1]], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(20):
        child = int(await parent.stdout.readline())
        await parent.stdout.readline()  # ready

    parent.kill()
    await parent.wait()

    await eventually(lambda: not _is_alive(child), 5)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


async def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with process(tmp_path / "one") as (_, address):
        port = address.base_url.rpartition(":")[2]
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            *["-m", "bot.playground", "--port", port],
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await second.communicate()

    assert second.returncode == 2
    assert errors.decode().startswith(f"Port {port} cannot be used")
    assert errors.decode().count("\n") == 1


async def test_ids_of_the_world_are_the_same_in_every_life(tmp_path: Path) -> None:
    async with process(tmp_path) as (_, address), visiting(address, token=TOKEN) as world:
        state = await world.mara.state()

    known = {channel["name"]: int(channel["id"]) for channel in state["channels"]}
    assert int(state["me"]["id"]) == MARA_ID
    assert known["tavern"] == TAVERN_ID
    assert "bot-assets" not in known


async def test_a_page_without_the_key_is_closed(tmp_path: Path) -> None:
    async with (
        process(tmp_path) as (_, address),
        aiohttp.ClientSession() as stranger,
        stranger.get(address.base_url) as response,
    ):
        assert response.status == 403
        assert "printed" in await response.text()
