# SPDX-License-Identifier: MIT
"""The host's user data base hangs: only requests that need a name wait, and not for ever."""

import os

import pytest

from private_bus import OTHER_UID, OWN_UID, OWN_USER, CallError, Caller, serving, wait_until

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
LIMIT = "org.authtoken1.Error.LimitReached"
UID_REQUESTS_MAX = 256  # of bus-peer.h
OWN_LIST = f"({{'user': <'{OWN_USER}'>}},)"


@pytest.fixture(scope="module")
def gate(bus):
    path = bus.directory / "gate"
    os.mkfifo(path, 0o600)
    return path


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, gate):
    # Not first in the list, a sanitizer's library complains unless it is told not to.
    with serving(bus, root, environment={"LD_PRELOAD": os.environ["SLOW_NSS"], "SLOW_NSS_GATE": str(gate),
                                         "ASAN_OPTIONS": "verify_asan_link_order=0"}) as started:
        yield started


def open_gate(gate):
    """Let a waiting process pass, if there is one."""
    try:
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def test_only_who_needs_a_name_waits(root, own, gate):
    _, sid = root.issue(OWN_USER)
    waiting = own.send("ListSessions", OWN_LIST)
    own.call("GetStatus")
    assert root.sessions(OWN_USER) == {sid}
    wait_until(lambda: open_gate(gate), "a look-up")
    ((row,),) = own.result(waiting)
    assert row["session"] == sid
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_look_up_that_takes_too_long_is_no_permission(root, own, gate, daemon):
    waiting = own.send("ListSessions", OWN_LIST)
    with pytest.raises(CallError) as refusal:
        own.result(waiting)
    assert refusal.value.name == DENIED
    assert daemon.is_alive()
    wait_until(lambda: open_gate(gate), "the look-up")


def test_one_user_has_a_share_of_requests(bus, root, other, gate):
    crowd = [Caller(bus, OWN_UID) for _ in range(3)]
    for caller in crowd * 100:
        caller.send("ListSessions", OWN_LIST)
    def errors():
        return [row for caller in crowd for row in caller.seen("error")]

    wait_until(lambda: len(errors()) == 300 - UID_REQUESTS_MAX, "refusals of what is too much", 4)
    assert {row["error"] for row in errors()} == {LIMIT}
    other.call("GetStatus")
    root.call("GetStatus")
    for caller in crowd:
        caller.stop()
    held_open = os.open(gate, os.O_RDWR)
    last = Caller(bus, OWN_UID)
    last.call("ListSessions", OWN_LIST)
    last.stop()
    os.close(held_open)


@pytest.fixture
def group_section(root, daemon):
    before = daemon.config.read_text()
    daemon.config.write_text(before + f'[Policy "group:{OWN_USER}"]\nMaxSessions=1\n')
    root.call("Reload")
    yield
    daemon.config.write_text(before)
    root.call("Reload")
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_token_waits_for_the_groups_of_its_user(root, gate, group_section):
    waiting = root.send("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    root.call("GetStatus")
    wait_until(lambda: open_gate(gate), "a look-up")
    root.result(waiting)
    with pytest.raises(CallError) as refusal:
        root.issue(OWN_USER)
    assert refusal.value.code == "session-limit"


def test_nothing_begins_without_the_groups_and_everything_ends(root, gate, group_section):
    root.call("RevokeUser", "('nobody-of-that-name', '')")
    with pytest.raises(CallError) as refusal:
        root.call("IssueToken", "('nobody-of-that-name', @a{sv} {})")
    assert refusal.value.code == "groups-unknown"
    assert root.call("KickUser", "('nobody-of-that-name', @a{sv} {}, '')") == [0, 0]
    wait_until(lambda: open_gate(gate), "the look-up")


def test_the_daemon_stops_while_a_look_up_hangs(bus, root, gate, daemon):
    passing = Caller(bus, OTHER_UID)
    passing.send("ListSessions", OWN_LIST)
    passing.call("GetStatus")
    assert daemon.is_alive()
    passing.stop()
