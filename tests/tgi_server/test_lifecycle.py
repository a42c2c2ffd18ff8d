"""Starting, crashing and ending, with real processes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.tgi_server.conftest import ROOT, RunningServer, command, eventually, is_alive, serving

pytestmark = pytest.mark.model

LONG = {"inputs": "Once upon a time", "parameters": {"max_new_tokens": 2000}}


def refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [*command(*arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


async def test_one_request_too_many_is_refused_at_once(model_file: Path) -> None:
    with serving("--model", str(model_file), "--concurrent", "1") as server:
        async with (
            aiohttp.ClientSession(server.url) as http,
            http.post("/generate_stream", json=LONG) as busy,
        ):
            await busy.content.readline()
            async with http.post("/generate", json={"inputs": "x"}) as response:
                status, body = response.status, await response.json()
            async with http.post("/generate_stream", json={"inputs": "x"}) as response:
                in_stream = await response.read()

    assert status == 429
    assert body == {"error": "Model is overloaded", "error_type": "overloaded"}
    assert in_stream == (b'data: {"error":"Model is overloaded","error_type":"overloaded"}\n\n')


async def test_a_killed_engine_is_an_error_event_and_comes_back(model_file: Path) -> None:
    with serving("--model", str(model_file)) as server:
        (engine,) = server.engine_ids()
        async with aiohttp.ClientSession(server.url) as http:
            async with http.post("/generate_stream", json=LONG) as response:
                await response.content.readline()
                os.kill(engine, signal.SIGKILL)
                last = (await response.read()).strip().split(b"\n\n")[-1]
            unhealthy = await health(http, wanted=503)
            healthy = await health(http, wanted=200)
            async with http.post(
                "/generate", json={"inputs": "x", "parameters": {"max_new_tokens": 1}}
            ) as response:
                answered = response.status

    assert json.loads(last.removeprefix(b"data: "))["error_type"] == "generation"
    assert unhealthy == {"error": "unhealthy", "error_type": "healthcheck"}
    assert healthy is None
    assert answered == 200


async def health(http: aiohttp.ClientSession, *, wanted: int) -> object:
    async with asyncio.timeout(20):
        while True:
            async with http.get("/health") as response:
                if response.status == wanted:
                    return await response.json() if wanted != 200 else None
            await asyncio.sleep(0.01)


def test_a_killed_server_leaves_no_engine(model_file: Path) -> None:
    with serving("--model", str(model_file)) as server:
        (engine,) = server.engine_ids()

        server.process.kill()
        server.process.wait(timeout=10)

        assert eventually(lambda: not is_alive(engine), within_s=5)


async def test_a_signal_ends_it_within_two_seconds_even_amid_a_stream(model_file: Path) -> None:
    with serving("--model", str(model_file)) as server:
        (engine,) = server.engine_ids()
        async with (
            aiohttp.ClientSession(server.url) as http,
            http.post("/generate_stream", json=LONG) as response,
        ):
            await response.content.readline()
            began = time.monotonic()
            server.process.send_signal(signal.SIGINT)
            code = await asyncio.to_thread(server.process.wait, 10)
            took = time.monotonic() - began

    assert code == 0
    assert took < 2
    assert not is_alive(engine)


def test_a_missing_file_is_named_in_one_sentence(model_file: Path, tmp_path: Path) -> None:
    model = refused("--model", str(tmp_path / "no.gguf"))
    lora = refused("--model", str(model_file), "--lora", str(tmp_path / "lora.gguf"))

    assert model == (2, f"There is no file {tmp_path}/no.gguf.\n")
    assert lora == (2, f"There is no file {tmp_path}/lora.gguf.\n")


def test_a_damaged_model_is_named_in_one_sentence(model_file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "half.gguf"
    with model_file.open("rb") as whole:
        damaged.write_bytes(whole.read(1_000_000))

    code, said = refused("--model", str(damaged))

    assert code == 2
    assert said == f"{damaged} cannot be loaded: it is damaged, or not a GGUF model.\n"


def test_an_adapter_that_is_none_is_named_in_one_sentence(model_file: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "lora.gguf"
    adapter.write_bytes(b"GGUF nonsense")

    code, said = refused("--model", str(model_file), "--lora", str(adapter))

    assert code == 2
    assert said.count("\n") == 1
    assert str(adapter) in said


def test_a_port_in_use_is_named_in_one_sentence(model_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said = refused("--model", str(model_file), "--port", str(port))

    assert code == 2
    assert said == f"Port {port} is in use: choose another with --port, or 0 for any.\n"


def test_too_many_slots_for_the_context_are_refused(model_file: Path) -> None:
    code, said = refused("--model", str(model_file), "--ctx", "1024", "--slots", "4")

    assert code == 2
    assert said.count("\n") == 1
    assert "256 tokens" in said


def test_the_engine_ends_when_nobody_holds_its_input(model_file: Path) -> None:
    settings = {"model": str(model_file), "lora": "", "context": 1024, "slots": 1, "threads": 1}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.tgi_server.engine_process"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(
            json.dumps(settings | {"reuses_moved": True, "cache_mib": 0, "key": "k"}) + "\n"
        )
        process.stdin.flush()
        url = json.loads(process.stdout.readline())["url"]

        process.stdin.close()
        code = process.wait(timeout=10)

    assert url.startswith("http://127.0.0.1:")
    assert code == 0


def test_the_line_says_that_it_is_a_stand_in(stand_in: RunningServer) -> None:
    assert stand_in.line == f"Model server ready: {stand_in.url} (SmolLM2-135M stand-in)\n"
