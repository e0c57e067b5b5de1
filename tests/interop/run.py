#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Install what the tests of interoperation need, and run them; 77 when it is not to be had."""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("package.json", "provider.mjs", "peer.mjs")
EXIT_SKIP = 77
INSTALL_SECONDS = 240


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(EXIT_SKIP)


def install(directory):
    """Once for each package.json; nothing in a package runs while it is installed."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    stamp = directory / "installed.json"
    for name in FILES:
        shutil.copy2(HERE / name, directory / name)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    try:
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"],
                              cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        skip(f"npm install took more than {INSTALL_SECONDS} s")
    if done.returncode:
        skip(f"npm cannot install what is needed: {done.stderr.strip().splitlines()[-1:]}")
    stamp.write_text(wanted, encoding="utf-8")


def main():
    for program in ("node", "npm", "dbus-daemon", "openssl"):
        if not shutil.which(program):
            skip(f"{program} is missing")
    if os.geteuid() != 0:
        skip("a private system bus needs root")
    install(pathlib.Path(os.environ["INTEROP_DIRECTORY"]))
    sys.exit(subprocess.run([sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", *sys.argv[1:]],
                            check=False).returncode)


if __name__ == "__main__":
    main()
