"""`calibrate`, from the command line to the note that the bot reads."""

import asyncio
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli.calibrate import Wanted, calibrate
from bot.composition import open_store
from bot.core.errors import StartupError
from bot.core.generation import ModelLimits
from bot.core.length_table import LengthTable, MeasuredStep, note_name
from bot.core.lengths import Length
from bot.core.measuring_scenes import SCENES
from bot.core.token_counts import fingerprint
from bot.settings import Settings, load_settings
from tests.cli.running import NOWHERE, ended, run, started
from tests.fakes.scripted_tgi import Fault, ScriptedTgi
from tests.profiles import ZEPHRP

NOTE = note_name(fingerprint(ModelLimits("scripted", 4095, 4096, 4), ZEPHRP))
SPOKEN = {"micro": 3, "tiny": 10, "short": 20}
"""Words that the scripted model says at a length."""


def spoken(prompt: str) -> str:
    """A model that keeps to its length, and goes on to write the player's next line."""
    length = re.findall(r"\(length = (\w+)\)", prompt)[-1]
    words = " ".join(["word"] * SPOKEN.get(length, 5000))
    return f" {words}.\n### Input:\nMara: And then?"


@pytest.fixture
async def tgi() -> AsyncGenerator[ScriptedTgi, None]:
    async with ScriptedTgi(reply=spoken).running() as server:
        yield server


def settings_for(redis_url: str, url: str, **tgi: Any) -> Settings:
    return load_settings(redis={"url": redis_url}, tgi={"urls": (url,), "connect_s": 0.5, **tgi})


async def stored(settings: Settings) -> LengthTable | None:
    async with AsyncExitStack() as stack:
        note = await (await open_store(settings, stack)).get_note(NOTE)
    return None if note is None else LengthTable.from_json(note)


@pytest.fixture
def clean_redis_url(redis: object, redis_url: str) -> str:
    """The address of a store that holds nothing."""
    assert redis
    return redis_url


async def test_what_is_measured_is_printed_and_found_by_the_bot(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    done = await run(
        tmp_path,
        *("calibrate", "--url", tgi.url, "--replies", "1", "--steps", "micro,short,medium"),
        BOT_DATA=str(tmp_path),
    )

    assert (done.code, done.complaint) == (0, "")
    title, header, *rows, last = done.printed.decode().splitlines()
    assert title == f"scripted at {tgi.url}, profile zephrp"
    assert header.split() == ["step", "replies", "words", "p20-p50-p80", "cut"]
    assert [row.split() for row in rows] == [
        ["micro", "4", "3-3-3", "0%"],
        ["short", "4", "20-20-20", "0%"],
        ["medium", "4", "256-256-256", "100%"],
    ]
    assert last == "Stored for scripted: 3 of 10 steps."
    table = await stored(load_settings(data=tmp_path, redis={"url": None}))
    assert table is not None
    assert (table.model, table.profile) == ("scripted", "zephrp")
    assert table.measured_at == datetime.now(UTC).date().isoformat()
    assert table.steps[Length("short")] == MeasuredStep(20, 20, 4)


async def test_the_model_is_asked_as_the_bot_asks_it(
    clean_redis_url: str, tgi: ScriptedTgi
) -> None:
    settings = settings_for(clean_redis_url, tgi.url)

    await calibrate(Wanted(replies=2, steps=["tiny"]), settings, lambda _: None)

    prompts = [asked.prompt for asked in tgi.asked]
    assert len(prompts) == 2 * len(SCENES)
    assert {asked.parameters["seed"] for asked in tgi.asked} == {0, 1}
    for asked in tgi.asked:
        assert "### Response: (length = tiny)" in asked.prompt
        assert asked.parameters["max_new_tokens"] == 64
        assert "\n###" in asked.parameters["stop"]
        assert asked.parameters["temperature"] == ZEPHRP.sampling.temperature


async def test_steps_that_were_measured_before_stay(clean_redis_url: str, tgi: ScriptedTgi) -> None:
    settings = settings_for(clean_redis_url, tgi.url)
    await calibrate(Wanted(replies=1, steps=["micro", "tiny"]), settings, lambda _: None)
    tgi.reply = lambda _: " word" * 12

    await calibrate(Wanted(replies=1, steps=["tiny"]), settings, lambda _: None)

    table = await stored(settings)
    assert table is not None
    assert table.steps == {"micro": MeasuredStep(3, 3, 4), "tiny": MeasuredStep(12, 12, 4)}


async def test_replies_that_say_nothing_do_not_count(
    clean_redis_url: str, tgi: ScriptedTgi
) -> None:
    settings = settings_for(clean_redis_url, tgi.url)
    tgi.reply = lambda prompt: "\n### Input:" if "Marit" in prompt else " One two."
    said: list[str] = []

    await calibrate(Wanted(replies=1, steps=["micro"]), settings, said.append)
    tgi.reply = lambda _: "\n### Input:"
    await calibrate(Wanted(replies=1, steps=["tiny"]), settings, said.append)

    table = await stored(settings)
    assert table is not None
    assert table.steps == {"micro": MeasuredStep(2, 2, 3)}
    assert any(line.startswith("tiny") and line.endswith("nothing was said") for line in said)


@pytest.mark.parametrize("where", [NOWHERE, "http://[", "nonsense"])
async def test_a_server_that_is_not_there_is_one_sentence_and_exit_code_69(
    where: str, clean_redis_url: str
) -> None:
    with pytest.raises(StartupError) as raised:
        await calibrate(
            Wanted(replies=1, url=where), settings_for(clean_redis_url, NOWHERE), lambda _: None
        )

    assert raised.value.exit_code == 69
    assert str(raised.value).startswith(f"The model server {where} cannot be measured:")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["validation", "cut", "status"])
async def test_a_server_that_fails_on_the_way_leaves_nothing_behind(
    kind: str, clean_redis_url: str, tgi: ScriptedTgi
) -> None:
    settings = settings_for(clean_redis_url, tgi.url)

    def fail_after_the_first_step(line: str) -> None:
        if line.startswith("micro"):
            tgi.fault = Fault(kind, after=2)

    with pytest.raises(StartupError) as raised:
        await calibrate(
            Wanted(replies=1, steps=["micro", "tiny"]), settings, fail_after_the_first_step
        )

    assert raised.value.exit_code == 69
    assert await stored(settings) is None


async def test_a_reply_that_broke_off_is_asked_for_again(
    clean_redis_url: str, tgi: ScriptedTgi
) -> None:
    settings = settings_for(clean_redis_url, tgi.url)
    tgi.fault = Fault("cut", after=2, times=1)

    await calibrate(Wanted(replies=1, steps=["tiny"]), settings, lambda _: None)

    table = await stored(settings)
    assert table is not None
    assert table.steps == {"tiny": MeasuredStep(10, 10, 4)}
    assert len(tgi.asked) == 5


async def test_a_memory_that_is_not_there_is_said_before_anything_is_measured(
    tgi: ScriptedTgi,
) -> None:
    settings = load_settings(
        redis={"url": "redis://127.0.0.1:9", "give_up_s": 0.2}, tgi={"urls": (tgi.url,)}
    )

    with pytest.raises(StartupError, match="Redis") as raised:
        await calibrate(Wanted(replies=1), settings, lambda _: None)

    assert raised.value.exit_code == 69
    assert tgi.asked == []


async def test_ctrl_c_ends_it_and_nothing_is_stored(tmp_path: Path, tgi: ScriptedTgi) -> None:
    tgi.fault = Fault("hang", after=2)
    arguments = ("calibrate", "--url", tgi.url, "--steps", "micro")

    async with started(tmp_path, *arguments, BOT_DATA=str(tmp_path)) as process:
        async with asyncio.timeout(30):
            while not any(asked.sent for asked in tgi.asked):
                await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        done = await ended(process)

    assert (done.code, done.complaint) == (130, "")
    assert await stored(load_settings(data=tmp_path, redis={"url": None})) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--steps", "micro,epic"], "'epic' is no step of the profile zephrp; it has micro, tiny"),
        (["--replies", "0"], "is to be from 1 to 1000"),
        (["--replies", "many"], "--replies"),
    ],
)
async def test_wrong_arguments_are_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await asyncio.to_thread(exit_code, ["calibrate", *arguments])

    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert "Traceback" not in said


def exit_code(arguments: list[str]) -> int:
    """What the program ends with when it is run in this process."""
    try:
        return main(arguments)
    except SystemExit as ended_by_argparse:
        return int(ended_by_argparse.code or 0)
