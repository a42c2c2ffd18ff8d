"""Choosing the lore of a prompt, beside the event loop."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from bot.core.characters import Character
from bot.core.lore import OF_CONTEXT, Lore, lore_of
from bot.core.lore_in_story import moments_of
from bot.core.lore_ports import PatternSearch
from bot.core.lore_rules import Rules
from bot.core.lorebook import Book
from bot.core.scene import SceneHead
from bot.core.story import Story
from bot.core.token_counts import estimate

log = logging.getLogger(__name__)


class Shelf(Protocol):
    """The lorebooks that belong to scenes and servers, not to characters."""

    async def open_in(self, head: SceneHead) -> Sequence[Book]:
        """Those that play in a scene, the scene's own first. Raises like SceneStore."""
        ...


class LoreTelling:
    """Tells a reply what comes up of its lorebooks. Borrows the shelf."""

    def __init__(self, new_search: Callable[[], PatternSearch], shelf: Shelf | None = None) -> None:
        """Begin; *new_search* is asked for a search of its own for each reply."""
        self._new_search = new_search
        self._shelf = shelf

    async def tell(
        self, head: SceneHead, character: Character, story: Story, *, context: int
    ) -> Lore:
        """Choose the lore for the reply that *story* leads to.

        It is a thread's work: a long book takes longer than other channels should
        wait, and what it takes is bounded.

        Args:
            context: tokens that the model reads.

        Raises:
            StoreUnavailable, StoreRefusesWrites: nobody knows the scene's books.
        """
        books = [] if self._shelf is None else [*await self._shelf.open_in(head)]
        if character.book is not None:
            books.append(character.book)
        if not any(book.entries for book in books):
            return Lore()
        rules = Rules(
            patterns=self._new_search(),
            cost=estimate,
            budget=int(context * OF_CONTEXT),
            fill=story.fill,
        )
        moments = moments_of(story, head, character)
        lore = await asyncio.to_thread(lore_of, books, moments, rules)
        if lore.too_slow:
            channel = head.place.channel
            log.warning(
                "patterns of a lorebook took too long",
                extra={"channel": channel, "patterns": len(lore.too_slow)},
            )
        return lore
