# SPDX-License-Identifier: MIT
"""What was typed at a prompt is nowhere afterwards, and nowhere while a shell is open."""

import os
import signal

import pytest

from deadline import wait_until
from host import PASSWORDS, SERVICE

# A piece of a secret this long is a leak as well.
WINDOW = 16
PLACES = ("/var/lib/authtoken", "/run/authtokend", "/run/authtoken", "/var/log", "/var/lib/redis",
          "/run/log", "/tmp", "/var/tmp", "/var/lib/systemd")


def pieces(secret):
    return {secret[i:i + WINDOW].encode() for i in range(len(secret) - WINDOW + 1)}


class Canary:
    """Secrets, and all places of the bed where they could have been left."""

    def __init__(self, host, secrets):
        self.host = host
        self.pieces = set().union(*(pieces(secret) for secret in secrets))

    def _is_in(self, content):
        return any(piece in content for piece in self.pieces)

    def in_journal(self):
        journal = self.host.bed.output("journalctl", "--quiet", "--output=export", "--all")
        return self._is_in(journal.encode("utf-8", "surrogateescape"))

    def in_processes(self):
        """Names of the files in /proc, of processes that run now."""
        proc = self.host.bed.path("/proc")
        found = []
        for pid in (name for name in os.listdir(proc) if name.isdigit()):
            for name in ("cmdline", "environ", "comm"):
                try:
                    content = (proc / pid / name).read_bytes()
                except OSError:
                    continue
                if self._is_in(content):
                    found.append(f"{pid}/{name}")
        return found

    def in_files(self):
        found = []
        for place in PLACES:
            for directory, _, names in os.walk(self.host.bed.path(place)):
                for name in names:
                    path = os.path.join(directory, name)
                    if os.path.isfile(path) and not os.path.islink(path):
                        with open(path, "rb") as file:
                            if self._is_in(file.read()):
                                found.append(path)
        return found


@pytest.fixture
def talkative(host):
    """Everything that can be told to say more does."""
    bed = host.bed
    stacks = [path for path in bed.path("/etc/pam.d").iterdir()
              if path.name.startswith("common-") and "pam_authtoken.so" in path.read_text()]
    originals = {path: path.read_text() for path in stacks}
    assert stacks
    for path, text in originals.items():
        path.write_text(text.replace("pam_authtoken.so", "pam_authtoken.so debug"))
    bed.write("/etc/ssh/sshd_config.d/debug.conf", "LogLevel DEBUG3\n")
    bed.systemctl("reload", "ssh")
    yield host
    for path, text in originals.items():
        path.write_text(text)
    bed.path("/etc/ssh/sshd_config.d/debug.conf").unlink()
    bed.systemctl("reload", "ssh")


def secret_parts(token):
    _, payload, signature = token.text.split(".")
    return [payload, signature]


def test_tokens_and_passwords_are_nowhere(talkative):
    host = talkative
    used = host.authtoken.issue("alice", data='{"marked":"canary"}')
    expired = host.authtoken.issue_expired("alice")
    revoked = host.authtoken.issue("alice")
    host.authtoken.revoke_session(revoked)
    foreign = host.authtoken.issue("carol")
    canary = Canary(host, [part for token in (used, expired, revoked, foreign)
                           for part in secret_parts(token)] + [PASSWORDS["alice"]])

    shell = host.login("alice", used.text)
    assert shell.sudo("true", used.text)[0] == 0
    shell.run("sudo -k")
    assert shell.sudo("true", PASSWORDS["alice"])[0] == 0
    by_password = host.login("alice", method="password")
    for token in (expired, revoked, foreign):
        host.ssh.refusal("alice", token.text)
    host.ssh.refusal("alice", used.with_broken_signature())
    assert canary.in_processes() == []
    host.authtoken.kick_session(used)
    shell.wait_closed()
    by_password.logout()

    host.journal.wait_for(AUTHTOKEN_EVENT="kick", AUTHTOKEN_USER="alice")
    assert not canary.in_journal()
    assert canary.in_processes() == []
    assert canary.in_files() == []


def test_the_search_finds_what_was_left(host):
    """Without this the test above could not fail."""
    bed = host.bed
    token = host.authtoken.issue("alice")
    canary = Canary(host, secret_parts(token))
    cut = token.parts()[2][20:20 + WINDOW]
    assert not canary.in_journal() and not canary.in_files() and not canary.in_processes()

    bed.run("logger", "--tag", "canary", f"it said {cut} by mistake")
    host.journal.wait_for(SYSLOG_IDENTIFIER="canary")
    assert canary.in_journal()
    bed.write("/var/lib/authtoken/left-over", cut)
    assert len(canary.in_files()) >= 1
    bed.path("/var/lib/authtoken/left-over").unlink()
    pid = bed.output("sh", "-c", f"CANARY={cut} setsid sleep 60 >/dev/null 2>&1 & echo $!")
    wait_until(lambda: canary.in_processes() == [f"{pid}/environ"], "the environment is searched")
    bed.kill(pid, signal.SIGKILL)


def test_a_crash_leaves_no_core(host):
    bed = host.bed
    before = cores(bed)
    pid = bed.main_pid(SERVICE)
    bed.kill(pid, signal.SIGSEGV)
    wait_until(lambda: bed.main_pid(SERVICE) not in (0, pid), "the daemon is back")
    host.authtoken.wait_ready()
    assert cores(bed) == before


def cores(bed):
    return bed.output("find", "/", "-xdev", "-type", "f", "-name", "core*", "-size", "+100k",
                      "-not", "-path", "/proc/*", "-not", "-path", "/usr/*")


def test_a_key_is_readable_by_the_daemon_only(host):
    modes = host.bed.output("find", "/var/lib/authtoken/keys", "-printf", "%y %m %u\\n")
    rows = sorted(set(modes.splitlines()))
    assert rows == ["d 700 authtoken", "f 600 authtoken"]
