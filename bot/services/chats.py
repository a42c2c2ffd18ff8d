"""Stories as files: written for reading and for other programs, and read from theirs."""

import asyncio
from dataclasses import dataclass, replace

from bot.core.chat_export import ChatFormat, exported, file_name
from bot.core.chat_files import MOST_BYTES, Chat, read_chat
from bot.core.chat_turns import chat_of, turns_of
from bot.core.copies import copied
from bot.core.directions import NOTE_CHARACTERS
from bot.core.errors import NoLiveScene, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneStore
from bot.core.scene import MessageId, Role, Scene, Turn
from bot.services.scenes import Opening, Scenes
from bot.services.shelf import Replaced, Shelf

FIRST = MessageId(1)
"""Ids of a file's turns before they get those of a channel."""
_MB = 1_000_000
_SMALLER = {
    ChatFormat.HTML: phrase(": choose markdown, which is smaller"),
    ChatFormat.SILLYTAVERN: phrase(": choose markdown, which is smaller"),
}


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A file as somebody downloads it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a chat.

    Attributes:
        turns: how many of its messages the story has.
        left_out: older ones, for which there is no room.
        lacks_note: whether the author's note is too long to be taken over.
        replaced: the story in whose place it is, if there was one.
    """

    turns: int
    left_out: int
    lacks_note: bool = False
    replaced: Replaced | None = None


class Chats:
    """Borrows all it is given. Every method may raise UserError and StoreUnavailable.

    Args:
        keep: turns that a scene remembers.
    """

    def __init__(self, *, store: SceneStore, scenes: Scenes, shelf: Shelf, keep: int) -> None:
        self._store = store
        self._scenes = scenes
        self._shelf = shelf
        self._keep = keep

    async def export(self, scene: Scene, chosen: ChatFormat, *, most_bytes: int) -> ChatFile:
        """The whole story as a file, with what is hidden and all swipes as the format can.

        Raises:
            UserError: there is no story, or it has more than *most_bytes*.
        """
        if not scene.turns:
            raise NoLiveScene(phrase("There is no story here yet. Start one with /roleplay start."))
        chat = chat_of(scene)
        # Thousands of turns take their time: no other channel waits for them.
        content = await asyncio.to_thread(exported, chat, chosen)
        if len(content) > most_bytes:
            raise UserError(
                phrase(
                    "As {chosen} the story has {count:.1f} MB, and Discord takes files of "
                    "up to {most_bytes:.1f} MB here{hint}.",
                    chosen=chosen,
                    count=len(content) / _MB,
                    most_bytes=most_bytes / _MB,
                    hint=_SMALLER.get(chosen, ""),
                )
            )
        return ChatFile(file_name(chat, chosen), content)

    async def read(self, content: bytes, filename: str) -> Chat:
        """The chat in a file."""
        return await asyncio.to_thread(read_chat, content, filename)  # why: as above

    async def begin(self, chat: Chat, opening: Opening) -> Imported:
        """Tell the chat on with the character of *opening*, in place of a live story.

        Its greeting and scenario are not asked for: the chat has its own.
        """
        told, left_out = await self._told(chat, opening)
        lacks_note = told.head.note != chat.note
        title = phrase(
            "The story of a file goes on from here, with {count} lines before it.",
            count=len(told.turns),
        )
        head = await self._store.head(opening.place.channel)
        if head is None or not head.live:
            await self._shelf.begin(told, title=title)
            return Imported(len(told.turns), left_out, lacks_note)
        name = f"import {opening.event}"
        was = await self._shelf.put_in_place(opening.place.channel, told, name, title=title)
        return Imported(len(told.turns), left_out, lacks_note, replaced=was)

    async def _told(self, chat: Chat, opening: Opening) -> tuple[Scene, int]:
        asked = replace(opening, scenario=chat.scenario, greeting=None)
        head, _ = await self._scenes.prepared(asked)
        # As long as one that is set here may be: it goes into every prompt.
        if len(chat.note) <= NOTE_CHARACTERS:
            head = replace(head, note=chat.note, note_depth=chat.note_depth)
        turns = [
            _played(turn, chat, head.character_name)
            for turn in await asyncio.to_thread(turns_of, chat, first=FIRST)
        ]
        if not turns:
            raise UserError(
                phrase("There is nothing to play on in that file: no message has a text.")
            )
        kept = tuple(turns[-self._keep :])
        story = copied(Scene(head, kept), event=opening.event, at_ms=opening.at_ms)
        return story, len(turns) - len(kept)


def check_size(size: int) -> None:
    """Raise UserError where a file is not worth being fetched."""
    if size > MOST_BYTES:
        raise UserError(
            phrase(
                "The file is larger than {most_bytes} MB: give one with fewer messages.",
                most_bytes=MOST_BYTES // 1000000,
            )
        )


def _played(turn: Turn, chat: Chat, name: str) -> Turn:
    """*turn* as said by who plays the chat's character now."""
    is_its = turn.role is Role.CHARACTER and turn.name == chat.character_name
    return replace(turn, name=name) if is_its else turn
