# SPDX-License-Identifier: MIT
"""The socket as its clients see it: who gets which answer, and who gets none."""

import signal
import socket
import time

import pytest

from frames import (ACCOUNT, AUTHENTICATE, DENIED, HANDLE, OK, REASON, SERVICE, TOKEN, UNAVAILABLE, USER, VALIDATE, ask,
                    ask_as, compose, connect, deadline, parse)
from private_bus import OTHER_USER, OWN_UID, OWN_USER, wait_until


@pytest.fixture
def path(daemon):
    # As systemd makes it: whoever may log in may connect.
    (daemon.directory / "socket").chmod(0o755)
    daemon.socket.chmod(0o666)
    return daemon.socket


@pytest.fixture
def token(root):
    text, _ = root.issue(OWN_USER)
    yield text
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def login(token):
    return {USER: OWN_USER, SERVICE: "test", TOKEN: token}


@pytest.fixture
def stopped(daemon):
    """The daemon sleeps until the test wakes it."""
    daemon.process.send_signal(signal.SIGSTOP)
    yield lambda: daemon.process.send_signal(signal.SIGCONT)
    daemon.process.send_signal(signal.SIGCONT)


def test_what_is_late_is_dropped_and_what_is_not_is_answered(path, token, stopped, daemon):
    before = daemon.log_text().count("token accepted")
    with connect(path) as peer:
        late = time.monotonic() + 0.05
        peer.send(compose(AUTHENTICATE, login(token), deadline(0.05)))
        peer.send(compose(VALIDATE, {TOKEN: token}))
        wait_until(lambda: time.monotonic() > late, "the deadline")
        stopped()
        kind, status, _ = parse(peer.recv(65536))
    assert (kind & 0x7F, status) == (VALIDATE, OK)
    assert daemon.log_text().count("token accepted") == before


def test_nothing_is_done_for_who_has_left(path, token, stopped, daemon):
    before = daemon.log_text().count("token accepted")
    with connect(path) as peer:
        peer.send(compose(AUTHENTICATE, login(token), deadline(0.05)))
    late = time.monotonic() + 0.05
    wait_until(lambda: time.monotonic() > late, "the deadline")
    stopped()
    assert ask(path, VALIDATE, {TOKEN: token})[1] == OK
    assert daemon.log_text().count("token accepted") == before


def test_a_deadline_at_the_end_of_time_is_no_deadline(path, token):
    with connect(path) as peer:
        peer.send(compose(VALIDATE, {TOKEN: token}, b"\xff" * 8))
        assert parse(peer.recv(65536))[1] == OK


@pytest.mark.parametrize("rounds", [20])
def test_who_has_asked_and_closed_one_half_is_answered(path, token, rounds):
    for _ in range(rounds):
        with connect(path) as peer:
            peer.send(compose(AUTHENTICATE, login(token)))
            peer.send(compose(ACCOUNT, {USER: OWN_USER, SERVICE: "test"}))
            peer.shutdown(socket.SHUT_WR)
            answers = [parse(peer.recv(65536)) for _ in range(2)]
            assert [status for _, status, _ in answers] == [OK, OK]
            assert peer.recv(65536) == b""  # and then it is closed


def test_an_account_that_the_daemon_knows_by_another_name_is_not_refused(path):
    for user in (OTHER_USER, "DOM\\someone", "Games"):
        assert ask_as(OWN_UID, path, "ACCOUNT", f"USER={user}", "SERVICE=test")[0] == str(UNAVAILABLE)
    assert ask_as(OWN_UID, path, "ACCOUNT", f"USER={OWN_USER}", "SERVICE=test")[0] == str(OK)


def test_a_token_is_judged_for_ones_own_name_only(path, token):
    assert ask_as(OWN_UID, path, "AUTHENTICATE", f"USER={OWN_USER}", "SERVICE=test", f"TOKEN={token}")[0] == str(OK)
    assert ask_as(OWN_UID, path, "AUTHENTICATE", f"USER={OTHER_USER}", "SERVICE=test",
                  f"TOKEN={token}")[0] == str(DENIED)


@pytest.mark.parametrize("typed", ["atr1." + "A" * 22 + ".1." + "B" * 43, "eyJhbGciOiJub25lIn0.e30.AA", "correct horse"])
def test_what_was_typed_for_a_name_and_is_none_is_not_logged(path, token, daemon, typed):
    _, status, answer = ask(path, AUTHENTICATE, {USER: typed, SERVICE: "test", TOKEN: token})
    assert (status, answer[REASON]) == (DENIED, "user-invalid")
    wait_until(lambda: "authenticate for (not a user name) refused" in daemon.log_text(), "the refusal")
    assert typed not in daemon.log_text()


@pytest.mark.parametrize("user", ["DOM\\alice", "a+b", "ümlaut", "12345", "alice smith", "x" * 256])
def test_names_that_no_token_is_issued_for_have_no_opinion_against_them(path, user):
    assert ask(path, ACCOUNT, {USER: user, SERVICE: "test"})[1] == OK
    status, fields = ask(path, ACCOUNT, {USER: user, SERVICE: "test", HANDLE: "A" * 22})[1:]
    assert status == DENIED
    assert fields[REASON] in ("handle-unknown", "user-invalid")
