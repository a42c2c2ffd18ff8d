"""What members see of the local Discord, typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from bot.playground.server import Address
from bot.playground.world import BOT_ID

JSON = dict[str, Any]
EPHEMERAL, LOADING = 64, 128
BUTTON, SELECTS = 2, (3, 5, 6, 7, 8)


class Page(Protocol):
    """The page's API, as a member uses it."""

    address: Address
    session: aiohttp.ClientSession

    async def page(self, method: str, path: str, **options: Any) -> Any: ...

    async def act(self, path: str, body: JSON) -> Any: ...


class Refused(Exception):
    """The local Discord refused what a member wanted to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a member sees it."""

    raw: JSON

    @property
    def id(self) -> int:
        return int(self.raw["id"])

    @property
    def channel_id(self) -> int:
        return int(self.raw["channel_id"])

    @property
    def content(self) -> str:
        return str(self.raw["content"])

    @property
    def author(self) -> str:
        author = self.raw["author"]
        return str(author["global_name"] or author["username"])

    @property
    def avatar_url(self) -> str:
        return str(self.raw["author"]["avatar_url"])

    @property
    def is_webhook(self) -> bool:
        return "webhook_id" in self.raw and int(self.raw["webhook_id"]) != BOT_ID

    @property
    def is_bot(self) -> bool:
        return bool(self.raw["author"]["bot"])

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.raw["flags"] & EPHEMERAL)

    @property
    def is_thinking(self) -> bool:
        return bool(self.raw["flags"] & LOADING)

    @property
    def is_edited(self) -> bool:
        return self.raw["edited_timestamp"] is not None

    @property
    def interaction_id(self) -> int | None:
        metadata = self.raw.get("interaction_metadata")
        return None if metadata is None else int(metadata["id"])

    @property
    def embeds(self) -> Sequence[JSON]:
        return self.raw["embeds"]  # type: ignore[no-any-return]  # JSON

    @property
    def components(self) -> Sequence[JSON]:
        """Everything inside, rows left out."""
        return [c for c in _walk(self.raw["components"]) if c["type"] != 1]

    @property
    def labels(self) -> Sequence[str]:
        return [c.get("label") or "" for c in self.components if c["type"] == BUTTON]

    def component(self, which: str | None, kinds: Sequence[int]) -> JSON:
        """The component with this label, or whose custom_id begins so; None takes the only one."""
        fitting = [c for c in self.components if c["type"] in kinds]
        for component in fitting:
            custom_id = str(component.get("custom_id", ""))
            if which is None or component.get("label") == which or custom_id.startswith(which):
                return component
        raise AssertionError(f"no component {which!r} among {fitting}")


@dataclass(frozen=True, slots=True)
class Use:
    """An interaction, and how the bot took it."""

    id: int
    channel_id: int
    is_acknowledged: bool
    reason: str | None = None
    """Why not, in the words that the member reads."""
    modal: JSON | None = None
    """The form that was opened."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that a message had, since `at` (seconds, monotonic of the server)."""

    text: str
    at: float


def _walk(components: Sequence[JSON]) -> list[JSON]:
    found: list[JSON] = []
    for component in components:
        found.append(component)
        found += _walk(component.get("components") or [])
        for single in ("component", "accessory"):
            if isinstance(component.get(single), dict):
                found += _walk([component[single]])
    return found
