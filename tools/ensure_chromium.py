"""Make sure a Chromium is there for the browser tests: `CHROMIUM`, PATH, or Debian's package."""

import os
import shutil
import subprocess
import sys


def main() -> int:
    """Return 0 once a browser can be started."""
    named = os.environ.get("CHROMIUM")
    if named:
        if shutil.which(named):
            return 0
        print(f"CHROMIUM names {named!r}, which cannot be started.")
        return 1
    if shutil.which("chromium"):
        return 0
    if not shutil.which("apt-get"):
        print("Browser tests need Chromium: install it, or set CHROMIUM to its path.")
        return 1
    elevate = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print("Installing Debian's chromium for the browser tests …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(
            [*elevate, "apt-get", *step],
            check=False, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            print(done.stderr.strip())
            print("Chromium could not be installed: install it, or set CHROMIUM to its path.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
