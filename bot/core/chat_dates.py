"""The dates of chat files: every front end and age has its own way of writing them.

What does not name a time zone is taken as UTC: nobody knows where it was written.
"""

import re
from datetime import UTC, datetime, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_SECONDS_BELOW = 100_000_000_000
"""A number below it counts seconds: as milliseconds it would lie before 1973."""
_LONGEST = 40

_SPELLED = re.compile(
    r"(?P<month>[a-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))? ?(?P<half>[ap]m)?",
    re.IGNORECASE | re.ASCII,
)
_HUMANIZED = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2}) ?@ ?(\d{1,2})h ?(\d{1,2})m ?(\d{1,2})s(?: ?(\d{1,3})ms)?",
    re.ASCII,
)


def read_date(value: object) -> int | None:
    """Return the Unix time in milliseconds that *value* names; None if nobody can tell."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _from_number(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return _from_number(int(text))
    try:
        return _from_text(text)
    except (ValueError, OverflowError):
        return None


def iso_date(at_ms: int) -> str:
    """Write a time as SillyTavern does now: `2025-11-02T10:00:00.000Z`."""
    return f"{_moment(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def humanized_date(at_ms: int) -> str:
    """Write a time as SillyTavern names its files: `2025-11-02@10h00m00s`."""
    return f"{_moment(at_ms):%Y-%m-%d@%Hh%Mm%Ss}"


def spelled_day(at_ms: int) -> str:
    """Write a day for people: `2 November 2025`."""
    day = _moment(at_ms)
    return f"{day.day} {_MONTHS[day.month - 1].title()} {day.year}"


def _moment(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=max(0, min(at_ms, _LAST_MS)))


def _from_number(number: float) -> int | None:
    at_ms = number * 1000 if number < _SECONDS_BELOW else number
    return int(at_ms) if 0 < at_ms <= _LAST_MS else None


def _from_text(text: str) -> int | None:
    if spelled := _SPELLED.fullmatch(text):
        return _in_ms(_from_spelled(spelled))
    if humanized := _HUMANIZED.fullmatch(text):
        *parts, thousandths = humanized.groups(default="0")
        year, month, day, hour, minute, second = map(int, parts)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return _in_ms(moment + timedelta(milliseconds=int(thousandths)))
    return _in_ms(datetime.fromisoformat(text))


def _from_spelled(found: re.Match[str]) -> datetime:
    half = (found["half"] or "").lower()
    hour = int(found["hour"])
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    name = found["month"].lower()
    month = next((at for at, each in enumerate(_MONTHS, 1) if each.startswith(name)), 0)
    minute, second = int(found["minute"]), int(found["second"] or 0)
    return datetime(int(found["year"]), month, int(found["day"]), hour, minute, second, tzinfo=UTC)


def _in_ms(moment: datetime) -> int | None:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    at_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    return at_ms if 0 < at_ms <= _LAST_MS else None
