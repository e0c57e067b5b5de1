# SPDX-License-Identifier: MIT
"""What [Session] and [Policy] make of real logins."""

import contextlib
import time

import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import SERVICE
from ssh import LoginRefused

DROP_IN = "90-session.conf"
ELSEWHERE = "127.0.0.3"  # where nobody has been locked out


@contextlib.contextmanager
def options(host, text):
    host.configure(DROP_IN, f"{text}\n")
    host.bed.systemctl("reload", SERVICE)
    try:
        yield
    finally:
        host.unconfigure(DROP_IN)
        host.bed.systemctl("reload", SERVICE)


def test_a_second_sign_on_ends_the_first_shell(host, note):
    with options(host, "[Session]\nSingleSignOn=user"):
        first = host.authtoken.issue("alice")
        shell = host.login("alice", first.text)
        bystander = host.login("bob", host.authtoken.issue("bob").text)
        began = time.monotonic()
        second = host.authtoken.issue("alice")
        note(f"the first shell was closed {shell.wait_closed()[0] - began:.3f} s after the order of the second token")
        assert host.authtoken.verdict(first.text) == "session-replaced"
        with pytest.raises(LoginRefused):
            host.login("alice", first.text)
        assert host.login("alice", second.text).is_open()
        assert bystander.is_open()
        host.journal.wait_for(AUTHTOKEN_EVENT="session-end", AUTHTOKEN_REASON="session-replaced",
                              AUTHTOKEN_SESSION=first.session)


def test_another_device_keeps_its_shell(host):
    with options(host, "[Session]\nSingleSignOn=device"):
        laptop = host.login("alice", host.authtoken.issue("alice", device="laptop").text)
        phone = host.login("alice", host.authtoken.issue("alice", device="phone").text)
        host.authtoken.issue("alice", device="laptop")
        laptop.wait_closed()
        assert phone.is_open()


def test_the_oldest_shell_gives_way_at_the_limit(host):
    with options(host, '[Policy "group:alice"]\nMaxSessions=2\nOverflow=evict-oldest'):
        shells = [host.login("alice", host.authtoken.issue("alice").text) for _ in range(2)]
        host.authtoken.issue("alice")
        shells[0].wait_closed()
        assert shells[1].is_open()
        assert len(host.authtoken.sessions("alice")) == 2
        assert [host.authtoken.issue("bob") for _ in range(3)]


def test_the_limit_refuses_until_somebody_logs_out(host):
    with options(host, "[Session]\nMaxSessions=1"):
        token = host.authtoken.issue("alice")
        with pytest.raises(CallFailed, match="session-limit"):
            host.authtoken.issue("alice")
        host.authtoken.call("Logout", "sss", "alice", "", "")
        assert host.authtoken.verdict(token.text) == "session-logged-out"
        host.authtoken.issue("alice")


def test_an_idle_shell_ends(host):
    with options(host, "[Session]\nIdleTimeout=3s"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        shell.wait_closed()
        assert host.authtoken.verdict(token.text) == "session-idle"
        host.journal.wait_for(AUTHTOKEN_EVENT="login-ended", AUTHTOKEN_REASON="session-idle")


def test_a_shell_ends_with_the_lifetime_of_its_session(host):
    with options(host, "[Token]\nLifetime=3s\n[Session]\nAbsoluteLifetime=3s"):
        shell = host.login("alice", host.authtoken.issue("alice").text)
        shell.wait_closed()
        host.journal.wait_for(AUTHTOKEN_EVENT="login-ended", AUTHTOKEN_REASON="session-expired")


def test_a_logout_of_one_device_leaves_the_others(host):
    laptop = host.login("alice", host.authtoken.issue("alice", platform="ssh", device="laptop").text)
    phone = host.login("alice", host.authtoken.issue("alice", platform="ssh", device="phone").text)
    assert host.authtoken.call("CountSessions", "a{sv}", 1, "user", "s", "alice") == [2]
    done = host.bed.run("authtokenctl", "logout", "--platform", "ssh", "--device", "laptop", user="alice")
    assert done.stdout == "1 session logged out\n"
    laptop.wait_closed()
    assert phone.is_open()
    host.journal.wait_for(AUTHTOKEN_EVENT="logout", AUTHTOKEN_USER="alice")


def test_a_bound_token_is_refused_from_elsewhere(host):
    with options(host, "[Session]\nBindAddress=deny"):
        token = host.authtoken.issue("alice")
        shell = host.login("alice", token.text)
        with pytest.raises(LoginRefused):
            host.login("alice", token.text, source=ELSEWHERE)
        host.journal.wait_for(AUTHTOKEN_EVENT="binding", AUTHTOKEN_REASON="address-mismatch",
                              AUTHTOKEN_RHOST=ELSEWHERE)
        # sudo names no address: it is where its login came from.
        assert shell.sudo("id --user", token.text) == (0, "0", True)
        (row,) = host.authtoken.sessions("alice")
        assert row["client_address"] == "127.0.0.1"


def test_a_token_of_another_device_opens_nothing(host):
    with options(host, "[Session]\nBindDevice=deny"):
        own = host.authtoken.issue("alice", device=host.authtoken.status()["device"])
        foreign = host.authtoken.issue("alice", device="laptop-8")
        assert host.login("alice", own.text).is_open()
        with pytest.raises(LoginRefused):
            host.login("alice", foreign.text)
        host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="device-mismatch")


def test_the_list_tells_who_came_from_where(host):
    token = host.authtoken.issue("alice", client_address="192.0.2.7", user_agent="curl/8")
    host.login("alice", token.text)

    def login():
        (row,) = host.authtoken.sessions("alice")
        return row["logins"] and row

    row = wait_until(login, "the login is listed")
    assert (row["client_address"], row["user_agent"]) == ("192.0.2.7", "curl/8")
    (there,) = row["logins"]
    assert (there["service"], there["rhost"], there["host"]) == ("sshd", "127.0.0.1", "bed")
    assert row["created"] <= row["last_seen"] <= row["expires"]
