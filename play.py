"""Sets up everything the project needs in `.venv`, then starts it.

    python3 play.py [arguments]          the bot, a local Discord and a model, in your browser
    python3 play.py --setup [dev]        only set up; `dev` adds the tools that tests need

Standard library only: it runs before anything is installed.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
LOCKS = {"run": "requirements/run.lock", "dev": "requirements/dev.lock"}


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        print(f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    only_setup = arguments[:1] == ["--setup"]
    python = set_up("dev" if arguments == ["--setup", "dev"] else "run")
    if python is None:
        return 1
    if only_setup:
        return 0
    command = [str(python), "-m", "bot", "play", *arguments]
    if os.name == "posix":
        os.chdir(ROOT)
        os.execv(command[0], command)  # noqa: S606  # our own interpreter, signals reach it directly
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def set_up(kind: str) -> Path | None:
    """Bring `.venv` up to the lock of *kind*; return its interpreter, or None with a sentence."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = ENVIRONMENT / ".installed"
    wanted = {name: _fingerprint(name) for name in LOCKS}
    if python.exists() and stamp.exists():
        installed = stamp.read_text().split()
        # What tests need includes what running needs.
        if wanted[kind] in installed or wanted["dev"] in installed:
            return python
    print("Setting up (once, about 50 MB to download) …", flush=True)
    try:
        if not python.exists():
            venv.create(ENVIRONMENT, with_pip=True)
        _pip(python, "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / LOCKS[kind]))
        _pip(python, "--no-build-isolation", "-e", str(ROOT))
    except subprocess.CalledProcessError as error:
        if "ensurepip" in str(error.cmd):
            print("Python's venv module is incomplete: install python3-venv, then try again.")
        else:
            print("Installing failed (its last words are above). Check the network and try again.")
        return None
    stamp.write_text(wanted[kind])
    return python


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", *arguments],
        check=True,
    )  # fmt: skip


def _fingerprint(kind: str) -> str:
    parts = [(ROOT / LOCKS[kind]).read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    where = f"{ROOT} {sys.version_info[:2]}".encode()  # a moved folder needs a new install
    return hashlib.sha256(b"\0".join([*parts, where])).hexdigest()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
