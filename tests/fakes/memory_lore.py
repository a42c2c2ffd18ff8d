"""A `LoreStore` that lives as long as the process."""

from collections.abc import Mapping

from bot.core.lore_ports import LoreHome


class MemoryLoreStore:
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self) -> None:
        self._books: dict[LoreHome, dict[str, str]] = {}

    async def books(self, home: LoreHome) -> Mapping[str, str]:
        return dict(self._books.get(home, {}))

    async def put_book(self, home: LoreHome, name: str, text: str, *, was: str) -> bool:
        books = self._books.setdefault(home, {})
        before = books.get(name, "")
        if before not in (text, was):
            return False
        books[name] = text
        if not text:
            del books[name]
        return True

    async def forget_books(self, home: LoreHome) -> None:
        self._books.pop(home, None)
