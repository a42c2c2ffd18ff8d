"""One line a log event: time, level, logger, event, then its facts as `key=value`.

Only ids, counts and names of errors are ever given as facts: never what
people wrote, a prompt, or a secret.
"""

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class EventFormatter(logging.Formatter):
    """Appends what `extra=` holds, in the order given."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        facts = " ".join(
            f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD
        )
        head, newline, rest = line.partition("\n")
        return f"{head} {facts}{newline}{rest}" if facts else line


def set_up_logging(level: str) -> None:
    """Log to standard error from *level* up; libraries from WARNING up.

    discord.py and aiohttp print payloads, and with them what people wrote, at
    DEBUG: their level never follows ours.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(level.upper())
