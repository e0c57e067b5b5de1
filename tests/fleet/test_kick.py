# SPDX-License-Identifier: MIT
"""Three hosts: what one of them ends, ends on all."""

import pytest

import measure
from private_bus import OTHER_USER, OWN_USER, wait_until

WITHIN_SECONDS = 5


@pytest.fixture
def session(fleet):
    """(token, session id)"""
    root = fleet.hosts[0].root
    yield root.issue(OWN_USER)
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def logins_of(caller):
    ((row,),) = caller.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    return row.get("logins", [])


def test_one_session_may_have_logins_on_every_host(fleet, session):
    fleet.log_in_everywhere(session[0])
    for host in fleet.hosts:
        assert host.root.sessions(OWN_USER) == {session[1]}


def test_a_fleet_comes_to_rest_after_logins(fleet, session):
    """Each host writes its logins into the session, and hears of what the others write."""
    fleet.log_in_everywhere(session[0])
    measure.settle(fleet)


def test_a_kick_ends_the_login_of_its_own_host(fleet, session):
    login = fleet.hosts[0].log_in(session[0])
    fleet.kick()
    fleet.logind.wait_ended([login])


def test_a_kick_ends_the_logins_of_all_hosts(fleet, session):
    """Not only when each of them looks, which it does once a minute."""
    logins = fleet.log_in_everywhere(session[0])
    at = fleet.kick()
    ended = fleet.logind.wait_ended(logins)
    assert max(ended.values()) - at < WITHIN_SECONDS


def test_a_login_of_another_user_stays(fleet, session):
    login = fleet.hosts[0].log_in(session[0])
    other, _ = fleet.hosts[0].root.issue(OTHER_USER)
    stays = fleet.hosts[0].log_in(other, OTHER_USER)
    fleet.kick()
    fleet.logind.wait_ended([login])
    assert stays not in fleet.logind.ended
    fleet.logind.leave(stays)


def test_a_login_is_listed_with_its_host_on_every_host(fleet, session):
    fleet.hosts[2].log_in(session[0])
    for host in fleet.hosts:
        (login,) = wait_until(lambda caller=host.root: logins_of(caller), "a login in the list")
        assert login["host"] == fleet.hosts[2].name
