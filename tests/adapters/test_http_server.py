"""The bot's own web server, as strangers find it."""

import asyncio

import pytest

from bot.adapters.http_server import open_http_server
from bot.core.characters import Character
from bot.core.scene import CharacterKey

HOST = "127.0.0.1"


class Nobody:
    def characters(self) -> dict[CharacterKey, Character]:
        return {}


async def _ready() -> dict[str, str]:
    return {}


async def _no_face(_: CharacterKey) -> None:
    return None


@pytest.mark.parametrize(
    "said",
    [
        b"GET /livez HTTP/9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\ncanary secret\r\n\r\n",
        b"\x16\x03\x01canary\r\n\r\n",
    ],
    ids=["version", "header", "tls"],
)
async def test_what_is_no_http_is_refused_and_nothing_of_it_is_logged(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_http_server(
        host=HOST,
        port=0,
        reasons=_ready,
        metrics_page=bytes,
        characters=Nobody(),
        face=_no_face,
    ) as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(said)
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.0 400")
    assert caplog.records == []
