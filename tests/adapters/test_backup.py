"""The backup that docs/hosting.md describes can be restored, also if it is made amid writes."""

import asyncio
import io
import re
import tarfile
from pathlib import Path

from redis.asyncio import Redis

from tests.ports import free_port
from tests.redis_servers import server

ROOT = Path(__file__).parent.parent.parent
SIGN_OF_REWRITING = "aof_rewrite.*:1"
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")


def test_the_page_says_what_is_tried_here() -> None:
    page = (ROOT / "docs" / "hosting.md").read_text()

    assert "config set auto-aof-rewrite-percentage 0" in page
    assert f'grep -q "{SIGN_OF_REWRITING}"' in page
    assert "tar c -C /data ." in page
    assert "tar x -C /data" in page


async def test_a_copy_of_the_folder_made_while_the_server_writes_is_whole(tmp_path: Path) -> None:
    live, restored = tmp_path / "live", tmp_path / "restored"
    live.mkdir()
    restored.mkdir()
    port = free_port()
    async with server(live, port, *DURABLE), Redis(port=port) as redis:
        for number in range(200):
            await redis.set(f"rp:before:{number}", "x" * 1000)
        await asyncio.sleep(1.1)  # the log is written out every second
        await redis.config_set("auto-aof-rewrite-percentage", 0)
        async with asyncio.TaskGroup() as tasks:
            is_copied = asyncio.Event()
            tasks.create_task(_write_on(redis, is_copied))
            copy = await asyncio.to_thread(_packed, live)
            is_copied.set()

    with tarfile.open(fileobj=io.BytesIO(copy)) as archive:
        archive.extractall(restored, filter="data")
    port = free_port()
    async with server(restored, port, *DURABLE), Redis(port=port) as redis:
        for number in range(200):
            assert await redis.get(f"rp:before:{number}") == b"x" * 1000


async def test_a_rewriting_that_the_page_waits_for_is_seen(tmp_path: Path) -> None:
    port = free_port()
    async with server(tmp_path, port, *DURABLE), Redis(port=port) as redis:
        await redis.set("rp:long", "z" * 1_000_000)

        assert not await _is_rewriting(redis)
        await redis.config_set("rdb-key-save-delay", 200_000)  # microseconds
        await redis.bgrewriteaof()
        assert await _is_rewriting(redis)


async def _is_rewriting(redis: Redis) -> bool:
    told = (await redis.info("persistence")).items()
    return any(re.search(SIGN_OF_REWRITING, f"{name}:{value}") for name, value in told)


async def _write_on(redis: Redis, is_copied: asyncio.Event) -> None:
    number = 0
    while not is_copied.is_set():
        number += 1
        await redis.set(f"rp:meanwhile:{number}", "y" * 1000)


def _packed(folder: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                # As long as it was when it was looked at: Redis appends meanwhile.
                info = archive.gettarinfo(path, arcname=str(path.relative_to(folder)))
                archive.addfile(info, io.BytesIO(path.read_bytes()[: info.size]))
    return written.getvalue()
