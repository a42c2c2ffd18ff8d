"""How a bot ends: in order, at once, without a terminal, with nowhere to write its log."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId
from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_discord import BAD_GATEWAY, Fault
from tests.fakes.scripted_tgi import story
from tests.playground.driver import Shown, Use, eventually
from tests.ports import free_port
from tests.wire.faulty import Faulty, faulty
from tests.wire.running import BotProcess, Running, running

DRAIN_S = 2.0
FILES = 64
WHOLE = story(120)
CHANNELS = ("tavern", "harbour", "adults-only")


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    async with running(clean_redis_url, tmp_path, BOT_TURNS__DRAIN_S=str(DRAIN_S)) as everything:
        yield everything


@pytest.fixture
async def patient(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    """One that lets replies end for as long as by default."""
    async with running(clean_redis_url, tmp_path) as everything:
        yield everything


def is_growing(shown: Shown) -> bool:
    return shown.is_webhook and "Stop" in shown.labels


def is_whole(shown: Shown, words: str) -> bool:
    return shown.is_webhook and words in shown.content and "Stop" not in shown.labels


def what_is_missing(prompt: str) -> str:
    """The whole reply, or behind a prompt that ends in its beginning the rest of it."""
    return WHOLE.removeprefix(prompt.rpartition("Clover:")[2])


def is_begun_one_and_whole(begun: Shown, shown: Shown) -> bool:
    return shown.id == begun.id and shown.content == WHOLE.strip() and "Stop" not in shown.labels


async def write_long(stage: Running, *channels: str | int) -> None:
    """Have a reply grow in each channel that takes a quarter of a minute."""
    mara = stage.world.mara
    stage.tgi.reply, stage.tgi.tokens_per_s = what_is_missing, 8
    for channel in channels:
        use = await mara.slash("roleplay start", character="clover", length="long", channel=channel)
        await mara.answer(use)
        await mara.send("Tell me.", channel)
    for channel in channels:
        await mara.wait_for_message(is_growing, 20, channel=channel)


def send(bot: BotProcess, number: signal.Signals) -> float:
    assert bot.process is not None
    bot.process.send_signal(number)
    return time.monotonic()


async def is_unready(bot: BotProcess) -> bool:
    return not (await bot.ready())["ready"]


async def test_p1_told_to_end_while_five_channels_grow_the_bot_is_unready_at_once_and_soon_gone(
    stage: Running,
) -> None:
    threads = [await stage.world.mara.thread(name) for name in ("one", "two")]
    await write_long(stage, *CHANNELS, *threads)
    began = time.monotonic()
    await stage.bot.ready()
    one_answer_s = time.monotonic() - began

    told_at = send(stage.bot, signal.SIGTERM)

    async def is_unready() -> bool:
        said = await stage.bot.ready()
        return bool(said["reasons"].get("bot") == "It is stopping.")

    await eventually(is_unready, 2)
    unready_s = time.monotonic() - told_at
    code, printed = await stage.bot.wait()
    gone_s = time.monotonic() - told_at

    print(f"unready after {unready_s * 1000:.0f} ms, gone after {gone_s:.1f} s")  # noqa: T201
    assert unready_s < 0.1 + 2 * one_answer_s
    assert code == 0
    assert DRAIN_S <= gone_s < DRAIN_S + 5
    assert "Traceback" not in printed


async def test_p1_replies_that_were_cut_off_are_gone_on_with_by_the_process_that_waits(
    stage: Running,
) -> None:
    mara = stage.world.mara
    await write_long(stage, *CHANNELS)
    growing = [await mara.wait_for_message(is_growing, channel=name) for name in CHANNELS]
    other = BotProcess({**stage.bot.settings, "BOT_HTTP__PORT": str(free_port())}, stage.bot.folder)
    await other.start()

    async def is_waiting() -> bool:
        return not (await other.ready())["ready"]

    try:
        await eventually(is_waiting, 20)
        send(stage.bot, signal.SIGTERM)
        code, _ = await stage.bot.wait()
        gone_at = time.monotonic()
        stage.tgi.tokens_per_s = 0
        for name, begun in zip(CHANNELS, growing, strict=True):
            await mara.wait_for_message(partial(is_begun_one_and_whole, begun), 20, channel=name)
        taken_over_s = time.monotonic() - gone_at
    finally:
        await other.stop()

    print(f"all replies whole {taken_over_s:.1f} s after the first process")  # noqa: T201
    assert code == 0


async def test_a_reply_that_ends_in_time_is_whole_and_a_line_meanwhile_is_for_the_next(
    stage: Running,
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    tgi.reply, tgi.tokens_per_s = lambda _: story(30), 30
    await mara.send("Tell me.")
    growing = await mara.wait_for_message(is_growing)

    send(stage.bot, signal.SIGTERM)
    await mara.send("And then?")
    code, _ = await stage.bot.wait()
    asked = len(tgi.asked)
    first = await mara.wait_for_message(lambda m: m.id == growing.id)
    tgi.reply, tgi.tokens_per_s = lambda _: " Then it rained.", 0
    await stage.bot.start()

    second = await mara.wait_for_message(lambda m: is_whole(m, "rained"), 20)
    assert (code, asked) == (0, 1)
    assert first.content == story(30).strip()
    assert "Stop" not in first.labels
    assert second.id > first.id
    assert "And then?" in tgi.asked[-1].prompt


async def test_a_second_interrupt_ends_at_once_and_the_reply_goes_on_in_its_message(
    patient: Running, scene_store: RedisSceneStore
) -> None:
    await write_long(patient, "tavern")
    growing = await patient.world.mara.wait_for_message(is_growing)

    send(patient.bot, signal.SIGINT)
    await eventually(partial(is_unready, patient.bot), 2)
    told_at = send(patient.bot, signal.SIGINT)
    code, printed = await patient.bot.wait()
    gone_s = time.monotonic() - told_at
    work = await scene_store.work(ChannelId(TAVERN_ID))
    patient.tgi.tokens_per_s = 0
    await patient.bot.start()

    assert code == 0
    assert gone_s < 5
    assert "Traceback" not in printed
    assert work is not None
    assert growing.id in work.messages
    await patient.world.mara.wait_for_message(partial(is_begun_one_and_whole, growing), 20)


async def answer_meets(stage: Faulty, fault: Fault) -> Use:
    """Have a command acknowledged, and let its answer meet *fault*."""
    me = (await stage.world.rest("GET", "/users/@me"))["id"]
    stage.faults.script(f"POST /webhooks/{me}/", fault)
    use = await stage.world.mara.slash("length")
    await eventually(lambda: stage.faults.struck)
    return use


async def test_p1_a_command_that_is_being_answered_is_answered_before_the_end(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with faulty(clean_redis_url, tmp_path) as stage:
        use = await answer_meets(stage, BAD_GATEWAY)  # and is tried again a second later

        send(stage.bot, signal.SIGTERM)
        code, printed = await stage.bot.wait()
        answer = await stage.world.mara.answer(use)

    assert code == 0
    assert answer.content
    assert "cut off" not in printed


@pytest.mark.parametrize("is_hurried", [False, True], ids=["deadline", "second interrupt"])
async def test_p1_a_command_that_cannot_be_answered_is_cut_off_in_a_line(
    clean_redis_url: str, tmp_path: Path, *, is_hurried: bool
) -> None:
    drain_s = "25" if is_hurried else "0.5"
    async with faulty(clean_redis_url, tmp_path, BOT_TURNS__DRAIN_S=drain_s) as stage:
        await answer_meets(stage, Fault(after_s=60))

        told_at = send(stage.bot, signal.SIGINT)
        await eventually(partial(is_unready, stage.bot), 2)
        if is_hurried:
            send(stage.bot, signal.SIGINT)
        code, printed = await stage.bot.wait()
        gone_s = time.monotonic() - told_at

    assert code == 0
    assert gone_s < 5
    assert printed.count("answers to commands were cut off") == 1
    assert "Traceback" not in printed


async def test_a_bot_whose_terminal_is_gone_ends_in_order(stage: Running) -> None:
    send(stage.bot, signal.SIGHUP)
    code, printed = await stage.bot.wait()

    assert code == 0
    assert "stopping" in printed


def through_shell(line: str) -> tuple[str, ...]:
    """Start the bot by a shell's *line*, in which `"$@"` is its command and ends it."""
    return ("bash", "-c", line, "bash")


async def test_a_bot_started_by_nohup_outlives_its_terminal(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, start=False) as stage:
        stage.bot.launcher = through_shell('trap "" HUP; exec "$@"')
        await stage.bot.start()
        await stage.bot.wait_ready()

        send(stage.bot, signal.SIGHUP)
        await answers(stage)
        code, _ = await stage.bot.stop()

    assert code == 0


async def answers(stage: Running) -> None:
    mara, stage.tgi.reply = stage.world.mara, lambda _: " Aye."
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    await mara.send("Are you there?")
    await mara.wait_for_message(lambda m: is_whole(m, "Aye."))


OUTPUTS = {
    "a full disk": 'exec "$@" >/dev/full 2>&1',
    "closed": 'exec "$@" <&- >&- 2>&-',
    "a reader that has gone": 'exec "$@" > >(true) 2>&1',
}


@pytest.mark.parametrize("where", OUTPUTS)
async def test_p10_a_bot_that_cannot_write_its_log_answers_and_ends_in_order(
    clean_redis_url: str, tmp_path: Path, where: str
) -> None:
    async with running(clean_redis_url, tmp_path, start=False, BOT_LOG_LEVEL="DEBUG") as stage:
        stage.bot.launcher = through_shell(OUTPUTS[where])
        await stage.bot.start()
        await stage.bot.wait_ready()

        await answers(stage)
        code, _ = await stage.bot.stop()

    assert code == 0


@pytest.mark.parametrize("where", OUTPUTS)
async def test_p10_a_start_that_fails_with_nowhere_to_say_so_has_its_exit_code(
    tmp_path: Path, where: str
) -> None:
    bot = BotProcess({}, tmp_path, launcher=through_shell(OUTPUTS[where]))
    await bot.start()
    code, _ = await bot.wait()

    assert code == 78


async def test_p7_a_token_that_is_taken_away_ends_the_bot_for_good(stage: Running) -> None:
    await stage.world.gateway("close", code=4004)
    code, printed = await stage.bot.wait()

    assert code == 78
    assert "does not accept the token" in printed.splitlines()[-1]
    assert "Traceback" not in printed
    assert (await stage.world.gateway_seen())["identified"] == 1


@asynccontextmanager
async def all_files_taken(bot: BotProcess) -> AsyncGenerator[None, None]:
    """Hold so many connections to the bot's own port that it has no file left for another."""
    port, held = int(bot.settings["BOT_HTTP__PORT"]), []
    assert bot.process is not None
    files = Path(f"/proc/{bot.process.pid}/fd")
    try:
        while len(list(files.iterdir())) < FILES:
            held.append(await asyncio.open_connection("127.0.0.1", port))
        yield
    finally:
        for _, writer in held:
            writer.close()


async def test_p11_a_bot_without_a_free_file_refuses_some_and_answers_everybody_when_there_is_one(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, start=False) as stage:
        stage.bot.launcher = ("prlimit", f"--nofile={FILES}")
        await stage.bot.start()
        await stage.bot.wait_ready()
        mara, tgi = stage.world.mara, stage.tgi
        channels: list[str | int] = [*CHANNELS, await mara.thread("one"), await mara.thread("two")]
        for channel in channels:
            use = await mara.slash("roleplay start", character="clover", channel=channel)
            await mara.answer(use)
        tgi.reply, tgi.tokens_per_s = lambda _: " There you are. " + story(20), 20

        def refused() -> set[str]:
            lines = stage.bot.said.splitlines()
            return {line.rpartition("channel=")[2] for line in lines if "model is away" in line}

        async with all_files_taken(stage.bot):
            for channel in channels:
                await mara.send("And I?", channel)
            # It asks on what connections it has; there may be none, and then it refuses all.
            await eventually(lambda: len(tgi.asked) + len(refused()) >= len(channels))
            assert refused()
        tgi.reply = lambda _: " Now I see you."
        for channel in channels:
            await mara.send("And now?", channel)
            await mara.wait_for_message(
                lambda m: is_whole(m, "Now I see you."), 20, channel=channel
            )
        code, _ = await stage.bot.stop()

    assert code == 0
