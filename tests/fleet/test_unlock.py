# SPDX-License-Identifier: MIT
"""Locked out on one host, seen and let in again by another one."""

import pytest

from frames import DENIED, OK
from private_bus import OTHER_USER, OWN_USER, wait_until
from token_login import forge, log_in

FAILURES, N_ROUNDS = 4, 10
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(scope="module")
def n_hosts():
    return 2


@pytest.fixture(scope="module")
def options():
    return f"[Limits]\nLoginFailures={FAILURES}\nLockOut=1h\n"


def lock_out(hosts, token, rhost, user=OWN_USER):
    """So that each host has heard of it."""
    for _ in range(FAILURES):
        assert log_in(hosts[0].daemon, forge(token), rhost, user) == (DENIED, "signature-invalid")
    for host in hosts:
        assert log_in(host.daemon, token, rhost, user) == (DENIED, "locked-out")


def places(host, user=OWN_USER):
    (found,) = host.root.call("ListLockOuts", f"({{'user': <'{user}'>}},)")
    return [row["place"] for row in found]


@pytest.mark.parametrize("place", [HERE, ""])
def test_what_one_host_lifts_is_lifted_on_the_other(fleet, place):
    first, second = fleet.hosts
    token, _ = first.root.issue(OWN_USER)
    other, _ = first.root.issue(OTHER_USER)
    lock_out(fleet.hosts, other, HERE, OTHER_USER)
    for _ in range(N_ROUNDS):
        lock_out(fleet.hosts, token, HERE)
        assert places(second) == [HERE]
        assert second.root.call("LiftLockOut", f"('{OWN_USER}', '{place}')") == [1]
        assert log_in(second.daemon, token, HERE)[0] == OK
        wait_until(lambda: log_in(first.daemon, token, HERE)[0] == OK, "the notice that it was lifted")
        assert places(first) == places(second) == []
    assert log_in(first.daemon, other, HERE, OTHER_USER) == (DENIED, "locked-out")
    assert second.root.call("LiftLockOut", f"('{OTHER_USER}', '')") == [1]


def test_a_host_that_is_told_of_nothing_hears_of_it_soon(fleet):
    first, second = fleet.hosts
    token, _ = first.root.issue(OWN_USER)
    fleet.redis.run("ACL", "SETUSER", "default", "-client|tracking")
    try:
        first.restart()
        wait_until(lambda: not first.root.call("GetStatus")[0]["store_watching"], "a host that is told of nothing")
        lock_out(fleet.hosts, token, THERE)
        assert second.root.call("LiftLockOut", f"('{OWN_USER}', '')") == [1]
        wait_until(lambda: log_in(first.daemon, token, THERE)[0] == OK, "the end of a belief")
    finally:
        fleet.redis.run("ACL", "SETUSER", "default", "+client|tracking")
