"""A host's filter as an address that is asked: it runs in its own process, and cannot harm ours."""

import json

import aiohttp

from bot.core.content_filter import Context, Direction, Ruling, Verdict
from bot.core.errors import FilterFailed

MOST_ANSWER_BYTES = 64_000


class HttpContentFilter:
    """POSTs each text as JSON; borrows the session."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def check(self, direction: Direction, text: str, context: Context) -> Ruling:
        """As `ContentFilter.check`."""
        place = context.place
        asked = {
            "direction": direction,
            "text": text,
            "guild": _id(place.guild),
            "channel": str(place.channel),
            "user": _id(context.user),
            "age_restricted": context.is_age_restricted,
        }
        try:
            async with self._http.post(self._url, json=asked, allow_redirects=False) as answer:
                body = await answer.content.read(MOST_ANSWER_BYTES)
                if answer.status != 200:  # noqa: PLR2004  # OK
                    raise FilterFailed(f"status {answer.status}")
            said = json.loads(body)
            verdict = Verdict(said["action"])
            words = said["text"] if verdict is Verdict.REDACT else ""
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
            raise FilterFailed(type(error).__name__) from error
        if not isinstance(words, str):
            raise FilterFailed("no text")
        return Ruling(verdict, words)


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
