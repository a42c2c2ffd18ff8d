"""What must never stand in a log: secrets, and what people wrote. The whole run looks for it.

Bots of tests run at DEBUG with these secrets. Whatever a member of a test writes,
a model says, or a webhook is called by is noted, and every log is searched when a
bot ends, and once more when the run does.
"""

import logging
import secrets
from pathlib import Path
from urllib.parse import quote

from bot.core.redaction import Redaction
from bot.log_format import EventFormatter

TOKEN = f"canary-{secrets.token_urlsafe(16)}"
REDIS_USER = "canary"
REDIS_PASSWORD = f"canary!{secrets.token_urlsafe(16)}"
SHORTEST = 12
"""Of a text that is looked for; what is shorter, or one word, may stand in a log by chance."""
NOTED_CHARACTERS = 60
"""Of each text: its beginning has to do."""

_SECRETS = {TOKEN, REDIS_PASSWORD, quote(REDIS_PASSWORD)}
_TEXTS: set[str] = set()
_SERVERS: set[str] = set()


def note_secret(secret: str) -> None:
    """Look for *secret* from now on."""
    _SECRETS.add(secret)


def note_text(text: str) -> None:
    """Look for what somebody wrote from now on."""
    line = text.strip().partition("\n")[0][:NOTED_CHARACTERS].strip()
    if len(line) >= SHORTEST and " " in line:
        _TEXTS.add(line)


def caught(log: str) -> list[str]:
    """The canaries that stand in *log*."""
    return [each for each in (*_SECRETS, *_TEXTS) if each in log]


def note_server(redis_url: str) -> None:
    """The server there knows our user and its password."""
    _SERVERS.add(redis_url)


def with_password(redis_url: str) -> str:
    """The address with our password in it, if the server there knows it."""
    if redis_url not in _SERVERS:
        return redis_url
    path = redis_url.removeprefix("unix://")
    return f"unix://{REDIS_USER}:{quote(REDIS_PASSWORD)}@{path}"


class Net(logging.Handler):
    """Catches canaries in what the run's own process logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(EventFormatter(Redaction()))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if caught(line):
            self.lines.append(line)


def logs_with_canaries(folder: Path) -> list[str]:
    """The logs below *folder* in which one stands, each with what it is."""
    return [
        f"{path}: {canaries}"
        for path in folder.rglob("*.log")
        if path.is_file() and (canaries := caught(path.read_text(errors="replace")))
    ]
