# SPDX-License-Identifier: MIT
"""Hosts that count the sessions of their store by turns, and what they find when they do."""

import re
import shutil

import pytest

from private_bus import OTHER_USER, OWN_USER, CallError, wait_until

LIST = "authtoken:default:users"
CENSUS = "authtoken:default:census"


@pytest.fixture(scope="module")
def n_hosts():
    return 2


@pytest.fixture
def session(fleet):
    """(token, session id)"""
    root = fleet.hosts[0].root
    yield root.issue(OWN_USER)
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def metric(host, name):
    (text,) = host.root.call("GetMetrics")
    found = re.search(rf"^authtoken_{name} (\d+)$", text, re.MULTILINE)
    return found and int(found[1])


def warnings(host):
    return host.root.call("GetStatus")[0]["warnings"]


def users(fleet):
    return fleet.redis.run("ZRANGE", LIST, "0", "-1").split()


def logins(host):
    ((row,),) = host.root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    return row.get("logins", [])


def test_a_host_that_has_started_counts_once(fleet, session):
    fleet.hosts[0].root.issue(OTHER_USER)
    for host in fleet.hosts:
        host.restart()
        wait_until(lambda host=host: metric(host, "live_sessions") == 2, "a census")
        assert metric(host, "users") == 2
        assert metric(host, "users_listed") == 1


def test_a_user_whose_record_is_gone_goes_from_the_list(fleet, session):
    fleet.hosts[0].root.issue(OTHER_USER)
    fleet.redis.run("DEL", f"authtoken:default:u:{OTHER_USER}")
    assert set(users(fleet)) == {OWN_USER, OTHER_USER, "!", "~"}
    fleet.hosts[1].restart()
    wait_until(lambda: set(users(fleet)) == {OWN_USER, "!", "~"}, "the name to go")


def test_who_is_logged_in_comes_back_on_a_list_that_was_lost(fleet, session):
    first, second = fleet.hosts
    login = first.log_in(session[0])
    second.root.issue(OTHER_USER)
    wait_until(lambda: logins(second), "the login in the record")
    fleet.redis.run("DEL", LIST)
    second.restart()
    wait_until(lambda: metric(second, "users_listed") == 0, "a census")
    assert any("the list of users is lost" in warning for warning in warnings(second))
    assert users(fleet) == []
    first.restart()
    wait_until(lambda: users(fleet) == [OWN_USER], "the user to be listed")
    with pytest.raises(CallError) as refusal:
        second.root.call("RevokeAll", "('',)")
    assert refusal.value.code == "users-lost"
    fleet.logind.wait_ended([login])
    # The manual tells an administrator to do this.
    keys = fleet.redis.run("--scan", "--pattern", "authtoken:default:u:*").split()
    for key in keys:
        fleet.redis.run("ZADD", LIST, "0", key.removeprefix("authtoken:default:u:"))
    fleet.redis.run("ZADD", LIST, "0", "~")
    second.root.call("RevokeAll", "('',)")
    assert second.root.sessions(OTHER_USER) == set()
    second.restart()
    wait_until(lambda: metric(second, "users_listed") == 1, "a census")


def test_a_host_that_went_down_takes_its_logins_back_when_it_is_up(fleet, session):
    """Whoever else has counted before."""
    first, second = fleet.hosts
    login = second.log_in(session[0])
    wait_until(lambda: logins(first), "the login in the record")
    second.daemon.stop()
    second.wait_served(False)
    shutil.rmtree(second.directory / "run" / "logins")
    first.restart()
    wait_until(lambda: metric(first, "live_sessions"), "a census")
    assert logins(first)
    second.daemon.start()
    second.wait_served()
    wait_until(lambda: not logins(first), "the login to go from the record")
    fleet.logind.leave(login)
