# SPDX-License-Identifier: MIT
"""Bans, revocation by everything and lock-outs, as people at a prompt meet them."""

import pathlib
import statistics
import subprocess
import sys
import time

import pexpect
import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import REDIS_SOCKET, SERVICE
from ssh import METHODS

FAILURES = 3
LIMITS = f"[Limits]\nLoginFailures={FAILURES}\n"
NOBODY = 65534
CONNECTIONS = 200
LOGINS = 12
HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
FLOOD = pathlib.Path(__file__).resolve().parents[1] / "fixtures/flood.py"


def ban(host, user, seconds=0):
    return tuple(host.authtoken.call("BanUser", "sts", user, seconds, "test"))


@pytest.fixture
def banned(host):
    """Whom a test has banned comes back."""
    users = []

    def impose(user, seconds=0):
        users.append(user)
        return ban(host, user, seconds)

    yield impose
    for user in users:
        try:
            host.authtoken.call("UnbanUser", "s", user)
        except CallFailed as failure:
            assert "not-banned" in str(failure)


@pytest.mark.parametrize("method", METHODS)
def test_a_ban_ends_the_shell_and_an_unban_lets_in_again(host, banned, method):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text, method=method)
    other = host.login("carol", host.authtoken.issue("carol").text)
    assert banned("alice") == (1, 0)
    shell.wait_closed()
    assert other.is_open()
    host.ssh.refusal("alice", token.text, method)
    host.journal.wait_for(AUTHTOKEN_EVENT="ban", AUTHTOKEN_USER="alice", AUTHTOKEN_NOTE="test")
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON="user-banned")
    host.authtoken.call("UnbanUser", "s", "alice")
    host.ssh.refusal("alice", token.text, method)
    assert host.login("alice", host.authtoken.issue("alice").text, method=method).is_open()


def test_a_not_before_time_that_is_not_ahead_is_not_put_back(host):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    done = host.bed.run("authtokenctl", "revoke", "--user", "alice", "--before", "now", "--lower", check=False)
    assert (done.returncode, done.stdout) == (3, "") and "not-ahead" in done.stderr
    host.journal.wait_for(AUTHTOKEN_EVENT="before-lowered", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON="not-ahead")
    assert shell.is_open()


def test_a_banned_user_is_refused_with_a_key_and_with_the_password(host, banned):
    key = host.ssh.make_key("bob")
    assert host.bed.run(*key, "true", user="bob", check=False).returncode == 0
    banned("bob")
    assert host.bed.run(*key, "true", user="bob", check=False).returncode != 0
    host.journal.wait_for(AUTHTOKEN_EVENT="account", AUTHTOKEN_USER="bob", AUTHTOKEN_REASON="user-banned")
    host.ssh.refusal("bob", "ivy-Passw0rd-bob")
    host.authtoken.call("UnbanUser", "s", "bob")
    assert host.bed.run(*key, "true", user="bob", check=False).returncode == 0


def test_a_ban_ends_by_itself_and_outlasts_a_kill(host, banned):
    key = host.ssh.make_key("bob")
    banned("bob", 3600)
    pid = host.bed.main_pid(SERVICE)
    host.bed.kill(pid, 9)
    wait_until(lambda: host.bed.main_pid(SERVICE) not in (0, pid), "the daemon is back")
    host.authtoken.wait_ready()
    assert host.bed.run(*key, "true", user="bob", check=False).returncode != 0
    banned("bob", 1)
    wait_until(lambda: host.bed.run(*key, "true", user="bob", check=False).returncode == 0, "the ban is over")


def test_the_command_bans_and_lifts(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    assert host.bed.output("authtokenctl", "ban", "--for", "1h", "--reason", "left", "alice") == "banned; 1 login ended"
    shell.wait_closed()
    assert "left" in host.bed.output("authtokenctl", "ban", "--list")
    host.bed.run("authtokenctl", "unban", "alice")
    assert host.bed.run("authtokenctl", "unban", "alice", check=False).returncode == 3


def test_a_platform_ends_and_no_other(host):
    phone = host.login("alice", host.authtoken.issue("alice", platform="phone", device="d1").text)
    tablet = host.login("alice", host.authtoken.issue("alice", platform="phone", device="d2").text)
    desktop = host.login("alice", host.authtoken.issue("alice", platform="desktop").text)
    assert host.bed.output("authtokenctl", "revoke", "--user", "alice", "--device", "d1") == "1 session revoked"
    phone.wait_closed()
    assert tablet.is_open()
    assert host.bed.output("authtokenctl", "revoke", "--user", "alice", "--platform", "phone") == "1 session revoked"
    tablet.wait_closed()
    assert desktop.is_open()


def test_everything_issued_before_a_time_ends(host):
    old = host.authtoken.issue("alice")
    shell = host.login("alice", old.text)
    edge = int(time.time()) + 1
    wait_until(lambda: time.time() >= edge, "the next second")
    young = host.login("alice", host.authtoken.issue("alice").text)
    assert host.bed.output("authtokenctl", "revoke", "--user", "alice", "--before", f"@{edge}") == "1 session revoked"
    shell.wait_closed()
    assert young.is_open()
    host.ssh.refusal("alice", old.text)
    assert host.bed.output("authtokenctl", "revoke", "--user", "alice", "--before", "now") == "1 session revoked"
    young.wait_closed()


def test_all_of_a_tenant_ends(host):
    shells = [host.login(user, host.authtoken.issue(user).text) for user in ("alice", "carol")]
    assert host.bed.output("authtokenctl", "revoke", "--all", "--reason", "breach") == "2 sessions revoked"
    for shell in shells:
        shell.wait_closed()
    host.journal.wait_for(AUTHTOKEN_EVENT="revoke-all", AUTHTOKEN_NOTE="breach", AUTHTOKEN_COUNT="2")


def test_revoked_twice_says_so(host):
    token = host.authtoken.issue("alice")
    host.bed.run("authtokenctl", "revoke", "--session", token.session)
    done = host.bed.run("authtokenctl", "revoke", "--session", token.session, check=False)
    assert done.returncode == 1
    assert "session-revoked" in done.stderr


@pytest.fixture
def limited(host):
    host.configure("60-limits.conf", LIMITS)
    host.bed.systemctl("reload", SERVICE)
    yield host
    host.unconfigure("60-limits.conf")
    host.bed.systemctl("reload", SERVICE)


def test_who_guesses_is_locked_out_at_one_address_only(limited):
    host, token = limited, limited.authtoken.issue("alice")
    for _ in range(FAILURES):
        host.ssh.refusal("alice", token.with_broken_signature(), source="127.0.0.2")
    host.journal.wait_for(AUTHTOKEN_EVENT="lock-out", AUTHTOKEN_USER="alice", AUTHTOKEN_RHOST="127.0.0.2",
                          AUTHTOKEN_REASON="locked-out")
    host.ssh.refusal("alice", token.text, source="127.0.0.2")
    assert host.login("alice", token.text, source="127.0.0.3").is_open()
    assert host.login("carol", host.authtoken.issue("carol").text, source="127.0.0.2").is_open()
    # A password is none of ours: it is not counted, and not kept out.
    assert host.login("alice", source="127.0.0.2").is_open()
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()
    host.ssh.refusal("alice", token.text, source="127.0.0.2")
    assert len(host.journal.entries(AUTHTOKEN_EVENT="lock-out")) == 1


def test_who_was_locked_out_is_let_in_again(limited):
    host, token = limited, limited.authtoken.issue("alice")
    for source in ("127.0.0.4", "127.0.0.5"):
        for _ in range(FAILURES):
            host.ssh.refusal("alice", token.with_broken_signature(), source=source)
        host.ssh.refusal("alice", token.text, source=source)
        assert source in host.bed.output("authtokenctl", "unlock", "--list", "alice")
    assert host.bed.run("authtokenctl", "unlock", "alice", user="carol", check=False).returncode == 4
    assert host.bed.output("authtokenctl", "unlock", "alice", "127.0.0.4") == "1 lock-out lifted"
    pid = host.bed.main_pid(SERVICE)
    host.bed.kill(pid, 9)
    host.journal.wait_for(AUTHTOKEN_EVENT="unlock", AUTHTOKEN_USER="alice", AUTHTOKEN_RHOST="127.0.0.4",
                          AUTHTOKEN_REASON="ok", AUTHTOKEN_COUNT="1", AUTHTOKEN_PEER_UID="0")
    wait_until(lambda: host.bed.main_pid(SERVICE) not in (0, pid), "the daemon is back")
    host.authtoken.wait_ready()
    assert host.login("alice", token.text, source="127.0.0.4").is_open()
    host.ssh.refusal("alice", token.text, source="127.0.0.5")
    listed = host.bed.output("authtokenctl", "unlock", "--list")
    assert "127.0.0.5" in listed and "127.0.0.4" not in listed
    host.bed.run("authtokenctl", "unlock", "alice")
    assert host.login("alice", token.text, source="127.0.0.5").is_open()


@pytest.fixture
def polkit_takes_tokens(limited):
    limited.configure("61-polkit.conf", '[Service "polkit-1"]\nTokens=yes\n')
    limited.bed.systemctl("reload", SERVICE)
    yield
    limited.unconfigure("61-polkit.conf")


@pytest.mark.usefixtures("polkit_takes_tokens")
def test_nobody_locks_another_out_by_the_helper_of_polkit(limited):
    """Everybody may start it for everybody; its own request to polkit is then refused."""
    host, token = limited, limited.authtoken.issue("alice")

    def try_as(caller, credential):
        host.bed.run(HELPER, "alice", user=caller, check=False, stdin=f"1-0123456789abcdef\n{credential}\n")

    def entry(reason):
        return host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON=reason,
                                     AUTHTOKEN_SERVICE="polkit-1")

    for _ in range(FAILURES):
        try_as("bob", "at-00000-00000")
    assert entry("code-unknown")
    host.journal.wait_for(AUTHTOKEN_EVENT="lock-out", AUTHTOKEN_USER="alice", AUTHTOKEN_SERVICE="polkit-1")
    try_as("bob", token.text)
    assert not host.journal.entries(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="ok")
    try_as("alice", token.text)
    assert entry("ok")
    for service in ("login", "su"):
        done = host.bed.run("pamtester", service, "alice", "authenticate", check=False, stdin=f"{token.text}\n")
        assert done.returncode == 0, done.stderr


@pytest.mark.store("redis")
def test_a_good_token_of_no_session_locks_nobody_out(limited):
    host, token = limited, limited.authtoken.issue("alice")
    host.bed.run("redis-cli", "-s", REDIS_SOCKET, "FLUSHALL")
    for _ in range(2 * FAILURES):
        host.ssh.refusal("alice", token.text, source="127.0.0.5")
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON="session-unknown")
    assert host.login("alice", host.authtoken.issue("alice").text, source="127.0.0.5").is_open()


class Flood:
    """A user without rights, from outside of the bed, whose socket it is in."""

    def __init__(self, host, token):
        self.process = subprocess.Popen(
            [sys.executable, "-B", FLOOD, "pam.sock", str(NOBODY), "nobody", str(CONNECTIONS), token],
            cwd=host.bed.path("/run/authtoken"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "flooding\n"

    def stop(self):
        self.process.stdin.close()
        answers = int(self.process.stdout.readline())
        self.process.wait(20)
        self.process.stdout.close()
        return answers


def measure(host, text):
    """Seconds of each of some logins by ssh."""
    seconds = []
    for _ in range(LOGINS):
        child, _ = host.ssh.connect("alice", command="true")
        begun = time.monotonic()
        child.sendline(text)
        child.expect(pexpect.EOF)
        child.close()
        seconds.append(time.monotonic() - begun)
        assert child.exitstatus == 0
    return seconds


def test_all_get_in_by_ssh_while_nobody_floods(host, note):
    """How long it takes is only told here; it is scripts/bench that measures it."""
    token = host.authtoken.issue("alice")
    calm = measure(host, token.text)
    flood = Flood(host, token.with_broken_signature())
    loaded = measure(host, token.text)
    answers = flood.stop()
    assert answers > CONNECTIONS

    def accepted():
        return host.journal.entries(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON="ok")

    wait_until(lambda: len(accepted()) >= 2 * LOGINS, "the lines of all logins")
    assert len(accepted()) == 2 * LOGINS
    assert {user for user, _ in host.journal.refusals()} <= {None, "nobody"}
    note(f"ssh logins, calm and with a flood by one uid ({answers} answers): p50 "
         f"{statistics.median(calm) * 1000:.0f} and {statistics.median(loaded) * 1000:.0f} ms, "
         f"slowest {max(calm) * 1000:.0f} and {max(loaded) * 1000:.0f} ms")
