# SPDX-License-Identifier: MIT
"""The stock ssh client, driven through a terminal as a person would."""

import re
import time

import pexpect

KEYBOARD = "keyboard-interactive"
PASSWORD = "password"
METHODS = (KEYBOARD, PASSWORD)

PROMPTS = {
    KEYBOARD: r"\((?P<who>\w+)@[\d.]+\) Password[^\r\n]*: ",
    PASSWORD: r"(?P<who>\w+)@[\d.]+'s password: ",
}
SHELL_PROMPT = r"\w+@\w+:[^\r\n]*[$#] "
LOGIN_SECONDS = 40
COMMAND_SECONDS = 20


class LoginRefused(Exception):
    """The server closed the connection; the text is all that the stranger saw."""


class Shell:
    """A terminal with a shell at its end: an ssh connection, or sudo inside one."""

    def __init__(self, child, user):
        self.child = child
        self.user = user

    def run(self, command, seconds=COMMAND_SECONDS):
        """Return (exit status, output) of a command typed into the shell."""
        self.child.sendline(f"{command}; printf '<%s:%s>\\n' status $?")
        self.child.expect(r"<status:(\d+)>\r\n", timeout=seconds)
        status = int(self.child.match.group(1))
        output = self.child.before.partition("\n")[2].replace("\r", "")
        self.child.expect(SHELL_PROMPT, timeout=seconds)
        return status, output.strip()

    def is_open(self):
        """Ask for an answer: a connection that only looks open gives none."""
        try:
            return self.run("echo alive") == (0, "alive")
        except (pexpect.EOF, pexpect.TIMEOUT, OSError):
            return False

    def wait_closed(self, seconds=COMMAND_SECONDS):
        """Read until the connection closes; return the moment and what was said at last."""
        self.child.expect(pexpect.EOF, timeout=seconds)
        moment = time.monotonic()
        self.child.wait()
        # A process that has ended needs no time to do so.
        self.child.ptyproc.delayafterclose = 0
        self.child.close()
        return moment, self.child.before

    def logout(self):
        if self.child.isalive():
            self.child.sendline("exit")
            self.child.expect(pexpect.EOF, timeout=COMMAND_SECONDS)
        self.child.close()

    def drop(self):
        """End the client as a lost network would."""
        self.child.close(force=True)

    def elevate(self, command, secret=None, user="root"):
        """Type a command that gives another user's shell; return that, in the same terminal."""
        self.child.sendline(command)
        if secret is not None:
            self.child.expect(r"(Password|\[sudo\])[^\r\n]*: ", timeout=COMMAND_SECONDS)
            self.child.sendline(secret)
        self.child.expect(rf"{user}@\w+:[^\r\n]*[$#] ", timeout=COMMAND_SECONDS)
        return Shell(self.child, user)

    def leave(self):
        """Back to the shell around this one."""
        self.child.sendline("exit")
        self.child.expect(SHELL_PROMPT, timeout=COMMAND_SECONDS)

    def sudo(self, command, secret=None):
        """Return (exit status, output, asked) of a sudo command; answers one prompt at most."""
        self.child.sendline(f"sudo {command}; printf '<%s:%s>\\n' status $?")
        ended = r"<status:(\d+)>\r\n"
        prompt = r"(Password|\[sudo\])[^\r\n]*: "
        asked = self.child.expect([ended, prompt], timeout=COMMAND_SECONDS) == 1
        if asked:
            # Without a secret, and for a second prompt, the answer is an end of file.
            if secret is None:
                self.child.sendeof()
            else:
                self.child.sendline(secret)
            while self.child.expect([ended, prompt], timeout=COMMAND_SECONDS) == 1:
                self.child.sendintr()
        status = int(self.child.match.group(1))
        output = self.child.before.rpartition("status $?\r\n")[2].replace("\r", "")
        self.child.expect(SHELL_PROMPT, timeout=COMMAND_SECONDS)
        return status, output.strip(), asked


class Ssh:
    """Logins from a bed: to itself, or to another one."""

    def __init__(self, bed, address="127.0.0.1"):
        self.bed = bed
        self.address = address
        self.open_shells = []

    def connect(self, user, method=KEYBOARD, command=None, source=None):
        """Start the client and wait for its prompt; return the terminal and the prompt.

        With a command there is no terminal, and no shell, at the other end.
        """
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "PubkeyAuthentication": "no",
            "PreferredAuthentications": method,
            "NumberOfPasswordPrompts": "1",
        }
        if source is not None:
            options["BindAddress"] = source
        words = [word for pair in options.items() for word in ("-o", "=".join(pair))]
        target = f"{user}@{self.address}"
        words += ["-tt", target] if command is None else [target, command]
        client = self.bed.command("env", "TERM=dumb", "ssh", *words)
        child = pexpect.spawn(client[0], client[1:], encoding="utf-8", codec_errors="replace",
                              timeout=LOGIN_SECONDS, dimensions=(50, 500))
        child.delaybeforesend = None
        child.expect(PROMPTS[method])
        assert child.match.group("who") == user
        return child, child.match.group(0)

    def answer(self, child, user, secret):
        """Type the secret; return the Shell, or raise LoginRefused."""
        # ssh turns the echo off before it writes the prompt, so nothing of this comes back.
        child.sendline(secret)
        return self.wait_for_shell(child, user)

    def wait_for_shell(self, child, user):
        if child.expect([SHELL_PROMPT, pexpect.EOF]) == 1:
            child.close()
            raise LoginRefused(child.before)
        shell = Shell(child, user)
        self.open_shells.append(shell)
        return shell

    def login(self, user, secret, method=KEYBOARD, source=None):
        child, _ = self.connect(user, method, source=source)
        return self.answer(child, user, secret)

    def refusal(self, user, secret, method=KEYBOARD, source=None):
        """Log in, which must fail; return what the stranger saw."""
        try:
            shell = self.login(user, secret, method, source)
        except LoginRefused as refused:
            return re.sub(r"\s+", " ", str(refused)).strip()
        shell.drop()
        raise AssertionError(f"{user} was let in")

    def make_key(self, user):
        """Let the user in by a public key; return the words of a command that does."""
        folder = f"/home/{user}/.ssh"
        self.bed.run("sh", "-c", f"mkdir -p -m 700 {folder} && rm -f {folder}/id && "
                     f"ssh-keygen -q -t ed25519 -N '' -f {folder}/id && cp {folder}/id.pub {folder}/authorized_keys",
                     user=user)
        return ["ssh", "-i", f"{folder}/id", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", f"{user}@{self.address}"]

    def close_all(self):
        for shell in self.open_shells:
            shell.drop()
        self.open_shells = []
