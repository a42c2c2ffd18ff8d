"""Ports for servers that tests start: no two running tests get the same one."""

import itertools
import os
import socket

FIRST = 10_000
"""Far below the ports that kernels lend to connections, which a server would find taken."""
PER_WORKER = 1000
WORKERS = 9


def _own_ports() -> "itertools.cycle[int]":
    """Those of this worker of pytest-xdist; a run without workers has the last share."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    share = int(worker.removeprefix("gw")) % WORKERS if worker else WORKERS
    ports = list(range(FIRST + share * PER_WORKER, FIRST + (share + 1) * PER_WORKER))
    # Two runs side by side begin at different places.
    begin = os.getpid() * 7 % PER_WORKER
    return itertools.cycle(ports[begin:] + ports[:begin])


_PORTS = _own_ports()


def free_port() -> int:
    """A port of the loopback interface that nobody uses now, and no other test will."""
    for port in itertools.islice(_PORTS, PER_WORKER):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"all {PER_WORKER} ports are taken")
