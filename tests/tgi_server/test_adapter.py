"""What the adapter makes of the real small model."""

import asyncio
import json

import aiohttp
import pytest

from bot.core.measuring_scenes import HELD_OUT
from bot.core.prompt import render
from bot.core.reply_measures import raw_request_for
from bot.core.scene import Role
from bot.core.script import Line, Persona, Script
from tests.profiles import CHATML, ZEPHRP
from tests.tgi_server.conftest import RunningServer
from tests.tgi_server.prompts import lima

pytestmark = pytest.mark.model

LINES = ("Captain, a sail on the horizon!", "Teach me to tie a knot, please?")
STEPS = ("micro", "short", "medium", "long")
STOPS = ["\n###", "\nTom:"]


async def reply(
    http: aiohttp.ClientSession, prompt: str, *, seed: int, most: int = 400
) -> tuple[str, str]:
    """The text and why it ended."""
    parameters = {
        "do_sample": True, "temperature": 0.75, "top_p": 0.95, "repetition_penalty": 1.1,
        "max_new_tokens": most, "stop": STOPS, "seed": seed, "details": True,
    }  # fmt: skip
    body = {"inputs": prompt, "parameters": parameters}
    text, reason = "", ""
    async with http.post("/generate_stream", json=body) as response:
        async for line in response.content:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line.removeprefix(b"data: "))
            text += "" if event["token"]["special"] else event["token"]["text"]
            if event["generated_text"] is not None:
                assert event["generated_text"] == text
                reason = event["details"]["finish_reason"]
    return text, reason


async def words_of(http: aiohttp.ClientSession, scene: Script) -> list[int]:
    """How long the likeliest reply is at each of four steps, each ended by the next header."""
    found = []
    for step in (step for step in ZEPHRP.lengths.steps if step.name in STEPS):
        asked = raw_request_for(scene, step, 0, ZEPHRP)
        parameters = {"max_new_tokens": step.max_new_tokens, "stop": list(asked.stop)}
        body = {"inputs": asked.prompt, "parameters": {**parameters, "repetition_penalty": 1.05}}
        async with http.post("/generate", json=body) as response:
            text = (await response.json())["generated_text"]
        assert text.endswith("\n###")
        found.append(len(text.removesuffix("###").split()))
    return found


async def test_a_longer_word_gives_a_longer_reply(stand_in: RunningServer) -> None:
    """With the committed adapter, in two scenes that it was not trained on."""
    scenes = [scene for scene in HELD_OUT if scene.character.name in {"Ysbrand", "VESPER-12"}]
    async with aiohttp.ClientSession(stand_in.url) as http:
        told = await asyncio.gather(*(words_of(http, scene) for scene in scenes))

    micro, short, medium, long = (sum(words) for words in zip(*told, strict=True))
    assert micro < short < medium < long
    assert 2 * short <= medium


async def test_a_reply_is_prose_that_ends_with_the_next_header(stand_in: RunningServer) -> None:
    async with aiohttp.ClientSession(stand_in.url) as http:
        text, reason = await reply(http, lima([("Tom", LINES[0])]), seed=1)

    told = text.removesuffix("\n\n###")
    assert told != text
    assert told.startswith(" ")
    assert not any(mark in told for mark in ("*", "<|", "###", "\nTom:", "  "))
    assert reason == "stop_sequence"


async def test_a_later_turn_and_a_continuation_are_answered(stand_in: RunningServer) -> None:
    turns = [("Tom", "A sail!"), ("Mira", 'Mira looks up. "Where?"'), ("Tom", "There.")] * 2
    async with aiohttp.ClientSession(stand_in.url) as http:
        later, _ = await reply(http, lima(turns), seed=2)
        continued, _ = await reply(http, lima(turns, prefill='Mira nods. "It is'), seed=2)

    assert later.strip()
    assert continued.strip()
    assert '"' in continued


async def test_the_clients_limit_is_kept_and_told(stand_in: RunningServer) -> None:
    async with aiohttp.ClientSession(stand_in.url) as http:
        text, reason = await reply(http, lima([("Tom", LINES[0])], length="long"), seed=3, most=8)

    assert reason == "length"
    assert len(text.split()) < 14


async def test_prompts_in_other_formats_reach_the_bare_model(
    stand_in: RunningServer, raw_server: RunningServer
) -> None:
    body = {"inputs": "The capital of France is", "parameters": {"max_new_tokens": 12}}
    said = []
    for server in (stand_in, raw_server):
        async with (
            aiohttp.ClientSession(server.url) as http,
            http.post("/generate", json=body) as response,
        ):
            said.append((await response.json())["generated_text"])

    assert said[0].startswith(" Paris")
    assert said[0] == said[1]


async def test_the_adapter_makes_the_difference(
    stand_in: RunningServer, raw_server: RunningServer
) -> None:
    """As it was committed: what it is, is in the manifest beside it."""
    said = []
    for server in (stand_in, raw_server):
        async with aiohttp.ClientSession(server.url) as http:
            said.append(await reply(http, lima([("Tom", LINES[0])]), seed=7, most=24))

    assert said[0] != said[1]


async def test_a_chatml_prompt_of_the_bot_is_answered(stand_in: RunningServer) -> None:
    script = Script(
        character=Persona("Mira", "Mira is a pirate captain, bold and warm."),
        players=(Persona("Tom"),),
        lines=(Line(Role.PLAYER, "Tom", LINES[0]),),
    )
    async with aiohttp.ClientSession(stand_in.url) as http:
        text, reason = await reply(http, render(script, CHATML), seed=5, most=60)

    assert text.strip()
    assert reason in {"eos_token", "stop_sequence", "length"}
