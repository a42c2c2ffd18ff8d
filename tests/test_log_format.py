"""What a log line looks like, and what never stands in one."""

import io
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.redaction import Redaction
from bot.core.references import reference_to
from bot.log_format import EventFormatter, JsonFormatter
from bot.services.about import about, current_reference

ROOT = Path(__file__).parent.parent
SECRET = "canary-of-a-secret"


def logged(formatter: logging.Formatter, error: Exception | None = None, **facts: object) -> str:
    out = io.StringIO()
    log = logging.getLogger("bot.test")
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    log.addHandler(handler)
    try:
        log.warning("a reply failed", extra=facts, exc_info=error)
    finally:
        log.removeHandler(handler)
    return out.getvalue()


def raised() -> Exception:
    try:
        int(f"https://host/webhooks/1/{SECRET}")
    except ValueError as error:
        return error
    raise AssertionError("that is no number")


def test_json_has_one_object_a_line_with_all_facts() -> None:
    line = logged(JsonFormatter(Redaction()), raised(), channel=5, is_late=True, what="a\nb")

    assert line.count("\n") == 1
    told = json.loads(line)
    assert told["ts"].endswith("Z")
    known = {"level": "WARNING", "logger": "bot.test", "event": "a reply failed", "channel": 5}
    assert told.items() >= {**known, "is_late": True, "what": "a\nb", "error": "ValueError"}.items()
    assert "Traceback" in told["trace"]


@pytest.mark.parametrize("kind", [JsonFormatter, EventFormatter])
def test_s23_a_secret_in_a_message_a_fact_or_a_traceback_is_taken_out(
    kind: type[JsonFormatter | EventFormatter],
) -> None:
    told = logged(kind(Redaction([SECRET])), raised(), where=SECRET)

    assert SECRET not in told
    assert told.count("[redacted]") >= 2


@pytest.mark.parametrize("kind", [JsonFormatter, EventFormatter])
def test_a_line_says_which_turn_it_is_about(kind: type[JsonFormatter | EventFormatter]) -> None:
    reference = reference_to("000123")
    formatter = kind(Redaction())

    with about(reference):
        inside = logged(formatter)
    outside = logged(formatter)

    assert reference in inside
    assert reference not in outside
    assert current_reference() == ""


def test_references_are_short_and_differ() -> None:
    found = {reference_to(str(number)) for number in range(1_000)}

    assert {len(each) for each in found} == {5}
    assert len(found) > 990
    assert reference_to("x") == reference_to("x")


@pytest.mark.parametrize(
    "ending",
    [
        "raise ValueError('{}')",
        "import threading; t = threading.Thread(target=lambda: int('{}')); t.start(); t.join()",
        "import warnings; warnings.warn('{}')",
        "import logging; logging.getLogger('discord').error('at %s', '{}')",
    ],
)
def test_s23_what_nobody_catches_is_logged_without_secrets(ending: str) -> None:
    program = (
        f"from bot.log_format import set_up_logging\n"
        f"set_up_logging('DEBUG', style='json', secrets=['{SECRET}'])\n{ending.format(SECRET)}"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    told = ended.stdout + ended.stderr
    assert "[redacted]" in told
    # A traceback shows the line of code that was run, but not of `-c`.
    assert SECRET not in told
    for line in ended.stderr.splitlines():
        json.loads(line)
