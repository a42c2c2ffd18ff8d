"""What several tests of adapters stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordVoice
from tests.adapters.character_folder import Write
from tests.adapters.voices import voice_of
from tests.fakes.scripted_discord import ScriptedDiscord, scripted_discord


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord
    # S08, the promise of this adapter, held in every test of it: no ping, ever.
    for each in discord.requests:
        if each.body and "content" in each.body:
            assert each.body["allowed_mentions"] == {"parse": []}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def voice(discord: ScriptedDiscord, session: aiohttp.ClientSession) -> DiscordVoice:
    return voice_of(discord, session)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "characters"
    path.mkdir()
    return path


@pytest.fixture
def write(folder: Path) -> Write:
    def write_file(name: str, content: str | bytes) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
