"""Sets up everything the project needs in `.venv`, then starts it.

    python3 play.py [arguments]          the bot, a local Discord and a model, in your browser
    python3 play.py --setup [dev]        only set up; `dev` adds the tools that tests need
    python3 play.py --setup recipe       only the tools that train a model, in `.venv-recipe`

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
RECIPE_ENVIRONMENT = ROOT / ".venv-recipe"
OLDEST_PYTHON = (3, 11)
LOCKS = {"run": "requirements/run.lock", "dev": "requirements/dev.lock"}
RECIPE_LOCK = "requirements/recipe.lock"


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        print(f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    if arguments == ["--setup", "recipe"]:
        return 0 if set_up_recipe() else 1
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
    python, stamp = _python_in(ENVIRONMENT), ENVIRONMENT / ".installed"
    wanted = {name: _fingerprint(lock) for name, lock in LOCKS.items()}
    if python.exists() and stamp.exists():
        installed = stamp.read_text().split()
        # What tests need includes what running needs.
        if wanted[kind] in installed or wanted["dev"] in installed:
            return python
    print("Setting up (once, about 50 MB to download) …", flush=True)
    if not _installed(ENVIRONMENT, LOCKS[kind], with_project=True):
        return None
    stamp.write_text(wanted[kind])
    return python


def set_up_recipe() -> bool:
    """Bring `.venv-recipe` up to its lock; say in a sentence what is missing."""
    python, stamp = _python_in(RECIPE_ENVIRONMENT), RECIPE_ENVIRONMENT / ".installed"
    wanted = _fingerprint(RECIPE_LOCK)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return True
    print("Setting up the recipe's tools (once, about 300 MB to download) …", flush=True)
    if not _installed(RECIPE_ENVIRONMENT, RECIPE_LOCK, with_project=False):
        return False
    if subprocess.run(
        [str(python), "-c", "import torch"], capture_output=True, check=False
    ).returncode:
        print(
            "This torch needs CUDA's libraries, which the recipe leaves out: let pip find its CPU"
            " build, as docs/recipe.md says, and try again."
        )
        return False
    stamp.write_text(wanted)
    return True


def _python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _installed(environment: Path, lock: str, *, with_project: bool) -> bool:
    python = _python_in(environment)
    try:
        if not python.exists():
            venv.create(environment, with_pip=True)
        _pip(python, "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / lock))
        if with_project:
            _pip(python, "--no-build-isolation", "-e", str(ROOT))
    except subprocess.CalledProcessError as error:
        if "ensurepip" in str(error.cmd):
            print("Python's venv module is incomplete: install python3-venv, then try again.")
        else:
            print("Installing failed (its last words are above). Check the network and try again.")
        return False
    return True


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", *arguments],
        check=True,
    )  # fmt: skip


def _fingerprint(lock: str) -> str:
    parts = [(ROOT / lock).read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    where = f"{ROOT} {sys.version_info[:2]}".encode()  # a moved folder needs a new install
    return hashlib.sha256(b"\0".join([*parts, where])).hexdigest()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
