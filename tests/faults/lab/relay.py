"""Two bots with one token: one that can be told to die, one that waits for its place."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.services.milestones import Milestone
from tests.faults.crashing_bot import CLOCKS, CRASHING, NEXT, forget_orders, order, set_clock
from tests.faults.lab.stage import Lab
from tests.playground.driver import eventually
from tests.wire.nursery import nursery
from tests.wire.running import BotProcess

LEASE_S = 2.0
TAKEN_OVER_WITHIN_S = LEASE_S + 3


@dataclass
class Relay:
    """The one that is connected, and the one that waits."""

    lab: Lab
    orders: Path
    leader: BotProcess = field(init=False)
    heir: BotProcess = field(init=False)

    async def begin(self) -> None:
        """Have a leader."""
        self.leader = await self._start()
        await self.leader.wait_ready()

    async def settle(self) -> None:
        """Have a leader without orders, and nobody beside it."""
        for bot in self.lab.bots:
            if bot is not self.leader:
                await bot.end()
        if self.leader.is_running:
            forget_orders(self.orders, self._pid)
        else:
            self.leader = await self._start()
        await self.leader.wait_ready()

    async def is_awaited(self) -> None:
        """Have the other one wait for the leader's end."""
        # Not begun before there is a leader: it might be faster than who waits already.
        self.heir = await self._start()
        await eventually(lambda: "waiting for the place" in self.heir.said, 20)

    def kill_at(self, milestone: Milestone, *, passes: int = 0) -> None:
        """Let the leader die at *milestone*."""
        order(self.orders, self._pid, milestone, passes=passes)

    def freeze_at(self, milestone: Milestone) -> None:
        """Let the leader stop at *milestone*, until it is sent SIGCONT."""
        order(self.orders, self._pid, milestone, number=signal.SIGSTOP)

    def kill(self) -> None:
        """Let the leader die now."""
        self.leader.send(signal.SIGKILL)

    def hand_over(self) -> BotProcess:
        """Let the other one be the leader from now on; returns who was."""
        before, self.leader = self.leader, self.heir
        return before

    def set_clock(self, bot: BotProcess, ahead_s: float) -> None:
        """Let a bot's clock jump."""
        assert bot.process is not None
        set_clock(self.orders, bot.process.pid, ahead_s)

    def set_clock_of_next(self, ahead_s: float) -> None:
        """Let the clock of the bot that starts next be wrong from the beginning."""
        set_clock(self.orders, NEXT, ahead_s)

    async def is_succeeded(self, within_s: float = 20) -> float:
        """Wait for the leader's death; returns when it was. The other is the leader then."""
        code, _ = await self.leader.wait(within_s)
        died_at = asyncio.get_running_loop().time()
        assert code == -signal.SIGKILL
        self.hand_over()
        return died_at

    @property
    def _pid(self) -> int:
        assert self.leader.process is not None
        return self.leader.process.pid

    async def _start(self) -> BotProcess:
        begin = partial(nursery().fork, [str(self.orders)], main=CRASHING)
        return await self.lab.start_bot(begin=begin)


@asynccontextmanager
async def relay(lab: Lab) -> AsyncGenerator[Relay, None]:
    """Have two bots in *lab*, with short leases."""
    lab.settings |= {
        "BOT_TURNS__LEASE_S": str(LEASE_S),
        "BOT_TURNS__DRAIN_S": "60",  # so long the heir waits
    }
    orders = lab.folder / "orders"
    (orders / CLOCKS).mkdir(parents=True)
    running = Relay(lab, orders)
    await running.begin()
    yield running
    await lab.close()
