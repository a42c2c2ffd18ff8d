"""What a host sees when something is missing: one sentence, the right code, no traceback."""

import socket
from pathlib import Path

import pytest

from bot.core.errors import StartupError
from bot.settings import load_settings
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import playground
from tests.ports import free_port
from tests.wire.faulty import faulty
from tests.wire.running import ROOT, BotProcess, running


def bot_with(folder: Path, **settings: str) -> BotProcess:
    given = {
        "BOT_HTTP__PORT": "0",
        "BOT_CHARACTERS": str(ROOT / "characters"),
        "BOT_GUILDS__MEMBERS_START": "true",
        "BOT_GUILDS__AI_NOTICE": "false",
        "BOT_LIMITS__MEMBER_USES": "100000",
        "BOT_LIMITS__SERVER_USES": "100000",
        "BOT_LIMITS__UPLOADS": "100000",
        "BOT_DISCORD__TOKEN": "x",
        "BOT_DISCORD__API_URL": "http://127.0.0.1:9/api/v10",
        **settings,
    }
    return BotProcess(
        {name: value for name, value in given.items() if value}, folder, is_fresh=True
    )


async def refused(bot: BotProcess) -> tuple[int, str]:
    await bot.start()
    code, printed = await bot.wait()
    assert "Traceback" not in printed
    lines = [line for line in printed.splitlines() if " bot." not in line]
    assert len(lines) == 1, printed
    return code, lines[0]


async def test_without_a_token_the_portal_is_named(tmp_path: Path) -> None:
    code, sentence = await refused(bot_with(tmp_path, BOT_DISCORD__TOKEN=""))

    assert code == 78
    assert "BOT_DISCORD__TOKEN" in sentence
    assert "portal" in sentence


async def test_a_wrong_token_is_said_and_not_repeated(tmp_path: Path, clean_redis_url: str) -> None:
    async with playground() as world:
        bot = bot_with(
            tmp_path,
            BOT_DISCORD__TOKEN="hunter2",
            BOT_DISCORD__API_URL=world.address.api_url,
            BOT_REDIS__URL=clean_redis_url,
        )
        code, sentence = await refused(bot)

    assert code == 78
    assert "does not accept the token" in sentence
    assert "hunter2" not in sentence


async def test_p7_a_token_that_is_reset_while_it_runs_ends_the_bot_with_a_sentence(
    tmp_path: Path, clean_redis_url: str
) -> None:
    async with faulty(clean_redis_url, tmp_path) as stage:
        mara = stage.world.mara
        await mara.answer(await mara.slash("roleplay start", character="clover"))
        gone = {"message": "401: Unauthorized", "code": 0}
        stage.faults.strew("POST /channels/.*/typing", Fault(status=401, body=gone), 1.0)

        await mara.send("Are you there?")
        code, printed = await stage.bot.wait()

    assert code == 78
    assert "does not accept the token any more" in printed
    assert sum(fault.fault.status == 401 for fault in stage.faults.struck) == 1


async def test_the_missing_intent_is_named_with_its_switch(
    tmp_path: Path, clean_redis_url: str
) -> None:
    async with playground(message_content=False) as world:
        bot = bot_with(
            tmp_path,
            BOT_DISCORD__TOKEN=world.token,
            BOT_DISCORD__API_URL=world.address.api_url,
            BOT_REDIS__URL=clean_redis_url,
        )
        code, sentence = await refused(bot)

    assert code == 78
    assert "Message Content Intent" in sentence


async def test_a_redis_that_stays_away_ends_the_start(tmp_path: Path) -> None:
    port = free_port()
    bot = bot_with(tmp_path, BOT_REDIS__URL=f"redis://127.0.0.1:{port}", BOT_REDIS__GIVE_UP_S="1")
    code, sentence = await refused(bot)

    assert code == 69
    assert str(port) in sentence


async def test_a_misspelt_setting_is_named_with_the_right_one(tmp_path: Path) -> None:
    code, sentence = await refused(bot_with(tmp_path, BOT_REDIS__URI="redis://x"))

    assert code == 78
    assert "BOT_REDIS__URL" in sentence


async def test_a_port_in_use_is_named(tmp_path: Path, clean_redis_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        bot = bot_with(tmp_path, BOT_REDIS__URL=clean_redis_url, BOT_HTTP__PORT=str(port))
        code, sentence = await refused(bot)

    assert code == 78
    assert str(port) in sentence
    assert "BOT_HTTP__PORT" in sentence


async def test_a_folder_without_a_usable_character_is_named(
    tmp_path: Path, clean_redis_url: str
) -> None:
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "broken.yaml").write_text("name: [")
    bot = bot_with(
        tmp_path, BOT_REDIS__URL=clean_redis_url, BOT_CHARACTERS=str(tmp_path / "characters")
    )
    code, sentence = await refused(bot)

    assert code == 78
    assert "broken.yaml" in sentence


async def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, sentence = await refused(bot_with(tmp_path, BOT_DATA=str(tmp_path / "file")))

    assert code != 0
    assert str(tmp_path / "file") in sentence


async def test_one_broken_character_does_not_stop_the_others(
    tmp_path: Path, clean_redis_url: str
) -> None:
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "broken.yaml").write_text("name: [")
    for name in ("clover.yaml", "clover.png"):
        (folder / name).write_bytes((ROOT / "characters" / name).read_bytes())

    async with running(clean_redis_url, tmp_path, BOT_CHARACTERS=str(folder)) as stage:
        choices = await stage.world.mara.autocomplete("roleplay start", "character", "")
        _, printed = await stage.bot.stop()

    assert [value for _, value in choices] == ["clover"]
    assert "broken.yaml" in printed


async def test_a_model_that_is_down_does_not_stop_the_start(
    tmp_path: Path, clean_redis_url: str
) -> None:
    async with running(clean_redis_url, tmp_path, start=False) as stage:
        await stage.tgi.stop()
        await stage.bot.start()
        await stage.world.wait_online()

        code, _ = await stage.bot.stop()

    assert code == 0


def test_no_token_is_needed_to_read_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOT_DISCORD__TOKEN", raising=False)

    try:
        assert load_settings().discord.token is None
    except StartupError as error:
        pytest.fail(str(error))
