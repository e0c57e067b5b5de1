# SPDX-License-Identifier: MIT
"""Whatever ends a session, on one host or in the store itself, ends its logins on the others: at once, with the reason that
was recorded, and told of there."""

import re

import pytest

import measure
from private_bus import OTHER_USER, OWN_USER, wait_until

USER_KEY = f"authtoken:default:u:{OWN_USER}"
# The look of once a minute must not be what makes a case pass.
SOON = 5
SHORT_USER = "man"  # whose sessions are over soon
STAYING_USER = "mail"  # whose logins are told only
SLOW_USER = "uucp"  # likewise, after a grace


@pytest.fixture(scope="module")
def options():
    return f'[Session]\nSingleSignOn=user\n[Policy "user:{SHORT_USER}"]\nAbsoluteLifetime=3s\n' \
           f'[Policy "user:{STAYING_USER}"]\nOnKick=notify\n' \
           f'[Policy "user:{SLOW_USER}"]\nOnKick=notify\nKickGrace=2s\n'


@pytest.fixture
def session(fleet):
    """(token, session id)"""
    root = fleet.hosts[0].root
    yield root.issue(OWN_USER)
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def revoke_token(fleet, token, _):
    fleet.hosts[0].root.call("RevokeToken", f"('{token}', 'lost')")


def revoke_jti(fleet, token, _):
    claims = fleet.hosts[0].root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")[0]
    fleet.hosts[0].root.call("RevokeToken", f"('{claims['jti']}', 'lost')")


def revoke_session(fleet, _, sid):
    fleet.hosts[0].root.call("RevokeSession", f"('{sid}', '')")


def revoke_user(fleet, _, __):
    fleet.hosts[0].root.call("RevokeUser", f"('{OWN_USER}', '')")


def revoke_sessions(fleet, _, __):
    fleet.hosts[0].root.call("RevokeSessions", f"('{OWN_USER}', {{'service': <''>}}, '')")


def revoke_before(fleet, _, __):
    fleet.hosts[0].root.call("RevokeBefore", f"('{OWN_USER}', uint64 0, '')")


def kick_user(fleet, _, __):
    fleet.kick()


def kick_session(fleet, _, sid):
    fleet.hosts[0].root.call("KickSession", f"('{sid}', '')")


def ban(fleet, _, __):
    root = fleet.hosts[0].root
    root.call("BanUser", f"('{OWN_USER}', uint64 0, 'left')")
    root.call("UnbanUser", f"('{OWN_USER}',)")


def logout(fleet, _, __):
    fleet.hosts[0].root.call("Logout", f"('{OWN_USER}', '', '')")


def sign_on(fleet, _, __):
    fleet.hosts[0].root.issue(OWN_USER)


def delete(fleet, _, __):
    fleet.redis.run("DEL", USER_KEY)


def unlink(fleet, _, __):
    fleet.redis.run("UNLINK", USER_KEY)


def remove_field(fleet, _, sid):
    fleet.redis.run("HDEL", USER_KEY, f"s:{sid}")


def flush(fleet, _, __):
    fleet.redis.run("FLUSHALL")


def expire(fleet, _, __):
    # A commit in the same millisecond gives the key its time again.
    wait_until(lambda: fleet.redis.run("PEXPIRE", USER_KEY, "1") == "0", "the key to go")


def evict(fleet, _, __):
    try:
        fleet.redis.run("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1")
        wait_until(lambda: fleet.redis.run("EXISTS", USER_KEY) == "0", "the eviction")
    finally:
        fleet.redis.run("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction")


VERBS = [
    (revoke_token, "session-revoked"),
    (revoke_jti, "session-revoked"),
    (revoke_session, "session-revoked"),
    (revoke_user, "session-revoked"),
    (revoke_before, "session-revoked"),
    (kick_user, "session-kicked"),
    (kick_session, "session-kicked"),
    (ban, "user-banned"),
    (logout, "session-logged-out"),
    (sign_on, "session-replaced"),
]
ACCIDENTS = [
    (delete, "session-gone"),
    (unlink, "session-gone"),
    (remove_field, "session-gone"),
    (expire, "session-gone"),
    (evict, "session-gone"),
    (flush, "session-gone"),
]


def reconciled(host, sid):
    """The reasons with which the host told of logins that were ended by others."""
    return re.findall(rf'AUTHTOKEN_EVENT="reconcile" AUTHTOKEN_REASON="([^"]+)".* AUTHTOKEN_SESSION="{sid}"',
                      host.daemon.log_text())


@pytest.mark.parametrize("end, reason", VERBS, ids=[end.__name__ for end, _ in VERBS])
def test_what_one_host_ends_ends_on_all(fleet, session, end, reason):
    token, sid = session
    fleet.hosts[1].root.listen()
    logins = fleet.log_in_everywhere(token)
    end(fleet, token, sid)
    fleet.logind.wait_ended(logins, SOON)
    assert fleet.hosts[1].root.signal("SessionEnding", sid)[1] == reason
    assert [reconciled(host, sid) for host in fleet.hosts] == [[], [reason], [reason]]
    assert len([order for order in fleet.logind.orders if order[1] in logins]) == len(logins)


@pytest.mark.parametrize("end, reason", ACCIDENTS, ids=[end.__name__ for end, _ in ACCIDENTS])
def test_a_record_that_is_gone_ends_logins_on_all_hosts(fleet, session, end, reason):
    token, sid = session
    logins = fleet.log_in_everywhere(token)
    end(fleet, token, sid)
    fleet.logind.wait_ended(logins, SOON)
    wait_until(lambda: [reconciled(host, sid) for host in fleet.hosts] == [[reason]] * 3, "the reasons to be told")


def test_others_stay(fleet, session):
    logins = fleet.log_in_everywhere(session[0])
    other, _ = fleet.hosts[0].root.issue(OTHER_USER)
    stay = fleet.log_in_everywhere(other, OTHER_USER)
    fleet.kick()
    fleet.redis.run("DEL", USER_KEY)
    fleet.logind.wait_ended(logins, SOON)
    assert not set(stay) & set(fleet.logind.ended)
    for login in stay:
        fleet.logind.leave(login)


def test_a_login_that_stays_is_told_of_once(fleet):
    """Also by the daemon that comes next, which has only the record to know it from."""
    host = fleet.hosts[1]
    token, sid = fleet.hosts[0].root.issue(STAYING_USER)
    login = host.log_in(token, STAYING_USER)
    fleet.kick(STAYING_USER)
    wait_until(lambda: reconciled(host, sid), "the end to be told")
    host.restart()
    measure.settle(fleet)
    assert reconciled(host, sid) == ["session-kicked"]
    assert login not in fleet.logind.ended
    fleet.logind.leave(login)


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGKILL"])
def test_a_daemon_that_goes_in_the_grace_leaves_the_rest_to_the_next(fleet, signal):
    """A login that stays is dealt with when the grace is over, and does not count as done before."""
    host = fleet.hosts[1]
    token, sid = fleet.hosts[0].root.issue(SLOW_USER)
    login = host.log_in(token, SLOW_USER)
    fleet.kick(SLOW_USER)
    wait_until(lambda: reconciled(host, sid), "the end to be told")
    if signal == "SIGKILL":
        host.daemon.process.kill()
        host.daemon.process.wait()
        host.wait_served(False)
        host.daemon.start()
        host.wait_served()
    else:
        host.restart()
    wait_until(lambda: re.search(rf'AUTHTOKEN_EVENT="login-left".* AUTHTOKEN_SESSION="{sid}"', host.daemon.log_text()),
               "the login to be dealt with")
    assert login not in fleet.logind.ended
    fleet.logind.leave(login)


def test_a_session_that_is_old_enough_ends_on_every_host(fleet):
    token, sid = fleet.hosts[0].root.issue(SHORT_USER, "{'lifetime': <uint64 2>}")
    logins = fleet.log_in_everywhere(token, SHORT_USER)
    fleet.logind.wait_ended(logins, 3 + SOON)
    for host in fleet.hosts:
        wait_until(lambda host=host: re.search(rf'AUTHTOKEN_REASON="session-expired".* AUTHTOKEN_SESSION="{sid}"',
                                               host.daemon.log_text()), "the reason to be told")


def test_all_of_a_tenant(fleet, session):
    other, _ = fleet.hosts[2].root.issue(OTHER_USER)
    logins = fleet.log_in_everywhere(session[0]) + fleet.log_in_everywhere(other, OTHER_USER)
    fleet.hosts[1].root.call("RevokeAll", "('',)")
    fleet.logind.wait_ended(logins, SOON)
