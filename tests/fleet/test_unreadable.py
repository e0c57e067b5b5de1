# SPDX-License-Identifier: MIT
"""A record in the store that nobody can read, of a user who is logged in on every host."""

import contextlib

import pytest

from private_bus import OWN_USER, CallError, wait_until

USER_KEY = f"authtoken:default:u:{OWN_USER}"
TOLD = f"record unreadable for {OWN_USER}"
ALL = "@a{sv} {}"

DAMAGES = {
    "a field of another version": ("HSET", USER_KEY, "new", "1"),
    "garbage for a session": ("HSET", USER_KEY, "s:AAAAAAAAAAAAAAAAAAAAAA", "{"),
    "no hash": ("SET", USER_KEY, "x"),
    "too many fields": ("EVAL", "for i = 1, 2000 do redis.call('HSET', KEYS[1], i, i) end", "1", USER_KEY),
    "too large a value": ("EVAL", "redis.call('HSET', KEYS[1], 'x', string.rep('x', 5000000))", "1", USER_KEY),
}


@pytest.fixture
def logins(fleet):
    """On every host, by one session"""
    root = fleet.hosts[0].root
    yield fleet.log_in_everywhere(root.issue(OWN_USER)[0])
    for member, arguments in (("RevokeUser", f"('{OWN_USER}', '')"), ("UnbanUser", f"('{OWN_USER}',)")):
        with contextlib.suppress(CallError):
            root.call(member, arguments)


def damage(fleet, name):
    """Until every host has met it."""
    seen = [len(host.daemon.log_text()) for host in fleet.hosts]
    fleet.redis.run(*DAMAGES[name])
    for host, size in zip(fleet.hosts, seen, strict=True):
        wait_until(lambda host=host, size=size: TOLD in host.daemon.log_text()[size:], f"{host.name} to tell of it")


def kick(host):
    with pytest.raises(CallError) as refusal:
        host.root.call("KickUser", f"('{OWN_USER}', {ALL}, '')")
    return refusal.value


@pytest.mark.parametrize("name", DAMAGES)
def test_the_logins_of_all_hosts_stay_until_they_are_kicked(fleet, logins, name):
    damage(fleet, name)
    assert not set(logins) & set(fleet.logind.ended)
    assert kick(fleet.hosts[0]).code == "record-replaced"
    fleet.logind.wait_ended(logins)
    assert fleet.hosts[1].root.sessions(OWN_USER) == set()
    # To the others it is a record as any other.
    assert fleet.hosts[2].root.call("KickUser", f"('{OWN_USER}', {ALL}, '')")[1] == 0


def test_all_of_a_tenant_ends_with_one_record_that_cannot_be_read(fleet, logins):
    damage(fleet, "a field of another version")
    with pytest.raises(CallError) as refusal:
        fleet.hosts[1].root.call("RevokeAll", "('',)")
    assert refusal.value.code == "record-replaced"
    fleet.logind.wait_ended(logins)
