import asyncio

import pytest

from bot.core.errors import PostError, PostRefused
from bot.services.typist import Typist
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.growing import HARBOUR, until


async def test_typing_is_shown_until_there_is_text() -> None:
    voice = ScriptedVoice()
    voice.outcomes["typing"].append(PostRefused("no"))

    async with Typist(voice, HARBOUR, every_s=0.02) as typist:
        await until(lambda: len(voice.did("typing")) == 3)
        typist.stop()
        typist.stop()
        shown = len(voice.did("typing"))
        await asyncio.sleep(0.1)

    assert len(voice.did("typing")) == shown


async def test_leaving_ends_it_in_the_middle_of_a_call() -> None:
    voice = ScriptedVoice(latency_s=60)

    async with asyncio.timeout(3):
        async with Typist(voice, HARBOUR):
            await until(lambda: bool(voice.did("typing")))

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(PostError):
        async with Typist(ScriptedVoice(), HARBOUR):
            raise PostError("away")
