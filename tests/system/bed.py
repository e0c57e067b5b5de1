# SPDX-License-Identifier: MIT
"""A booted Debian, and what root does in it."""

import contextlib
import json
import pathlib
import signal
import subprocess

from deadline import wait_until

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bed"
COMMAND_SECONDS = 60


class BedUnable(Exception):
    """This machine cannot run a bed; the text says why."""


class Script:
    """scripts/bed with these arguments, from construction to stop()."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen([SCRIPT, *arguments], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self):
        """What it says next."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"scripts/bed ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "unable" in answer:
            self._process.wait()
            raise BedUnable(answer["unable"])
        return answer

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=30)


class Bed:
    """A bed of its own, from construction to stop()."""

    def __init__(self, *arguments):
        self._script = Script("boot", *arguments)
        answer = self._script.answer()
        self.leader = answer["leader"]
        self.packages = answer["packages"]

    def stop(self):
        self._script.stop()

    def reset(self):
        """What the button does; return when the system is up again. Its files stay."""
        self.run("systemctl", "reboot", "--force", "--force", check=False)
        self.leader = self._script.answer()["leader"]

    def command(self, *arguments):
        """The words that run `arguments` inside, for whoever starts the process."""
        return ["nsenter", "-t", str(self.leader), "-a", *arguments]

    def run(self, *arguments, check=True, user=None, stdin="", seconds=COMMAND_SECONDS):
        """Run to the end; return the CompletedProcess, its output as text."""
        if user is not None:
            arguments = ["runuser", "-u", user, "--", *arguments]
        done = subprocess.run(self.command(*arguments), input=stdin, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(arguments)}: status {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def output(self, *arguments, **options):
        return self.run(*arguments, **options).stdout.strip()

    def path(self, inside):
        """Where a file of the bed is seen from here. Follows no absolute link of the bed."""
        return pathlib.Path(f"/proc/{self.leader}/root") / inside.lstrip("/")

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def add_user(self, name, password, *groups):
        self.run("useradd", "--create-home", "--shell", "/bin/bash", name)
        for group in groups:
            self.run("usermod", "--append", "--groups", group, name)
        self.set_password(name, password)

    def set_password(self, name, password):
        self.run("chpasswd", stdin=f"{name}:{password}\n")

    def systemctl(self, *arguments, **options):
        return self.run("systemctl", *arguments, **options)

    def main_pid(self, unit):
        """The unit's main process as the bed numbers it; 0 while there is none."""
        return int(self.output("systemctl", "show", "--value", "--property=MainPID", unit))

    def kill(self, pid, number):
        self.run("kill", f"-{int(number)}", str(pid))

    @contextlib.contextmanager
    def paused(self, unit):
        """SIGSTOP the unit's main process; SIGCONT it at the end, whatever happens."""
        pid = self.main_pid(unit)
        assert pid, f"{unit} does not run"
        self.kill(pid, signal.SIGSTOP)
        try:
            wait_until(lambda: self._process_state(pid) == "T", f"{unit} is stopped")
            yield pid
        finally:
            self.kill(pid, signal.SIGCONT)

    def _process_state(self, pid):
        stat = self.path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0]

    def logind_sessions(self, user):
        rows = json.loads(self.output("loginctl", "list-sessions", "--output=json") or "[]")
        return [row["session"] for row in rows if row["user"] == user]
