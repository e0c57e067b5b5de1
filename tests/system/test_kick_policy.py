# SPDX-License-Identifier: MIT
"""The effect of [Kick] on a kick, and the signals that everyone on the bus hears."""

import contextlib
import signal
import subprocess

import pytest

from deadline import wait_until
from host import PASSWORDS, SERVICE
from listener import Listener

DROP_IN = "90-kick.conf"


@contextlib.contextmanager
def kick_options(host, text):
    host.configure(DROP_IN, f"[Kick]\n{text}\n")
    host.bed.systemctl("reload", SERVICE)
    try:
        yield
    finally:
        host.unconfigure(DROP_IN)
        host.bed.systemctl("reload", SERVICE)


@pytest.fixture
def listener(host):
    with Listener(host.bed) as started:
        yield started


def test_the_bus_hears_of_a_session_in_order_and_nothing_but_its_id(host, listener):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    host.authtoken.kick_session(token)
    shell.wait_closed()
    opened, revoked, ending, ended = (listener.next() for _ in range(4))
    assert opened[0] == "SessionOpened" and opened[1][0] == token.session
    assert revoked == ("TokenRevoked", [token.session, "session-kicked"])
    assert ending[0] == "SessionEnding"
    assert ending[1][:2] == [token.session, "session-kicked"]
    assert ended == ("SessionEnded", [token.session, "session-kicked"])


def test_the_grace_lies_between_the_announcement_and_the_end(host, listener):
    with kick_options(host, "KickGrace=1s"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        listener.next()
        words = host.authtoken.words("KickSession", "ss", token.session, "")
        with subprocess.Popen(host.bed.command(*words), stdout=subprocess.PIPE) as call:
            assert [listener.next()[0] for _ in range(2)] == ["TokenRevoked", "SessionEnding"]
            assert host.authtoken.verdict(token.text) == "session-kicked"
            assert shell.is_open()
            shell.wait_closed()
            assert b"[1,0]" in call.stdout.read()


def test_a_daemon_that_dies_in_the_grace_time_ends_the_login_when_it_is_back(host, listener):
    with kick_options(host, "KickGrace=1h"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        listener.next()
        words = host.authtoken.words("KickSession", "ss", token.session, "")
        with subprocess.Popen(host.bed.command(*words), stderr=subprocess.DEVNULL):
            assert [listener.next()[0] for _ in range(2)] == ["TokenRevoked", "SessionEnding"]
            assert shell.is_open()
            host.configure(DROP_IN, "[Kick]\nKickGrace=0\n")
            host.bed.kill(host.bed.main_pid(SERVICE), signal.SIGKILL)
            shell.wait_closed()
        host.authtoken.wait_ready()


def test_a_terminal_ends_also_where_the_policy_locks(host):
    with kick_options(host, "OnKick=lock"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        assert host.authtoken.kick_session(token) == (1, 0)
        shell.wait_closed()


@pytest.fixture
def notified_shell(host):
    """alice's shell, which stays after its session was kicked."""
    with kick_options(host, "OnKick=notify"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        host.authtoken.kick_session(token)
        assert host.authtoken.verdict(token.text) == "session-kicked"
        assert shell.is_open()
        yield shell


def test_a_shell_that_only_was_told_has_no_sudo_any_more(host, notified_shell):
    """Not even by the right password: the account check knows whose shell it is."""
    status, output, _ = notified_shell.sudo("id --user", PASSWORDS["alice"])
    assert status == 1
    assert "0" not in output.splitlines()
    host.journal.wait_for(AUTHTOKEN_EVENT="account", AUTHTOKEN_REASON="shell-ended",
                          AUTHTOKEN_SERVICE="sudo")


def test_a_password_opens_a_new_shell_beside_it(host, notified_shell):
    assert host.login("alice").sudo("id --user", PASSWORDS["alice"]) == (0, "0", True)


def test_the_scope_user_ends_all_sessions_of_the_user(host):
    with kick_options(host, "KickScope=user"):
        named, other = host.authtoken.issue("alice"), host.authtoken.issue("alice")
        shell = host.login("alice", other.text)
        assert host.authtoken.kick_session(named) == (1, 0)
        shell.wait_closed()
        wait_until(lambda: host.authtoken.sessions("alice") == [], "no session is left")
