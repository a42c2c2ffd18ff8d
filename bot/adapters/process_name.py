"""A name for this process that no other has, and whether the bearer of one has ended.

Whoever is on the same machine need not wait for the lease of a process that
was killed. That can be told on Linux only: a name holds the machine's boot, the
space of process numbers (each container has its own), the number, and when the
process began, because numbers are given again.
"""

import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")
_STATE, _BEGAN = 0, 19
"""Places in `/proc/PID/stat` behind the name of the program, see proc(5)."""


def our_name() -> str:
    """The name of this process, the same as long as it runs."""
    return f"{socket.gethostname()}/{_machine() or secrets.token_hex(8)}/{_bearer(os.getpid())}"


def has_ended(name: str) -> bool:
    """Whether the process of *name* is known to have ended; False if that cannot be told."""
    _, _, rest = name.partition("/")
    machine, _, bearer = rest.partition("/")
    number = bearer.partition("-")[0]
    if not number.isdecimal() or machine != _machine():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, whose beginning may be hidden from us
        return False
    return _bearer(int(number)) != bearer


def _machine() -> str | None:
    """The running system and its space of process numbers."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}-{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _bearer(number: int) -> str:
    """Number and beginning; the beginning is empty where nothing runs any more."""
    try:
        stat = (_PROC / str(number) / "stat").read_text()
    except OSError:
        return f"{number}-"
    fields = stat.rpartition(")")[2].split()  # the program's name may hold anything
    return f"{number}-" if fields[_STATE] in "ZX" else f"{number}-{fields[_BEGAN]}"
