"""Secrets leave a text before anybody reads it: those that are known, and what looks like one.

A webhook's address is its key, and libraries put addresses into errors.
"""

import re
from collections.abc import Iterable

HIDDEN = "[redacted]"
SHORTEST = 6
"""Of a known secret; a shorter one would black out half of every text."""

_LOOKS = (
    # user id, time and signature of a bot's token, each in base64
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"), HIDDEN),
    (re.compile(r"(/webhooks/\d+/)[^\s/?#'\"]+"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(/interactions/\d+/)[^\s/?#'\"]+"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"\bhf_[A-Za-z0-9]{16,}"), HIDDEN),
    (re.compile(r"(\b[a-z][a-z+]*://[^\s/:@'\"]*:)[^\s@'\"]+(?=@)"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"\b(Bot|Bearer) [\w.~+/=-]{6,}"), rf"\g<1> {HIDDEN}"),
    (re.compile(r"(?i)((?:password|requirepass|api_key)['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,)]+"),
     rf"\g<1>{HIDDEN}"),
)  # fmt: skip


class Redaction:
    """Takes secrets out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """*text* without them."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for look, instead in _LOOKS:
            text = look.sub(instead, text)
        return text
