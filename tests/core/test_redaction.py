"""No secret leaves in a log line, however a library has put it there."""

import pytest

from bot.core.redaction import HIDDEN, Redaction

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMDI.GaBcDe.abcdefghijklmnopqrstuvwxyz_0123456789-A"
KEY = "aW4tY2FzZS15b3UtYXNrLXRoaXMtaXMtbm90LWEtcmVhbC1rZXk_abc-123"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f"connecting as {TOKEN} now", TOKEN),
        (f"Webhook ID 1 with POST https://discord.com/api/v10/webhooks/12/{KEY}?wait=1", KEY),
        (f"PATCH /webhooks/12/{KEY}/messages/@original failed", KEY),
        (f"POST https://discord.com/api/v10/interactions/99/{KEY}/callback", KEY),
        ("401 for hf_AbCdEfGhIjKlMnOpQrStUv", "hf_AbCdEfGhIjKlMnOpQrStUv"),
        ("Error 111 connecting to redis://bot:hunter2!@cache:6379/0.", "hunter2!"),
        ("rediss://:s3cr3t@cache", "s3cr3t"),
        ("redis+sentinel://bot:s3cr3t@one:1,two:2/service", "s3cr3t"),
        ("unix:///run/redis.sock?db=0&password=s3cr3t", "s3cr3t"),
        ("{'Authorization': 'Bot abcdefghij.klm'}", "abcdefghij.klm"),
        ("Authorization: Bearer abcdefgh12345", "abcdefgh12345"),
    ],
)
def test_s23_what_looks_like_a_secret_is_hidden(line: str, secret: str) -> None:
    told = Redaction()(line)

    assert secret not in told
    assert HIDDEN in told


def test_a_secret_that_is_known_is_hidden_whatever_it_looks_like() -> None:
    redacted = Redaction(["plain words", "", "abc"])

    assert redacted("these plain words and abc") == f"these {HIDDEN} and abc"


@pytest.mark.parametrize(
    "line",
    [
        "a reply failed channel=1200000000000000031 error=PostRefused turn=7F3KQ",
        "POST /webhooks/{webhook}: no answer (ServerDisconnectedError)",
        "Redis at unix:///tmp/a/redis.sock cannot be reached",
        "http://127.0.0.1:8080/generate_stream at 2026-11-26 17:00:00",
        'File "/app/bot/services/turns.py", line 12, in answer',
        "The Bot is ready",
    ],
)
def test_all_else_stays_as_it_is(line: str) -> None:
    assert Redaction(["secret-of-mine"])(line) == line
