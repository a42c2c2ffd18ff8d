"""How players and moderators lay hands on a local Discord, by chance and again by its seed."""

import random
from dataclasses import dataclass, field
from typing import Any

from bot.core.scene import ChannelId
from bot.playground.world import MARA_ID, TOM_ID
from tests.fakes.scripted_tgi import WORDS
from tests.faults.lab.theatre import Theatre
from tests.faults.lab.watching import Kind, Seen
from tests.playground.driver import Member, Shown
from tests.playground.member import eventually

_REACH = 60


@dataclass
class Spot:
    """A channel in which there is a scene, most of the time."""

    channel: int
    is_thread: bool
    is_live: bool = False
    undone: Shown | None = None
    players: set[int] = field(default_factory=set)


class Hands:
    """What whatever they do is made of; `steps` says what they did."""

    def __init__(self, theatre: Theatre, *, seed: int) -> None:
        self.steps: list[str] = []
        self.unheard: set[int] = set()
        self.unwanted: set[int] = set()
        self.proxied: dict[int, str] = {}
        """By what another bot has posted for members, the path by which it is changed."""
        self._theatre = theatre
        self._world = theatre.world
        self._chance = random.Random(seed)
        self._spots: list[Spot] = []
        self._lines = 0
        self._cuts = 0
        self._said = ""
        self._tokens = 20
        theatre.tgi.reply = self._model

    async def _start(self, spot: Spot) -> None:
        greeting = self._chance.choice(["1", "none"])
        await self._use("roleplay start", spot, character="clover", greeting=greeting)
        spot.is_live, spot.players, spot.undone = True, set(), None

    async def _use(self, command: str, spot: Spot, **options: Any) -> Shown:
        use = await self._world.mara.slash(command, channel=spot.channel, within_s=5, **options)
        assert use.is_acknowledged, command
        return await self._world.mara.answer(use)

    async def _say(self, spot: Spot, text: str = "") -> Shown:
        tom_plays = TOM_ID in spot.players or self._chance.random() < 0.04
        member = self._chance.choice([self._world.tom, self._world.mara][not tom_plays :])
        self._lines += 1
        called = self._chance.choice(["Clover, "] * 6 + ["Hollis, ", "", "", ""])
        sent = await member.send(text or f"{called}line {self._lines}.", spot.channel)
        if spot.is_live:
            spot.players.add(member.id)
        else:
            self.unheard.add(sent.id)
        return sent

    async def _edit(self, line: Seen) -> None:
        self._lines += 1
        await self._author(line).edit(handle(line), f"Clover, changed {self._lines}.")

    async def _reply_grows(self, spot: Spot) -> bool:
        """Say a line, and wait until a reply shows, if one comes."""
        before = {seen.id for seen in self._shown(spot)}
        self._tokens = 100
        await self._say(spot)

        def is_there() -> bool:
            shown = [seen for seen in self._shown(spot) if seen.id not in before]
            return any(seen.kind is Kind.CHARACTER for seen in shown)

        await eventually(lambda: is_there() or not self._theatre.bot.is_busy, 10)
        return is_there()

    async def _press(self, spot: Spot, beginning: str) -> None:
        for seen in reversed(self._shown(spot)):
            for button in seen.buttons:
                if button.startswith(beginning):
                    await self._click(seen, button)
                    return

    async def _click(self, seen: Seen, custom_id: str) -> None:
        self.steps.append(f"  {custom_id}")
        await self._world.mara.click(handle(seen), custom_id)

    async def _thread(self) -> int:
        return await self._world.mara.thread("A story", "tavern")

    def _want_no_more(self, spot: Spot) -> None:
        """Whatever waits for a reply there may go without one."""
        lines = (Kind.MEMBER, Kind.PROXY)
        self.unwanted |= {seen.id for seen in self._shown(spot) if seen.kind in lines}

    def _shown(self, spot: Spot) -> list[Seen]:
        """What somebody may lay hands on: not too far back."""
        shown = self._theatre.watcher.screen()[ChannelId(spot.channel)][-_REACH:]
        return [seen for seen in shown if seen.kind is not Kind.OTHER]

    def _lines_of_members(self, spot: Spot) -> list[Seen]:
        return [seen for seen in self._shown(spot) if seen.kind is Kind.MEMBER]

    def _story_lines(self, spot: Spot) -> list[Seen]:
        return [seen for seen in self._lines_of_members(spot) if not seen.text.startswith("((")]

    def _author(self, line: Seen) -> Member:
        return self._world.mara if line.author == MARA_ID else self._world.tom

    def _model(self, _: str) -> str:
        if self._tokens < 0:
            return ""
        if self._tokens > 0:
            words = (
                self._chance.choice(WORDS) + str(self._chance.randrange(1000))
                for _ in range(self._tokens)
            )
            self._said = "".join(f" {word}" for word in words) + "."
        return self._said


def handle(seen: Seen) -> Shown:
    """As a member takes hold of a message."""
    cells = [{"type": 2, "custom_id": custom_id} for custom_id in seen.buttons]
    return Shown({"id": str(seen.id), "channel_id": str(seen.channel), "components": cells})
