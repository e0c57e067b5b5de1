# SPDX-License-Identifier: MIT
"""Things hang, die or are broken: passwords log in all the same, and tokens do again afterwards."""

import shlex
import signal
import subprocess
import time

import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import DROP_INS, PASSWORDS, SERVICE, SOCKET
from ssh import METHODS

# How much longer a password login may take than on a healthy system.
PASSWORD_DELAY_SECONDS = 1.0
KILLS = 20
FLOOD = 700
# Holds as many connections as it gets, most of them with rubbish sent, until its input ends.
CROWD = """
use Socket;
for (1 .. 400) {
    socket(my $peer, AF_UNIX, SOCK_SEQPACKET, 0) or last;
    connect($peer, sockaddr_un("/run/authtoken/pam.sock")) or last;
    send($peer, "x" x $_, MSG_NOSIGNAL) if $_ % 4;
    push @peers, $peer;
}
$| = 1;
print scalar(@peers), "\\n";
<STDIN>;
"""


def seconds_of_password_login(host, method="keyboard-interactive"):
    child, _ = host.ssh.connect("bob", method)
    start = time.monotonic()
    shell = host.ssh.answer(child, "bob", PASSWORDS["bob"])
    seconds = time.monotonic() - start
    shell.drop()
    return seconds


@pytest.fixture(scope="module")
def usual_seconds(booted_host):
    return min(seconds_of_password_login(booted_host) for _ in range(3))


def assert_password_login_is_quick(host, usual, note, method="keyboard-interactive"):
    seconds = seconds_of_password_login(host, method)
    note(f"password login {seconds:.2f} s, usually {usual:.2f} s")
    assert seconds <= usual + PASSWORD_DELAY_SECONDS


def assert_token_logs_in(host):
    token = host.authtoken.issue("alice")
    assert host.login("alice", token.text).run("id --user --name") == (0, "alice")
    return token


@pytest.fixture
def stopped_daemon(host):
    host.bed.systemctl("stop", SOCKET, SERVICE)
    yield host
    host.bed.systemctl("start", SOCKET, SERVICE)
    host.authtoken.wait_ready()


@pytest.mark.parametrize("method", METHODS)
def test_without_a_daemon_a_password_logs_in(stopped_daemon, usual_seconds, note, method):
    assert_password_login_is_quick(stopped_daemon, usual_seconds, note, method)


@pytest.mark.parametrize("method", METHODS)
def test_without_a_daemon_a_token_does_not(host, method):
    token = host.authtoken.issue("alice")
    host.bed.systemctl("stop", SOCKET, SERVICE)
    try:
        assert "Permission denied" in host.ssh.refusal("alice", token.text, method)
        host.journal.wait_for_module("daemon-absent")
    finally:
        host.bed.systemctl("start", SOCKET, SERVICE)
        host.authtoken.wait_ready()
    assert host.login("alice", token.text, method=method).is_open()


@pytest.mark.parametrize("method", METHODS)
def test_with_a_hung_daemon_a_password_logs_in(host, usual_seconds, note, method):
    with host.bed.paused(SERVICE):
        assert_password_login_is_quick(host, usual_seconds, note, method)


@pytest.mark.parametrize("method", METHODS)
def test_with_a_hung_daemon_a_token_does_not(host, method):
    token = host.authtoken.issue("alice")
    with host.bed.paused(SERVICE):
        assert "Permission denied" in host.ssh.refusal("alice", token.text, method)
        host.journal.wait_for_module("daemon-timeout")
    assert host.authtoken.logins("alice") == []
    assert host.login("alice", token.text, method=method).is_open()


def test_a_hung_journald_stops_nobody(host, usual_seconds, note):
    with host.bed.paused("systemd-journald.service"):
        assert_password_login_is_quick(host, usual_seconds, note)
        token = assert_token_logs_in(host)
        assert host.authtoken.kick_session(token) == (1, 0)


def test_a_hung_journald_that_takes_no_more_lines_stops_nobody(host):
    bad = host.authtoken.issue("alice").with_broken_signature()
    words = shlex.join(host.authtoken.words("ValidateToken", "sa{sv}", bad, 0))
    with host.bed.paused("systemd-journald.service"):
        host.bed.run("sh", "-c", f"for i in $(seq {FLOOD}); do {words} 2>/dev/null; done",
                     check=False)
        token = host.authtoken.issue("alice")
        assert host.authtoken.verdict(token.text) == "ok"


def test_a_hung_polkitd_stops_only_who_needs_it(host, usual_seconds, note):
    host.bed.systemctl("start", "polkit")
    with host.bed.paused("polkit.service"):
        assert_password_login_is_quick(host, usual_seconds, note)
        words = host.authtoken.words("KickUser", "sa{sv}s", "alice", 0, "")
        waiting = host.bed.command("runuser", "-u", "bob", "--", *words)
        with subprocess.Popen(waiting, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as call:
            try:
                token = host.authtoken.issue("alice")
                shell = host.login("alice", token.text)
                host.authtoken.revoke_session(token)
                assert host.authtoken.verdict(token.text) == "session-revoked"
                assert call.poll() is None, "it waits for polkit"
            finally:
                call.kill()
    # logind asks polkit whether the daemon may end a session, so this has to wait for it.
    shell.wait_closed()


@pytest.fixture
def without_pam_systemd(host):
    """pam_systemd itself waits for a hung logind, much longer than we allow ourselves."""
    host.bed.run("pam-auth-update", "--disable", "systemd")
    yield host
    host.bed.run("pam-auth-update", "--enable", "systemd")


def test_a_hung_logind_stops_nobody(host, without_pam_systemd, usual_seconds, note):
    bystander = host.authtoken.issue("carol")
    with host.bed.paused("systemd-logind.service"):
        assert_password_login_is_quick(host, usual_seconds, note)
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        assert shell.is_open()
        assert host.authtoken.verdict(bystander.text) == "ok"


def test_a_kick_with_a_hung_logind_is_done_when_it_is_back(host):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    words = host.authtoken.words("KickSession", "ss", token.session, "")
    with host.bed.paused("systemd-logind.service"):
        with subprocess.Popen(host.bed.command(*words), stdout=subprocess.PIPE) as call:
            wait_until(lambda: host.authtoken.verdict(token.text) == "session-kicked",
                       "the token is refused although the shell is still there")
            assert call.poll() is None, "it waits for the shell's end"
            host.bed.kill(host.bed.main_pid("systemd-logind.service"), signal.SIGCONT)
            answer, _ = call.communicate(timeout=30)
    assert b"[1,0]" in answer
    shell.wait_closed()


@pytest.mark.store("redis")
def test_a_hung_redis_stops_tokens_only(host, usual_seconds, note):
    token = host.authtoken.issue("alice")
    with host.bed.paused("redis-server.service"):
        assert "Permission denied" in host.ssh.refusal("alice", token.text)
        # Who asks is the first to notice, or what is asked all the time was.
        wait_until(lambda: any(host.journal.entries(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON=reason,
                                                    AUTHTOKEN_USER="alice")
                               for reason in ("store-timeout", "store-offline")), "the refusal to be told")
        assert_password_login_is_quick(host, usual_seconds, note)
        assert host.authtoken.is_ready()
    wait_until(lambda: host.authtoken.verdict(token.text) == "ok", "the store is back")
    assert host.login("alice", token.text).is_open()


@pytest.mark.store("redis")
def test_a_dead_redis_stops_tokens_only(host, usual_seconds, note):
    token = host.authtoken.issue("alice")
    host.bed.systemctl("stop", "redis-server")
    try:
        assert_password_login_is_quick(host, usual_seconds, note)
        assert "Permission denied" in host.ssh.refusal("alice", token.text)
    finally:
        host.bed.systemctl("start", "redis-server")
    wait_until(lambda: host.authtoken.verdict(token.text) == "ok", "the store is back")
    assert host.login("alice", token.text).is_open()


@pytest.mark.store("redis")
def test_a_revocation_outlives_a_killed_redis(host):
    kept, revoked = host.authtoken.issue("alice"), host.authtoken.issue("alice")
    host.authtoken.revoke_session(revoked)
    pid = host.bed.main_pid("redis-server")
    host.bed.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.bed.main_pid("redis-server") not in (0, pid), "Redis is back")
    wait_until(lambda: host.authtoken.verdict(kept.text) == "ok", "the store is back")
    assert host.authtoken.verdict(revoked.text) == "session-revoked"


def test_a_revocation_outlives_a_killed_daemon(host):
    kept, revoked = host.authtoken.issue("alice"), host.authtoken.issue("alice")
    host.authtoken.revoke_session(revoked)
    kill_daemon(host)
    host.authtoken.wait_ready()
    assert host.authtoken.verdict(kept.text) == "ok"
    assert host.authtoken.verdict(revoked.text) == "session-revoked"


def test_a_crowd_of_one_user_stops_nobody_else(host, usual_seconds, note):
    crowd = host.bed.command("runuser", "-u", "bob", "--", "perl", "-e", CROWD)
    with subprocess.Popen(crowd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peers:
        assert int(peers.stdout.readline()) > 0
        assert_password_login_is_quick(host, usual_seconds, note)
        token = assert_token_logs_in(host)
        assert host.authtoken.kick_session(token) == (1, 0)
        peers.stdin.close()


def kill_daemon(host):
    """kill -9, and wait until there is another one."""
    pid = wait_until(lambda: host.bed.main_pid(SERVICE), "the daemon runs", seconds=30)
    host.bed.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.bed.main_pid(SERVICE) not in (0, pid), "the daemon is back", seconds=30)


def test_twenty_kills_in_a_row_leave_logins_working(host, usual_seconds, note):
    for _ in range(KILLS):
        kill_daemon(host)
    assert_password_login_is_quick(host, usual_seconds, note)
    host.authtoken.wait_ready()
    assert_token_logs_in(host)
    assert host.bed.output("systemctl", "is-active", SOCKET) == "active"


def test_a_broken_and_repaired_configuration_heals_by_itself(host, usual_seconds, note):
    token = host.authtoken.issue("alice")
    host.configure("99-broken.conf", "[Daemon]\nNoSuchOption=1\n")
    try:
        assert host.bed.systemctl("restart", SERVICE, check=False).returncode != 0
        assert_password_login_is_quick(host, usual_seconds, note)
        assert "Permission denied" in host.ssh.refusal("alice", token.text)
        where = f"{DROP_INS}/99-broken.conf:2"
        wait_until(lambda: any(where in row.get("MESSAGE", "") for row in
                               host.journal.entries(_SYSTEMD_UNIT=SERVICE)),
                   "the journal names file and line")
    finally:
        host.unconfigure("99-broken.conf")
    host.authtoken.wait_ready()
    assert host.login("alice", token.text).is_open()
    assert host.bed.output("systemctl", "is-active", SOCKET) == "active"


def test_a_reload_of_a_broken_configuration_keeps_the_old_one(host):
    host.configure("99-broken.conf", "[Store]\nType=paper\n")
    try:
        with pytest.raises(CallFailed) as failure:
            host.authtoken.call("Reload")
        assert f"{DROP_INS}/99-broken.conf:2" in str(failure.value)
        assert host.bed.systemctl("reload", SERVICE, check=False).returncode != 0
        assert_token_logs_in(host)
    finally:
        host.unconfigure("99-broken.conf")
    host.bed.systemctl("reload", SERVICE)
    assert_token_logs_in(host)


def test_a_login_starts_a_daemon_that_was_stopped(host):
    token = host.authtoken.issue("alice")
    host.bed.systemctl("stop", SERVICE)
    assert host.login("alice", token.text).is_open()
