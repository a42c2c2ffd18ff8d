"""One line a log event: time, level, logger, event and its facts; as text, or as JSON.

Only ids, counts and names of errors are ever given as facts: never what
people wrote, a prompt, or a secret. What looks like a secret is taken out all
the same, for exceptions of libraries hold addresses.
"""

import json
import logging
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from bot.core.redaction import Redaction
from bot.services.about import current_reference

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

log = logging.getLogger(__name__)


class EventFormatter(logging.Formatter):
    """Appends what `extra=` holds, in the order given, and takes secrets out."""

    def __init__(self, redacted: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        facts = " ".join(f"{key}={value}" for key, value in _facts(record).items())
        head, newline, rest = line.partition("\n")
        return self._redacted(f"{head} {facts}{newline}{rest}" if facts else line)


class JsonFormatter(logging.Formatter):
    """The same as one JSON object: `ts`, `level`, `logger`, `event`, facts, `error`, `trace`."""

    def __init__(self, redacted: Redaction) -> None:
        super().__init__()
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "ts": _iso(record.created),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told.setdefault("error", record.exc_info[0].__name__)
            told["trace"] = self.formatException(record.exc_info)
        plain = {
            key: value if isinstance(value, bool | int | float) else self._redacted(str(value))
            for key, value in told.items()
        }
        return json.dumps(plain, ensure_ascii=False)


def set_up_logging(level: str, *, style: str = "text", secrets: Iterable[str] = ()) -> None:
    """Log to standard error from *level* up; libraries from WARNING up.

    discord.py and aiohttp print payloads, and with them what people wrote, at
    DEBUG: their level never follows ours. What nobody catches is logged, too,
    and not printed as it is.

    Args:
        style: `text` or `json`.
        secrets: taken out of whatever is logged.
    """
    redacted = Redaction(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redacted) if style == "json" else EventFormatter(redacted))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("the program ends by a bug", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value or failed.exc_type()
    log.error("a thread ended by a bug", exc_info=error)


def _log_unraisable(failed: "sys.UnraisableHookArgs") -> None:
    log.error("an error could not be raised", exc_info=failed.exc_value)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    reference = current_reference()
    return {"turn": reference, **facts} if reference else facts


def _iso(seconds: float) -> str:
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")
