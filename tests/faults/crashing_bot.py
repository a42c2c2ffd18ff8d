"""The bot as a process that brings death at a point of a turn; `tests/wire/nursery.py` starts it.

Its orders are a folder. A file in it that is named after the process number holds
the name of a milestone, how often that is yet passed by, the number of the process
that is sent a signal when it is reached, and the signal: `posted 0 4711 9`. The
file may be written at any time, and holds once. If there is a folder `clocks`, a
file of that name in it holds by how many seconds the process' clock is ahead; one
that is called `next` is that of the process that starts next.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bot.app import run_bot
from bot.core.errors import StartupError
from bot.log_format import set_up_logging
from bot.services.milestones import Milestone
from bot.settings import load_settings, secrets_in

CRASHING = "tests.faults.crashing_bot:main"
CLOCKS = "clocks"
NEXT = "next"


class Orders:
    """Reads the file whenever a milestone is reached."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / str(os.getpid())

    def __call__(self, milestone: Milestone) -> None:
        """Send the signal that the file names, if it says so."""
        try:
            name, passes, victim, number = self._file.read_text().rsplit(" ", 3)
        except FileNotFoundError:
            return
        if name != milestone.value:
            return
        if int(passes):
            self._file.write_text(f"{name} {int(passes) - 1} {victim} {number}")
            return
        self._file.unlink()
        os.kill(int(victim), int(number))


def order(
    folder: Path,
    process: int,
    milestone: Milestone,
    *,
    passes: int = 0,
    victim: int | None = None,
    number: int = signal.SIGKILL,
) -> None:
    """Let that process kill *victim*, or itself, at *milestone*, once it was passed so often."""
    file = folder / str(process)
    text = f"{milestone.value} {passes} {victim or process} {int(number)}"
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)


def forget_orders(folder: Path, process: int) -> None:
    """Let that process live."""
    (folder / str(process)).unlink(missing_ok=True)


def set_clock(folder: Path, process: int | str, ahead_s: float) -> None:
    """Let the clock of that process, or of the `NEXT`, be ahead of this one's."""
    file = folder / CLOCKS / str(process)
    file.with_suffix(".new").write_text(str(ahead_s))
    file.with_suffix(".new").replace(file)


def _bend_the_clock(folder: Path) -> None:
    """Let everybody in this process who asks for the date be told what the file says."""
    file = folder / str(os.getpid())
    with suppress(FileNotFoundError):
        (folder / NEXT).rename(file)
    true_ns = time.time_ns

    def bent_ns() -> int:
        try:
            return true_ns() + int(float(file.read_text()) * 1e9)
        except FileNotFoundError:
            return true_ns()

    time.time_ns = bent_ns
    time.time = lambda: bent_ns() / 1e9


def main(arguments: Sequence[str]) -> int:
    """Run the bot as `python -m bot run` does; returns its exit code."""
    [folder] = arguments
    settings = load_settings()
    set_up_logging(settings.log_level, secrets=secrets_in(settings))
    if (Path(folder) / CLOCKS).is_dir():
        _bend_the_clock(Path(folder) / CLOCKS)
    try:
        return asyncio.run(run_bot(settings, reached=Orders(Path(folder))))
    except StartupError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
