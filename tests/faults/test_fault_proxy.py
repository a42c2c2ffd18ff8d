"""The proxy does to bytes what it says, on real sockets."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fakes.fault_proxy import (
    BLACK_HOLE,
    UNWELCOME,
    FaultProxy,
    Rules,
    Script,
    Then,
    Way,
)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture(params=["port", "socket"])
async def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    """In front of a server that says what it hears."""
    if request.param == "port":
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        target = f"{host}:{port}"
    else:
        target = str(tmp_path / "echo.sock")
        server = await asyncio.start_unix_server(_echo, target)
    async with server, FaultProxy(target) as proxy:
        yield proxy


@asynccontextmanager
async def client(proxy: FaultProxy) -> AsyncGenerator[Ends, None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said(ends: Ends, data: bytes, size: int | None = None) -> bytes:
    """Send *data*; return *size* bytes of what comes back, or all until the end."""
    reader, writer = ends
    if data:
        writer.write(data)
    async with asyncio.timeout(5):
        return await (reader.read() if size is None else reader.readexactly(size))


async def test_without_rules_everything_passes_both_ways(proxy: FaultProxy) -> None:
    data = bytes(range(256)) * 4096

    async with client(proxy) as ends:
        assert await said(ends, data, len(data)) == data

    assert proxy.counts.to_server_bytes == proxy.counts.to_client_bytes == len(data)


async def test_the_end_of_what_the_client_says_reaches_the_server(proxy: FaultProxy) -> None:
    async with client(proxy) as ends:
        ends[1].write(b"ahoy")
        ends[1].write_eof()

        assert await said(ends, b"") == b"ahoy"


@pytest.mark.parametrize("after", [0, 1, 7])
async def test_an_answer_is_cut_after_so_many_bytes(proxy: FaultProxy, after: int) -> None:
    proxy.rules = Rules(Script(to_client=Way(after)))

    async with client(proxy) as ends:
        assert await said(ends, b"0123456789") == b"0123456789"[:after]

    assert proxy.counts.to_server_bytes == 10
    assert proxy.counts.cut == 1


async def test_a_request_is_cut_after_so_many_bytes(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_server=Way(4)))

    async with client(proxy) as ends:
        await said(ends, b"0123456789")

    assert proxy.counts.to_server_bytes == 4


async def test_a_reset_is_no_orderly_end(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_client=Way(3, Then.RESET)))

    async with client(proxy) as ends:
        with pytest.raises(ConnectionResetError):
            await said(ends, b"0123456789")

    assert proxy.counts.reset == 1


async def test_only_the_third_connection_is_cut(proxy: FaultProxy) -> None:
    async with client(proxy) as ends:
        await said(ends, b"x", 1)
    proxy.rules = Rules(numbered={3: Script(to_client=Way(2))})

    heard = []
    for _ in range(4):
        async with client(proxy) as (reader, writer):
            writer.write(b"ahoy")
            writer.write_eof()
            heard.append(await said((reader, writer), b""))

    assert heard == [b"ahoy", b"ahoy", b"ah", b"ahoy"]


async def test_rules_hold_at_once_for_connections_that_are_open(proxy: FaultProxy) -> None:
    async with client(proxy) as old:
        assert await said(old, b"ahoy", 4) == b"ahoy"
        proxy.rules = Rules(opened=Script(to_client=Way(1)))

        async with client(proxy) as new:
            assert await said(new, b"ahoy", 4) == b"ahoy"
        assert await said(old, b"ahoy") == b"a"


async def test_a_delay_keeps_order_and_does_not_add_up(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_server=Way(delay_s=0.1), to_client=Way(delay_s=0.1)))
    data = bytes(range(200))

    async with client(proxy) as (reader, writer):
        began = time.monotonic()
        for at in range(0, 200, 10):
            writer.write(data[at : at + 10])
            await asyncio.sleep(0.002)
        heard = await reader.readexactly(200)

    assert heard == data
    assert 0.2 <= time.monotonic() - began < 1


async def test_a_black_hole_takes_everything_and_answers_nothing(proxy: FaultProxy) -> None:
    proxy.rules = Rules(BLACK_HOLE)

    async with client(proxy) as (reader, writer):
        writer.write(b"ahoy")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)

    assert proxy.counts.swallowed_bytes == 4
    assert proxy.counts.to_server_bytes == 0


async def test_a_stream_may_fall_silent_in_the_middle(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_client=Way(2, Then.SWALLOW)))

    async with client(proxy) as (reader, writer):
        writer.write(b"ahoy")
        heard = await reader.readexactly(2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)

    assert heard == b"ah"
    assert proxy.counts.swallowed_bytes == 2


async def test_bytes_are_garbled_from_a_place_on(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_client=Way(2, Then.GARBLE)))

    async with client(proxy) as ends:
        assert await said(ends, b"ahoy", 4) == b"ah" + bytes(byte ^ 0xFF for byte in b"oy")

    assert proxy.counts.garbled_bytes == 2


async def test_pieces_are_small_and_in_order(proxy: FaultProxy) -> None:
    proxy.rules = Rules(Script(to_client=Way(piece_bytes=1)))

    async with client(proxy) as ends:
        assert await said(ends, b"0123456789", 10) == b"0123456789"


async def test_who_is_not_welcome_is_reset_and_unknown_to_the_server(proxy: FaultProxy) -> None:
    proxy.rules = Rules(numbered={1: UNWELCOME})

    async with client(proxy) as ends:
        with pytest.raises(ConnectionError):
            await said(ends, b"ahoy", 4)
    async with client(proxy) as ends:
        assert await said(ends, b"ahoy", 4) == b"ahoy"


async def test_while_it_refuses_nobody_listens_and_afterwards_on_the_same_port(
    proxy: FaultProxy,
) -> None:
    async with client(proxy) as ends:
        await said(ends, b"ahoy", 4)
        async with proxy.refusing():
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", proxy.port)
            assert await said(ends, b"") == b""

    async with client(proxy) as ends:
        assert await said(ends, b"ahoy", 4) == b"ahoy"


@pytest.mark.parametrize("reset", [False, True])
async def test_every_connection_can_be_ended(proxy: FaultProxy, *, reset: bool) -> None:
    async with client(proxy) as one, client(proxy) as two:
        for ends in (one, two):
            await said(ends, b"ahoy", 4)

        assert proxy.cut_all(reset=reset) == 2

        for ends in (one, two):
            if reset:
                with pytest.raises(ConnectionResetError):
                    await said(ends, b"")
            else:
                assert await said(ends, b"") == b""


async def test_a_server_that_is_gone_looks_like_a_reset() -> None:
    async with FaultProxy("127.0.0.1:9") as proxy, client(proxy) as ends:
        with pytest.raises(ConnectionError):
            await said(ends, b"ahoy", 4)


async def test_nothing_is_left_behind(proxy: FaultProxy) -> None:
    for script in (Script(), BLACK_HOLE, Script(to_client=Way(2, Then.SWALLOW))):
        proxy.rules = Rules(script)
        async with client(proxy) as (_, writer):
            writer.write(b"ahoy")
            await writer.drain()

    async with asyncio.timeout(5):
        while proxy.counts.open or proxy.counts.accepted < 3:
            await asyncio.sleep(0.005)
