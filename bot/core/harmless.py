"""A text without what Discord and a server's filters most often stop.

Only for a text that was refused once: the story is told as it is as long as
nobody objects.
"""

import re

from bot.core.plain_text import plain

LONGEST_RUN = 20

_MASKED_LINK = re.compile(r"\[([^\]\n]{1,200})\]\(\s*<?[a-z][a-z0-9+.-]*:[^)\s]*\)", re.IGNORECASE)
_INVITE = re.compile(
    r"(?:https?://)?(?:www\.)?discord(?:\.gg|(?:app)?\.com/invite)/[^\s<>)\]]+", re.IGNORECASE
)
_LINK = re.compile(r"<?(?:https?|ftp)://[^\s<>)\]]+>?", re.IGNORECASE)
_MENTION = re.compile(r"<(?:@[!&]?|#|/[^:>\n]{1,32}:)\d+>")
_CALL = re.compile(r"@(everyone|here)\b", re.IGNORECASE)
_RUN = re.compile(rf"(.)\1{{{LONGEST_RUN},}}")

_STOPPED = (
    (_MENTION, "(somebody)"),
    (_CALL, r"\1"),
    (_MASKED_LINK, r"\1"),
    (_INVITE, "(a link)"),
    (_LINK, "(a link)"),
    (_RUN, r"\1" * LONGEST_RUN),
)
PASSES = 20
"""What one leaves may be something for another; they settle after two or three."""


def harmless(text: str) -> str:
    """Return *text* without invisible signs, links, invites, mentions and long runs.

    Doing it twice changes nothing more; a text with none of it stays as it is.
    """
    text = plain(text)
    for _ in range(PASSES):
        before = text
        for pattern, instead in _STOPPED:
            text = pattern.sub(instead, text)
        if text == before:
            break
    return text
