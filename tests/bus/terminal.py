# SPDX-License-Identifier: MIT
"""authtokenctl at a terminal, in front or behind, as a shell runs it."""

import fcntl
import os
import pathlib
import pty
import select
import subprocess
import sys
import termios
import time

from private_bus import SECONDS

LEADER = pathlib.Path(__file__).with_name("terminal_leader.py")


class Terminal:
    def __init__(self, arguments):
        self.master, self.slave = pty.openpty()
        self.before = self.settings()
        self.text = b""
        self.leader = subprocess.Popen(
            [sys.executable, "-B", LEADER, os.environ["AUTHTOKENCTL"], *arguments], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))
        self.pid = int(self.report("started"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leader.kill()
        self.leader.communicate(timeout=SECONDS)
        os.close(self.master)
        os.close(self.slave)

    def report(self, word):
        """What follows the word in the next line of the leader, while the terminal is read."""
        self.see(lambda: select.select([self.leader.stdout], [], [], 0)[0])
        said, value = self.leader.stdout.readline().split()
        assert said == word, (said, value, self.text)
        return value

    def order(self, word):
        self.leader.stdin.write(f"{word}\n")
        self.leader.stdin.flush()

    def settings(self):
        return termios.tcgetattr(self.master)

    def n_read(self):
        """Bytes that the command has read, from wherever."""
        lines = pathlib.Path(f"/proc/{self.pid}/io").read_text(encoding="ascii").splitlines()
        return int(dict(line.split(": ") for line in lines)["rchar"])

    def echoes(self):
        return bool(self.settings()[3] & termios.ECHO)

    def see(self, happened):
        end = time.monotonic() + SECONDS
        while not happened():
            assert time.monotonic() < end, self.text
            if select.select([self.master], [], [], 0.02)[0]:
                self.text += os.read(self.master, 65536)

    def wait_for(self, text, times=1):
        self.see(lambda: self.text.count(text.encode()) >= times)

    def type(self, text):
        """A terminal takes what there is room for."""
        data = text.encode()
        while data:
            n = os.write(self.master, data[:256])
            data = data[n:]

    def end(self):
        """The exit status, and all that was shown."""
        status = int(self.report("ended"))
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536)
        shown = self.text.decode()
        assert "Sanitizer" not in shown and "runtime error" not in shown
        return status, shown
