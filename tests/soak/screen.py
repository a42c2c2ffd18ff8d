"""What was on the screen, every state of it, and what may never be there."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import aiohttp

from bot.playground.world import ANN_ID
from tests.playground.driver import Playground, Shown
from tests.playground.shown import JSON

MARKS: Final = (
    "###", "(length", "<|", "|>", "</s>", "<s>", "<unk>", "[inst]", "<<sys>>",
)  # fmt: skip
_CLOSERS: Final = " \n*_~`|\"'”»)…"


@dataclass(slots=True)
class Screen:
    """Every text that a message of the bot's was seen to have, oldest first.

    Attributes:
        states: by message; texts of characters and of the bot itself.
        characters: the messages that a character wrote.
        taken_back: messages of characters that were deleted.
    """

    states: dict[int, list[str]] = field(default_factory=dict)
    characters: set[int] = field(default_factory=set)
    taken_back: list[int] = field(default_factory=list)

    def hear(self, event: JSON) -> None:
        """Take an event of the page."""
        if event["t"] == "MESSAGE_DELETE":
            key = int(event["d"]["id"])
            self.taken_back += [key] if key in self.characters else []
        if event["t"] not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            return
        shown = Shown(event["d"])
        if not shown.is_bot and not shown.is_webhook:
            return
        if shown.is_webhook:
            self.characters.add(shown.id)
        texts = self.states.setdefault(shown.id, [])
        if not texts or texts[-1] != shown.content:
            texts.append(shown.content)

    @property
    def looked_at(self) -> int:
        """How many states there were."""
        return sum(map(len, self.states.values()))

    def leaks(self, players: Sequence[str]) -> Iterator[str]:
        """Marks of the format, and lines of the players, with the text around them."""
        theirs = lines_of(players)
        for texts in self.states.values():
            for text in texts:
                for mark in MARKS:
                    at = text.lower().find(mark)
                    if at >= 0:
                        yield f"{mark} in {text[max(0, at - 40) : at + 40]!r}"
                if found := theirs.search(text):
                    yield f"a player's line in {text[max(0, found.start() - 40) :][:120]!r}"

    def retractions(self, messages: Sequence[int]) -> Iterator[str]:
        """Where a reply, shown in *messages*, took back what had been seen.

        A state may close what is still open (`*`, quotes); the next one goes on
        before that. What does not fit moves to the next message.
        """
        for number, key in enumerate(messages):
            texts = self.states.get(key, [""])
            later = "".join(self.states.get(other, [""])[0] for other in messages[number + 1 :])
            for before, after in pairwise(texts):
                told = before.rstrip(_CLOSERS)
                if not after.startswith(told) and not _bare(after + later).startswith(_bare(told)):
                    yield f"{before[-80:]!r} became {after[-80:]!r}"


def lines_of(players: Sequence[str]) -> re.Pattern[str]:
    """A line that begins with a player's name and a colon, however it is set off."""
    names = "|".join(map(re.escape, players))
    around = r"[\s>*_~|`#-]*"
    return re.compile(rf"^{around}(?:{names}){around}[:\uff1a]", re.IGNORECASE | re.MULTILINE)


@asynccontextmanager
async def watching(world: Playground) -> AsyncIterator[Screen]:
    """Look at everything that a member's page is sent while the block lasts."""
    screen = Screen()
    opened = asyncio.Event()
    watcher = asyncio.create_task(_listen(world, screen, opened))
    try:
        async with asyncio.timeout(10):
            await opened.wait()
        yield screen
        assert not watcher.done(), "the page was sent away: it has missed something"
    finally:
        watcher.cancel()
        await asyncio.wait([watcher])


async def _listen(world: Playground, screen: Screen, opened: asyncio.Event) -> None:
    url = f"{world.address.base_url}/page/events?as={ANN_ID}"
    forever = aiohttp.ClientTimeout(total=None)
    async with world.session.get(url, timeout=forever, read_bufsize=1 << 20) as response:
        async for line in response.content:
            if line.startswith(b"data: "):
                opened.set()
                screen.hear(json.loads(line[6:]))


def _bare(text: str) -> str:
    return re.sub(r"[\s*_~`|]", "", text)
