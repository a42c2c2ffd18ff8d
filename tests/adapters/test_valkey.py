import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from bot.adapters.redis_store import connect
from bot.adapters.valkey import open_embedded, socket_path, socket_url
from bot.core.errors import StartupError

HOST = """
import asyncio, sys
from pathlib import Path
from bot.adapters.valkey import open_embedded

async def main():
    async with open_embedded(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def put(url: str, key: str, value: str) -> None:
    client = connect(url, timeout_s=1)
    await client.set(key, value)
    await client.aclose()


async def get(url: str, key: str) -> str | None:
    client = connect(url, timeout_s=1)
    found = await client.get(key)
    await client.aclose()
    return None if found is None else str(found)


async def pid_of(url: str) -> int:
    client = connect(url, timeout_s=1)
    info = await client.info("server")
    await client.aclose()
    return int(info["process_id"])


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while is_running(pid):  # another process has no event
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_embedded(tmp_path / "data") as url:
        await put(url, "k", "v")
        pid = await pid_of(url)
    stopped = not is_running(pid)

    async with open_embedded(tmp_path / "data") as url:
        found = await get(url, "k")

    assert stopped
    assert found == "v"


async def test_a_killed_server_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    async with open_embedded(tmp_path) as url:
        client = connect(url, timeout_s=1)
        for number in range(500):
            await client.rpush("list", number)
        await client.aclose()
        pid = await pid_of(url)
        os.kill(pid, signal.SIGKILL)
        await until_gone(pid)

    async with open_embedded(tmp_path) as url:
        client = connect(url, timeout_s=1)
        kept = await client.llen("list")
        await client.aclose()

    assert kept == 500


async def test_a_running_server_is_used_and_left_running(tmp_path: Path) -> None:
    async with open_embedded(tmp_path) as first:
        async with open_embedded(tmp_path) as second:
            await put(second, "k", "v")

        found = await get(first, "k")

    assert second == first
    assert found == "v"


async def test_of_two_that_begin_at_once_one_starts_a_server(tmp_path: Path) -> None:
    ready = asyncio.Barrier(3)

    async def pid() -> int:
        async with open_embedded(tmp_path) as url:
            found = await pid_of(url)
            await ready.wait()  # nobody leaves before all have looked
            return found

    pids = await asyncio.gather(pid(), pid(), pid())

    assert len(set(pids)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_server_of_a_killed_host_ends_and_the_next_start_works(tmp_path: Path) -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, str(tmp_path), stdout=PIPE
    )
    assert host.stdout is not None
    url = (await host.stdout.readline()).decode().strip()
    await put(url, "k", "v")
    pid = await pid_of(url)

    host.kill()
    await host.wait()
    async with open_embedded(tmp_path) as again:
        found, fresh = await get(again, "k"), await pid_of(again)
        await until_gone(pid)
        alive = await get(again, "k")

    assert fresh != pid
    assert found == alive == "v"


async def test_a_socket_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "valkey.sock"))

    async with open_embedded(tmp_path) as url:
        await put(url, "k", "v")


async def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 80) / ("e" * 80)

    async with open_embedded(deep) as url:
        await put(url, "k", "v")

    assert len(os.fsencode(socket_path(deep))) <= 100
    assert url == socket_url(deep)
    assert socket_path(deep).parent.stat().st_mode & 0o077 == 0
    assert (deep / "appendonlydir").is_dir()


async def test_nobody_else_can_read_the_data(tmp_path: Path) -> None:
    async with open_embedded(tmp_path / "data"):
        modes = [(tmp_path / "data" / name).stat().st_mode & 0o077 for name in (".", "valkey.sock")]

    assert modes == [0, 0]


async def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("in the way")

    with pytest.raises(StartupError, match="BOT_DATA") as caught:
        async with open_embedded(place):
            pass

    assert caught.value.exit_code == 78
    assert str(place) in str(caught.value)


async def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way")

    with pytest.raises(StartupError, match="cannot start") as caught:
        async with open_embedded(tmp_path):
            pass

    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)
    assert "append" in str(caught.value)


async def test_a_cancelled_start_leaves_no_server(tmp_path: Path) -> None:
    async def use() -> None:
        async with open_embedded(tmp_path):
            await asyncio.sleep(60)

    task = asyncio.create_task(use())
    async with asyncio.timeout(5):
        while not (tmp_path / "valkey.sock").exists():  # another process
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    async with open_embedded(tmp_path) as url:
        assert await get(url, "k") is None
