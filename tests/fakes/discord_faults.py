"""Faults for the local Discord: of single requests, of all for a while, of its gateway.

    faults = DiscordFaults()
    async with playground(faults=[faults.strike]) as world:
        faults.script("POST /webhooks/", STORE_THEN_502)
        faults.gateway.pass_on = Disorder(twice=0.1, late=0.2)

The faults are those of `scripted_discord`, met here by the whole of Discord.
With `enforce_limits` it adds its own headers to them.
"""

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.playground.gateway_faults import GatewayFaults
from bot.playground.refusals import Refusal
from bot.playground.rest import API, answer
from bot.playground.site import site_of
from tests.fakes.scripted_discord import Fault, limited

CLOUDFLARE_1015 = Fault(status=429, text="<html><title>error code: 1015</title></html>")
"""The address is shut out, and nobody says for how long."""
STORE_THEN_SILENCE = Fault(stores=True, after_s=3600)

MESSAGE_EVENTS = ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK")
_LATE_AT_MOST_S = 0.3
"""An event that nothing follows is not late for ever."""


class Struck(NamedTuple):
    """A request that met a fault; `at` is monotonic."""

    call: str
    fault: Fault
    at: float


@dataclass(slots=True)
class _Plan:
    calls: re.Pattern[str]
    next_fault: Callable[[], Fault | None]


class DiscordFaults:
    """`strike` goes among the faults of a local Discord. The plan made first wins."""

    def __init__(self, *, seed: int = 0) -> None:
        self.asked: list[str] = []
        self.struck: list[Struck] = []
        self.latency_s = 0.0
        self._chance = random.Random(seed)
        self._plans: list[_Plan] = []
        self._gateway: GatewayFaults | None = None

    @property
    def gateway(self) -> GatewayFaults:
        """The gateway's levers; there once the local Discord was asked for anything."""
        assert self._gateway is not None, "no request has come yet"
        return self._gateway

    def script(self, call: str, *faults: Fault | None) -> None:
        """Let the next calls that match the expression *call* meet *faults*; None lets one by."""
        left = deque(faults)
        self._plan(call, lambda: left.popleft() if left else None)

    def strew(self, call: str, fault: Fault, share: float) -> None:
        """From now on let a *share* of the calls that match meet *fault*, by the seed."""
        self._plan(call, lambda: fault if self._chance.random() < share else None)

    def storm(self, call: str, seconds: float, *, scope: str = "user") -> None:
        """Refuse all calls that match for so long, each with the time that is left."""
        until = time.monotonic() + seconds

        def refusal() -> Fault | None:
            left = until - time.monotonic()
            return limited(round(left, 3), scope=scope) if left > 0 else None

        self._plan(call, refusal)

    def calm(self) -> None:
        """Forget all plans."""
        self._plans.clear()
        self.latency_s = 0.0

    @web.middleware
    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request meet its fault."""
        self._gateway = site_of(request).gateway.faults
        if not request.path.startswith(API):
            return await handler(request)
        call = f"{request.method} {request.path.removeprefix(API)}"
        self.asked.append(call)
        fault = self._fault(call)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if fault is None:
            return await handler(request)
        self.struck.append(Struck(call, fault, time.monotonic()))
        if fault.stores:
            # What Discord refuses is not stored; the bot hears of the fault all the same.
            with suppress(Refusal):
                await handler(request)
        return await _failure(request, fault)

    def _plan(self, call: str, next_fault: Callable[[], Fault | None]) -> None:
        self._plans.append(_Plan(re.compile(call), next_fault))

    def _fault(self, call: str) -> Fault | None:
        for plan in self._plans:
            if plan.calls.search(call) and (fault := plan.next_fault()) is not None:
                return fault
        return None


async def _failure(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.after_s:
        await asyncio.sleep(fault.after_s)
    if fault.status is None:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.text is not None:
        response = web.Response(status=fault.status, text=fault.text, content_type="text/html")
    else:
        response = answer(fault.body, status=fault.status)
    response.headers.update(fault.headers)
    return response


class Disorder:
    """Delivers events of the gateway twice, and behind events that came after them; seeded."""

    def __init__(
        self,
        *,
        twice: float = 0.0,
        late: float = 0.0,
        behind: int = 3,
        names: Collection[str] = MESSAGE_EVENTS,
        seed: int = 0,
    ) -> None:
        """Set up.

        Args:
            twice: the share of events that are delivered again, at once or late.
            late: the share of events that come after others.
            behind: after how many, at most.
            names: which events; others keep their order and come once.
        """
        self.delivered: list[str] = []
        self._twice = twice
        self._late = late
        self._behind = behind
        self._names = names
        self._chance = random.Random(seed)
        self._held: list[_Held] = []

    def __call__(self, name: str, deliver: Callable[[], None]) -> None:
        if name not in self._names:
            deliver()
            return
        self._pass_or_hold(name, deliver)
        if self._chance.random() < self._twice:
            self._pass_or_hold(name, deliver)
        for held in list(self._held):
            held.behind -= 1
            if held.behind < 0:
                self._release(held)

    @property
    def is_holding(self) -> bool:
        """Whether anything is late."""
        return bool(self._held)

    def settle(self) -> None:
        """Deliver what is late."""
        for held in list(self._held):
            self._release(held)

    def _pass_or_hold(self, name: str, deliver: Callable[[], None]) -> None:
        if self._chance.random() >= self._late:
            self.delivered.append(name)
            deliver()
            return
        held = _Held(name, deliver, self._chance.randint(1, self._behind))
        self._held.append(held)
        asyncio.get_running_loop().call_later(_LATE_AT_MOST_S, self._release, held)

    def _release(self, held: "_Held") -> None:
        if held in self._held:
            self._held.remove(held)
            self.delivered.append(held.name)
            held.deliver()


@dataclass(slots=True, eq=False)
class _Held:
    name: str
    deliver: Callable[[], None]
    behind: int
