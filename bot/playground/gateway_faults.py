"""What can go wrong with the gateway. Nothing does unless a test says so."""

from collections.abc import Callable
from dataclasses import dataclass

HEARTBEAT_EVERY_S = 41.25

PassOn = Callable[[str, Callable[[], None]], None]
"""Gets an event's name and what delivers it; may do that now, later, twice or never."""


def at_once(_name: str, deliver: Callable[[], None]) -> None:
    """Deliver every event once, in order."""
    deliver()


@dataclass(slots=True)
class GatewayFaults:
    """Levers; each holds from the moment it is set.

    Attributes:
        heartbeat_every_s: what a new connection is told.
        is_deaf: heartbeats are not acknowledged, as by a connection that is
            dead without having said so.
        repeated_on_resume: events that a client has had already and gets again.
        is_shut: new connections are refused before they begin.
        resume_url: where a session is said to be gone on with; empty is the truth.
        pass_on: stands between what happens and who hears of it. The data are
            those of the moment when it happened.
    """

    heartbeat_every_s: float = HEARTBEAT_EVERY_S
    is_deaf: bool = False
    repeated_on_resume: int = 0
    is_shut: bool = False
    resume_url: str = ""
    pass_on: PassOn = at_once
