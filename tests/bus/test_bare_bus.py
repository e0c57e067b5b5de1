# SPDX-License-Identifier: MIT
"""A daemon that an ordinary user runs by hand, on a bus without polkit; at the end the bus breaks."""

import pytest

from private_bus import OTHER_USER, OWN_UID, OWN_USER, CallError, Caller, Polkit, is_served, serving, wait_until

DENIED = "org.freedesktop.DBus.Error.AccessDenied"


@pytest.fixture(scope="module")
def bus_owner():
    return OWN_USER


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root):
    with serving(bus, root, uid=OWN_UID) as started:
        yield started


def test_its_user_is_privileged_and_root_is_too(own, root):
    for caller in (own, root):
        _, sid = caller.issue(OTHER_USER)
        assert caller.sessions(OTHER_USER) == {sid}
        caller.call("KickUser", f"('{OTHER_USER}', @a{{sv}} {{}}, '')")
        caller.call("Reload")


def test_without_polkit_others_do_what_is_free_and_nothing_else(own, other):
    _, sid = own.issue(OTHER_USER)
    assert other.sessions(OTHER_USER) == {sid}
    for member, arguments in (("IssueToken", f"('{OTHER_USER}', @a{{sv}} {{}})"),
                              ("ListSessions", f"({{'user': <'{OWN_USER}'>}},)"),
                              ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')"), ("Reload", None)):
        with pytest.raises(CallError) as refusal:
            other.call(member, arguments)
        assert refusal.value.name == DENIED
        assert "polkit does not answer" in refusal.value.message
    other.call("RevokeSession", f"('{sid}', '')")
    assert other.sessions(OTHER_USER) == set()


def test_a_polkit_that_dies_says_no(bus, other):
    dying = Polkit(bus)
    dying.answers("hang")
    waiting = other.send("ListSessions", "(@a{sv} {},)")
    dying.next_question()
    dying.stop()
    with pytest.raises(CallError) as refusal:
        other.result(waiting)
    assert refusal.value.name == DENIED


def test_a_bus_that_starts_again_finds_the_daemon_again(bus, daemon):
    bus.stop()
    bus.start()
    caller = Caller(bus, 0)
    wait_until(lambda: is_served(caller), "authtokend on the new bus")
    _, sid = caller.issue(OWN_USER)
    assert caller.sessions(OWN_USER) == {sid}
    caller.call("RevokeUser", f"('{OWN_USER}', '')")
    assert daemon.is_alive()
    caller.stop()
