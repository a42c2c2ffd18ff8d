"""What the help makes of the real small model."""

import json
from pathlib import Path
from statistics import mean

import aiohttp
import pytest

from bot.core.prompt import render
from bot.core.scene import Role
from bot.core.script import Line, Persona, Script
from tests.profiles import CHATML
from tests.tgi_server.conftest import RunningServer, serving
from tests.tgi_server.prompts import lima

pytestmark = pytest.mark.model

LINES = ("Captain, a sail on the horizon!", "Teach me to tie a knot, please?")
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


async def test_the_length_steps_are_in_order(stand_in: RunningServer) -> None:
    words = {}
    async with aiohttp.ClientSession(stand_in.url) as http:
        for step in ("micro", "short", "long"):
            replies = [
                (await reply(http, lima([("Tom", line)], length=step), seed=seed))[0]
                for seed, line in enumerate(LINES)
            ]
            words[step] = mean(len(text.split()) for text in replies)

    assert 2 * words["micro"] < words["short"]
    assert 2 * words["short"] < words["long"]


async def test_replies_are_prose_that_begins_like_limarps(stand_in: RunningServer) -> None:
    async with aiohttp.ClientSession(stand_in.url) as http:
        text, reason = await reply(http, lima([("Tom", LINES[0])]), seed=1)

    assert text.startswith(" Mira")
    assert not any(mark in text for mark in ("*", "<|", "###", "\nTom:", "  "))
    assert text.count('"') % 2 == 0
    assert reason == "eos_token"


async def test_a_later_turn_and_a_continuation_are_answered(stand_in: RunningServer) -> None:
    turns = [("Tom", "A sail!"), ("Mira", 'Mira looks up. "Where?"'), ("Tom", "There.")] * 2
    async with aiohttp.ClientSession(stand_in.url) as http:
        later, _ = await reply(http, lima(turns), seed=2)
        continued, _ = await reply(http, lima(turns, prefill='Mira nods. "It is'), seed=2)

    assert later.startswith(" Mira")
    assert continued
    assert (('"It is' + continued).count('"')) % 2 == 0


async def test_the_clients_limit_is_kept_and_told(stand_in: RunningServer) -> None:
    async with aiohttp.ClientSession(stand_in.url) as http:
        text, reason = await reply(http, lima([("Tom", LINES[0])], length="long"), seed=3, most=8)

    assert reason == "length"
    assert len(text.split()) < 14


async def test_a_history_near_the_windows_end_is_still_answered(model_file: Path) -> None:
    line = "The wind turns again and the old ship groans under all her sails. " * 2
    turns = [("Tom", line), ("Mira", line)] * 11 + [("Tom", "And now?")]
    small = ("--cache", str(model_file.parent), "--ctx", "1024", "--slots", "1", "--threads", "2")
    with serving(*small) as server:
        async with aiohttp.ClientSession(server.url) as http:
            told = await http.post("/tokenize", json={"inputs": lima(turns)})
            tokens = len(await told.json())

            text, _ = await reply(http, lima(turns, length="micro"), seed=4, most=48)

    assert 900 < tokens < 1024 - 48
    assert text.strip()


async def test_other_prompts_reach_the_model_as_they_are(stand_in: RunningServer) -> None:
    body = {"inputs": "The capital of France is", "parameters": {"max_new_tokens": 1}}
    async with (
        aiohttp.ClientSession(stand_in.url) as http,
        http.post("/generate", json=body) as response,
    ):
        answer = await response.json()

    assert answer == {"generated_text": " Paris"}


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
