"""The values of a chat file: what one of SillyTavern or another front end says.

Every kind of file is brought into the form of SillyTavern's lines first; what
is not told apart here stays in `fields` as JSON, so that an export gives it back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.errors import UserError
from bot.core.scene import NOTE_DEPTH, Role

USER, CHARACTER, NARRATOR = "User", "Character", "Narrator"
"""Names for whom a file does not name."""

DEEPEST_NOTE = 10_000
"""SillyTavern's own limit."""


class ChatFileError(UserError):
    """The file holds no chat that can be read; `str()` says what to do."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message.

    Attributes:
        swipes: the alternative texts; at least one.
        hidden: stands in the file, and the model does not read it.
        at_ms: Unix time in milliseconds; None if the file does not say.
        fields: the whole line as SillyTavern writes it, as far as one was read.
    """

    name: str
    role: Role
    swipes: tuple[str, ...]
    current: int = 0
    hidden: bool = False
    at_ms: int | None = None
    fields: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def text(self) -> str:
        """The swipe that counts."""
        return self.swipes[self.current]

    @property
    def others(self) -> tuple[str, ...]:
        """The swipes that do not, without the empty ones."""
        rest = self.swipes[: self.current] + self.swipes[self.current + 1 :]
        return tuple(swipe for swipe in rest if swipe.strip())


@dataclass(frozen=True, slots=True)
class Chat:
    """The messages of a file, oldest first.

    Attributes:
        warnings: what could not be read, a sentence each.
        metadata: SillyTavern's `chat_metadata`.
        fields: the rest of the file's first line.
    """

    messages: tuple[ChatMessage, ...]
    user_name: str = USER
    character_name: str = CHARACTER
    metadata: Mapping[str, object] = field(default_factory=dict, hash=False)
    fields: Mapping[str, object] = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def note(self) -> str:
        """The author's note; empty if there is none, or if it is told the model never."""
        is_off = self.metadata.get("note_interval") == 0
        return "" if is_off else _text(self.metadata.get("note_prompt"))

    @property
    def note_depth(self) -> int:
        """How many lines before the end the author's note stands."""
        depth = self.metadata.get("note_depth")
        # A bool is an int as well: true would stand one line before the end.
        return depth if type(depth) is int and 0 <= depth <= DEEPEST_NOTE else NOTE_DEPTH

    @property
    def scenario(self) -> str:
        """What the chat says in place of the character's scenario; empty if nothing."""
        return _text(self.metadata.get("scenario"))

    @property
    def summary(self) -> str:
        """The newest summary of what went before; empty if none was made."""
        return next(self._summaries(), "")

    def _summaries(self) -> Iterator[str]:
        for message in reversed(self.messages):
            extra = message.fields.get("extra")
            if isinstance(extra, Mapping) and (summary := _text(extra.get("memory"))):
                yield summary


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
