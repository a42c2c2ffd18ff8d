"""What a bot logs when things go wrong: enough to find them, and nothing of anybody."""

import json
from pathlib import Path

from tests import canaries
from tests.fakes.scripted_tgi import Fault
from tests.wire.running import Running, running

LINE = "Do you hear the heron in the reeds, Clover?"


async def failed_turn(stage: Running) -> tuple[str, str]:
    """Have a line fail; returns the notice, and all that was logged."""
    mara = stage.world.mara
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    stage.tgi.fault = Fault("validation")
    line = await mara.send(LINE)
    notice = await mara.wait_for_message(lambda m: m.id > line.id and "Reference" in m.content)
    _, printed = await stage.bot.stop()
    return notice.content, printed


async def test_a_notice_names_its_turn_as_the_log_does(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, BOT_LOG_FORMAT="json") as stage:
        notice, printed = await failed_turn(stage)

    told = [json.loads(line) for line in printed.splitlines()]
    [failed] = [each for each in told if each["event"] == "a reply failed"]
    assert f"(Reference: {failed['turn']})" in notice
    assert failed["error"] == "GenerationRejected"
    assert failed["level"] == "WARNING"


async def test_s23_s36_at_debug_neither_secrets_nor_words_are_logged(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, BOT_LOG_LEVEL="DEBUG") as stage:
        assert canaries.REDIS_USER in stage.bot.settings["BOT_REDIS__URL"]
        _, printed = await failed_turn(stage)

    assert "a reply failed" in printed
    assert LINE not in printed
    assert canaries.caught(printed) == []
