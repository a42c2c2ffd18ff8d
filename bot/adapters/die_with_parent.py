"""Become another program that is told to end when the one that started it does.

Run as a file, not imported: `python die_with_parent.py PARENT_PID PROGRAM ARGS…`.
It stands between because the kernel's promise is asked for by the child itself,
and doing that between fork and exec of a program with threads can hang.

The promise is tied to the *thread* that started the child: start it from one
that lives as long as the program, such as the main thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)  # it ended before we asked
    os.execv(program[0], program)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
