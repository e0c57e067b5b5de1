# SPDX-License-Identifier: MIT
"""A login that a token opened, as a process of its own."""

import subprocess
import sys

from private_bus import HERE, OWN_USER

TTY, RHOST = "pts/7", "192.0.2.1"


class Login:
    def __init__(self, daemon, token, rhost=RHOST):
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "login.py", daemon.directory / "socket/pam.sock", OWN_USER, TTY,
             rhost], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(token + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "opened\n"

    def leave(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
