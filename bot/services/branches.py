"""Scenes in threads of their own: a new one, and one that goes on from another's line."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.copies import branch_of
from bot.core.errors import (
    NoLiveScene,
    NotAllowedHere,
    PostAmbiguous,
    PostError,
    PostRefused,
    UserError,
)
from bot.core.links import link_to
from bot.core.phrases import joined, phrase
from bot.core.plain_text import shortened
from bot.core.ports import SceneStore, ThreadHome, Threads
from bot.core.scene import ChannelId, MessageId, Place, Scene, TurnId, UserId
from bot.services.scenes import Opening, Scenes
from bot.services.shelf import Shelf, last_line

NAME_CHARACTERS = 90
_MARKUP = re.compile(r"[*`]|__|~~|\|\|")
"""Of a text; a thread's name is shown as it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a thread, and where it can be.

    Attributes:
        event: the interaction's id.
        home: where threads are started; None where there are none.
    """

    event: MessageId
    user: UserId
    user_name: str
    home: ThreadHome | None
    at_ms: int


class Branches:
    """Borrows all it is given. Every method may raise UserError and StoreUnavailable."""

    def __init__(
        self, *, store: SceneStore, threads: Threads, scenes: Scenes, shelf: Shelf
    ) -> None:
        self._store = store
        self._threads = threads
        self._scenes = scenes
        self._shelf = shelf

    async def start(self, opening: Opening, asked: Asked) -> Place:
        """Begin a scene in a new thread; returns where that is."""
        head, _ = await self._scenes.prepared(opening)  # no thread for what cannot begin
        place = await self._open(
            asked,
            f"{head.character_name} and {opening.owner_name}",
            phrase(
                "{owner} starts a scene with **{name}** here.",
                owner=opening.owner_name,
                name=head.character_name,
            ),
        )
        await self._scenes.start(replace(opening, place=place))
        return place

    async def branch(self, channel: ChannelId, turn: TurnId | None, asked: Asked) -> Place:
        """Tell the channel's story on in a thread, from *turn* (None: the newest) on.

        Returns where that is. The story that is branched stays as it is.
        """
        scene = await self._store.read(channel)
        if scene is None:
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        told = self._branch(scene, turn, scene.head.place, asked)
        place = await self._open(asked, _name_of(told), _origin(scene, turn, asked.user_name, told))
        told = self._branch(scene, turn, place, asked)
        await self._shelf.begin(told, title="")
        return place

    def _branch(self, scene: Scene, turn: TurnId | None, place: Place, asked: Asked) -> Scene:
        return branch_of(
            scene, turn, place=place, owner=asked.user, event=asked.event, at_ms=asked.at_ms
        )

    async def _open(self, asked: Asked, name: str, opening: str) -> Place:
        home = asked.home
        if home is None:
            raise UserError(
                phrase(
                    "There are no threads here. /roleplay save keeps the story as it is "
                    "now: go on here, and /roleplay load takes you back to it."
                )
            )
        try:
            thread = await self._threads.open(
                home, shortened(name, NAME_CHARACTERS), opening, after=asked.event
            )
        except PostAmbiguous as error:
            raise UserError(
                phrase(
                    "Discord did not say whether it started the thread. Look for it in the "
                    "list of threads; if it is not there, try again."
                )
            ) from error
        except NotAllowedHere as error:
            raise UserError(
                phrase(
                    "I may not start a thread there. Give me Create Public Threads and "
                    "Send Messages in Threads (in a forum: Create Posts), then try again."
                )
            ) from error
        except PostRefused as error:
            raise UserError(
                phrase(
                    "Discord starts no thread there: too many may be open, or the forum "
                    "asks for a tag. Start one yourself, then use /roleplay start in it."
                )
            ) from error
        place = Place(thread, home.guild, home.channel)
        with suppress(PostError):  # whoever asked has its link
            await self._threads.invite(thread, asked.user)
        return place


def _name_of(told: Scene) -> str:
    return f"{told.head.character_name}: {_MARKUP.sub('', told.turns[-1].text)}"


def _origin(scene: Scene, turn: TurnId | None, who: str, told: Scene) -> str:
    """Says where the branch comes from."""
    last = next((each for each in scene.turns if each.id == turn), scene.turns[-1])
    shown = last.messages[-1] if last.messages else None
    where = link_to(scene.head.place, shown)
    said = phrase(
        "{who} lets the story with **{name}** go another way from [here]({where}).",
        who=who,
        name=told.head.character_name,
        where=where,
    )
    return joined(said, last_line(told.turns), between="")
