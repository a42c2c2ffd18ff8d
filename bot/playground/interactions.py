"""The life of interactions: opened by a member, acknowledged in time, followed up."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bot.playground.broadcast import Broadcast
from bot.playground.messages import Message
from bot.playground.refusals import Refusal, unknown
from bot.playground.snowflakes import Snowflakes

TOKEN_LIVES_S = 15 * 60.0
SILENCE = "The application did not respond"
_KEPT = 2_000


class Kind(IntEnum):
    """What the member did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


@dataclass(slots=True)
class Interaction:
    """One interaction and what has become of it."""

    id: int
    token: str
    kind: Kind
    user_id: int
    channel_id: int
    opened_at: float
    source: Message | None = None
    """The message that holds the component, for a modal the one it was opened from."""
    name: str = ""
    command_kind: int = 1
    is_acknowledged: bool = False
    is_too_late: bool = False
    original_id: int | None = None
    modal: dict[str, Any] | None = None
    choices: asyncio.Future[list[dict[str, Any]] | None] | None = None
    """Settled with None when nobody answers."""
    timer: asyncio.TimerHandle | None = None


class Interactions:
    """All interactions that may still be answered."""

    def __init__(
        self,
        snowflakes: Snowflakes,
        broadcast: Broadcast,
        *,
        ack_within_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._snowflakes = snowflakes
        self._broadcast = broadcast
        self._ack_within_s = ack_within_s
        self._clock = clock
        self._by_id: OrderedDict[int, Interaction] = OrderedDict()
        self._by_token: dict[str, Interaction] = {}

    def open(self, kind: Kind, user_id: int, channel_id: int) -> Interaction:
        """Begin an interaction; it fails by itself if nobody acknowledges it in time."""
        interaction = Interaction(
            self._snowflakes.mint(),
            secrets.token_urlsafe(48),
            kind,
            user_id,
            channel_id,
            self._clock(),
        )
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        while len(self._by_id) > _KEPT:
            _, oldest = self._by_id.popitem(last=False)
            self._by_token.pop(oldest.token, None)
            _disarm(oldest)
        loop = asyncio.get_running_loop()
        interaction.timer = loop.call_later(self._ack_within_s, self._time_out, interaction)
        return interaction

    def pending(self, interaction_id: int, token: str) -> Interaction:
        """Find an interaction that waits for its first answer.

        Raises:
            Refusal: 10062 when the answer comes too late, 40060 when it is the second.
        """
        interaction = self.find(interaction_id)
        if interaction is None or interaction.token != token or interaction.is_too_late:
            raise unknown("Interaction")
        if interaction.is_acknowledged:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        return interaction

    def acknowledge(self, interaction: Interaction) -> None:
        """Note that the first answer was taken."""
        interaction.is_acknowledged = True
        _disarm(interaction)
        if interaction.kind is not Kind.AUTOCOMPLETE:
            data = {"interaction_id": str(interaction.id)}
            self._broadcast.to_user(interaction.user_id, "INTERACTION_ACK", data)

    def find(self, interaction_id: int) -> Interaction | None:
        """Find an interaction by id."""
        return self._by_id.get(interaction_id)

    def by_token(self, token: str) -> Interaction:
        """Find an acknowledged interaction for a follow-up.

        Raises:
            Refusal: the token is unknown or older than 15 minutes.
        """
        interaction = self._by_token.get(token)
        if interaction is None or not interaction.is_acknowledged:
            raise unknown("Webhook")
        if self._clock() - interaction.opened_at > TOKEN_LIVES_S:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return interaction

    def close(self) -> None:
        """Stop all clocks and let nobody wait any longer."""
        for interaction in self._by_id.values():
            _disarm(interaction)
            if interaction.choices is not None and not interaction.choices.done():
                interaction.choices.set_result(None)

    def _time_out(self, interaction: Interaction) -> None:
        interaction.is_too_late = True
        if interaction.choices is not None:
            if not interaction.choices.done():
                interaction.choices.set_result(None)
            return
        data = {"interaction_id": str(interaction.id), "reason": SILENCE}
        self._broadcast.to_user(interaction.user_id, "INTERACTION_FAILED", data)


def _disarm(interaction: Interaction) -> None:
    if interaction.timer is not None:
        interaction.timer.cancel()
        interaction.timer = None
