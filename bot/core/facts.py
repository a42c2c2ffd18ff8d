"""How a turn came about: what "Why?" shows, as it is kept with the turn."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Self


class Ending(StrEnum):
    """What ended a reply."""

    MODEL = "model"  # it drew its end token
    HEADER = "header"  # it began the next header
    NAME = "name"  # it began somebody else's line
    PLAYER = "player"  # it began to tell what a player does
    SPECIAL = "special"  # it wrote a special token, or its name
    STOP_STRING = "stop string"  # the server saw one before we did
    TOKENS = "tokens"  # it ran out of them
    MEMBER = "member"  # somebody pressed Stop
    LOST = "lost"  # the server was, and did not come back


@dataclass(frozen=True, slots=True)
class ReplyFacts:
    """How a reply came about.

    Attributes:
        model: as the server names it.
        length: the step that was asked for.
        source: whose choice that was.
        prompt_tokens, reused_tokens: of the prompt, and of it those that the
            channel's last prompt began with.
        tries: 1 plus the replies that were thrown away: empty, or said before.
        waited_ms: from the line to the first text; wrote_ms: from there to the end.
        lore: names of the lorebook entries in the prompt.
        repeats: whether it is close to what the character said just before.
        edited_by: who has given it another text since.
    """

    model: str = ""
    length: str = ""
    source: str = ""
    seed: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    ending: str = ""
    tries: int = 1
    waited_ms: int = 0
    wrote_ms: int = 0
    lore: tuple[str, ...] = ()
    repeats: bool = False
    edited_by: str = ""

    def written(self) -> Mapping[str, str]:
        """As texts by name, without what says nothing; `read` undoes it."""
        texts = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                texts[field.name] = "\n".join(value) if field.name == "lore" else str(value)
        return texts

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Self:
        """Read what `written` gave; what is unknown or damaged is passed over."""
        values: dict[str, object] = {}
        for field in fields(cls):
            text = texts.get(field.name)
            if text is None:
                continue
            if field.name == "lore":
                values[field.name] = tuple(text.split("\n"))
            elif isinstance(field.default, bool):
                values[field.name] = text == "True"
            elif isinstance(field.default, int):
                if text.isdecimal():
                    values[field.name] = int(text)
            else:
                values[field.name] = text
        return cls(**values)  # type: ignore[arg-type]  # each by its field's default, above
