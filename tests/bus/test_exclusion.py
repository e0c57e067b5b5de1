# SPDX-License-Identifier: MIT
"""Bans, and revocation by everything that is not one session; on both stores."""

import json
import time

import pytest

from bus_fixtures import on_stores
from command import DENIED as EXIT_DENIED
from command import FAILED, NOT_FOUND, OK as EXIT_OK
from command import USAGE, check, rows
from frames import ACCOUNT, DENIED, OK, REASON, SERVICE, USER, ask
from private_bus import OTHER_USER, OWN_UID, OWN_USER, Caller, CallError, wait_until
from token_login import log_in

REFUSED = "org.authtoken1.Error.Refused"
MISSING = "org.authtoken1.Error.NotFound"
# Nobody else is issued a token for.
LATER_USER = "lp"
N_LISTED = 1100
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture(autouse=True)
def clean(root):
    yield
    root.call("RevokeAll", "('',)")
    for (row,) in zip(root.call("ListBans")[0]):
        root.call("UnbanUser", f"('{row['user']}',)")


def account(daemon, user=OWN_USER):
    _, status, answer = ask(daemon.socket, ACCOUNT, {USER: user, SERVICE: "test"})
    return status, answer.get(REASON)


def refused(caller, member, arguments):
    with pytest.raises(CallError) as refusal:
        caller.call(member, arguments)
    return refusal.value.name, refusal.value.code


def test_a_ban_ends_sessions_and_refuses_what_comes_later(root, daemon):
    token, _ = root.issue(OWN_USER)
    assert log_in(daemon, token)[0] == OK
    assert root.call("BanUser", f"('{OWN_USER}', uint64 0, 'left')") == [0, 0]
    assert log_in(daemon, token) == (DENIED, "user-banned")
    assert account(daemon) == (DENIED, "user-banned")
    assert account(daemon, OTHER_USER)[0] == OK
    assert refused(root, "IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})") == (REFUSED, "user-banned")
    assert root.call("ListBans") == [[{"user": OWN_USER, "reason": "left"}]]
    root.call("UnbanUser", f"('{OWN_USER}',)")
    assert account(daemon)[0] == OK
    assert log_in(daemon, token)[0] == DENIED
    assert log_in(daemon, root.issue(OWN_USER)[0])[0] == OK
    assert refused(root, "UnbanUser", f"('{OWN_USER}',)") == (MISSING, "not-banned")


def test_what_a_new_caller_orders_is_done_in_that_order(bus, root):
    """They all wait for the bus to say whose they are."""
    caller = Caller(bus, 0)
    orders = []
    for _ in range(4):
        orders.append(caller.send("BanUser", f"('{OWN_USER}', uint64 60, '')"))
        orders.append(caller.send("UnbanUser", f"('{OWN_USER}',)"))
    for order in orders:
        caller.result(order)
    caller.stop()
    assert root.call("ListBans") == [[]]


def test_a_ban_holds_for_its_time_and_over_a_kill(root, daemon):
    root.call("BanUser", f"('{OWN_USER}', uint64 3600, '')")
    ((ban,),) = root.call("ListBans")
    assert "reason" not in ban
    assert abs(ban["until"] - time.time() - 3600) < 60
    daemon.process.kill()
    daemon.process.wait()
    daemon.start_again(root)
    assert account(daemon) == (DENIED, "user-banned")
    root.call("BanUser", f"('{OWN_USER}', uint64 1, '')")
    wait_until(lambda: account(daemon)[0] == OK, "the ban is over")
    assert root.call("ListBans") == [[]]


def test_a_ban_of_a_hundred_years_and_more_is_a_mistake(root):
    with pytest.raises(CallError, match="bad-request: a ban of more than 100 years"):
        root.call("BanUser", f"('{OWN_USER}', uint64 18446744073709551615, '')")
    assert root.call("ListBans") == [[]]


def test_nobody_lifts_their_own_ban(own, root, polkit):
    root.call("BanUser", f"('{OWN_USER}', uint64 0, '')")
    assert refused(own, "UnbanUser", f"('{OWN_USER}',)")[1] == "not-authorised"
    assert [row["action"] for row in polkit.asked()] == ["org.authtoken1.ban"]


def test_sessions_end_by_platform_and_device(root):
    kept = {root.issue(OWN_USER, "{'platform': <'desktop'>}")[1],
            root.issue(OTHER_USER, "{'platform': <'phone'>, 'device': <'d1'>}")[1]}
    root.issue(OWN_USER, "{'platform': <'phone'>, 'device': <'d1'>}")
    root.issue(OWN_USER, "{'platform': <'phone'>, 'device': <'d2'>}")
    assert root.call("RevokeSessions", f"('{OWN_USER}', {{'platform': <'phone'>, 'device': <'d1'>}}, '')") == [1]
    assert root.call("RevokeSessions", f"('{OWN_USER}', {{'platform': <'phone'>}}, '')") == [1]
    assert root.call("RevokeSessions", f"('{OWN_USER}', {{'platform': <'phone'>}}, '')") == [0]
    assert root.sessions(OWN_USER) | root.sessions(OTHER_USER) == kept


def test_not_before_now_ends_all_there_are(root, daemon):
    token, _ = root.issue(OWN_USER)
    assert root.call("RevokeBefore", f"('{OWN_USER}', uint64 0, '')") == [1]
    assert log_in(daemon, token) == (DENIED, "session-revoked")
    assert log_in(daemon, root.issue(OWN_USER)[0])[0] == OK


def test_not_before_a_time_ends_what_is_older(root):
    root.issue(OWN_USER)
    edge = int(time.time()) + 1
    wait_until(lambda: time.time() >= edge, "the next second")
    _, young = root.issue(OWN_USER)
    assert root.call("RevokeBefore", f"('{OWN_USER}', uint64 {edge}, '')") == [1]
    assert root.sessions(OWN_USER) == {young}
    future = int(time.time()) + 3600
    with pytest.raises(CallError, match="bad-request: the time is more than a minute to come"):
        root.call("RevokeBefore", f"('{OWN_USER}', uint64 {future}, '')")


def test_no_token_is_issued_that_would_be_refused_at_once(root):
    edge = int(time.time()) + 30
    root.call("RevokeBefore", f"('{LATER_USER}', uint64 {edge}, '')")
    assert refused(root, "IssueToken", f"('{LATER_USER}', @a{{sv}} {{}})")[1] == "issued-before"
    assert root.sessions(LATER_USER) == set()


def test_all_of_a_tenant(root, daemon):
    users = [f"user{i}" for i in range(100)]
    tokens = {user: root.issue(user)[0] for user in users}
    root.issue(users[0])
    assert root.call("RevokeAll", "('breach',)") == [101]
    for user, token in tokens.items():
        assert log_in(daemon, token, user=user) == (DENIED, "session-revoked")
    assert root.call("RevokeAll", "('',)") == [0]
    wait_until(lambda: "AUTHTOKEN_EVENT=revoke-all" in daemon.log_text() or "sessions revoked for all users" in daemon.log_text(),
               "the journal knows")


def test_a_revocation_is_announced_once(root):
    root.listen()
    _, sid = root.issue(OWN_USER)
    root.call("RevokeSession", f"('{sid}', '')")
    assert root.signal("TokenRevoked", sid) == [sid, "session-revoked"]
    _, sid = root.issue(OWN_USER)
    root.call("BanUser", f"('{OWN_USER}', uint64 0, '')")
    assert root.signal("TokenRevoked", sid) == [sid, "user-banned"]
    assert root.signal("SessionEnding", sid)[1] == "user-banned"


@pytest.mark.parametrize("first, again", [("RevokeSession", "RevokeSession"), ("RevokeSession", "KickSession"),
                                          ("KickSession", "RevokeSession")])
def test_revoked_twice_says_so(root, first, again):
    _, sid = root.issue(OWN_USER)
    root.call(first, f"('{sid}', '')")
    reason = {"RevokeSession": "session-revoked", "KickSession": "session-kicked"}[first]
    assert refused(root, again, f"('{sid}', '')") == (REFUSED, reason)


@pytest.mark.parametrize("what", ["token", "jti"])
def test_a_token_revoked_twice_says_so(root, what):
    token, _, info = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    subject = token if what == "token" else info["jti"]
    root.call("RevokeToken", f"('{subject}', '')")
    assert refused(root, "RevokeToken", f"('{subject}', '')") == (REFUSED, "session-revoked")


def test_the_command_bans_lists_and_lifts(ctl):
    done = check(ctl("ban", "--for", "2h", "--reason", "left", OWN_USER), EXIT_OK)
    assert done.stdout == "banned; 0 logins ended\n"
    ((row),) = rows(ctl("ban", "--list", "--json"), "bans")
    assert (row["user"], row["reason"]) == (OWN_USER, "left")
    assert abs(row["until"] - time.time() - 7200) < 60
    assert "left" in check(ctl("ban", "--list"), EXIT_OK).stdout
    check(ctl("unban", OWN_USER), EXIT_OK)
    assert "authtokenctl ban --list" in check(ctl("unban", OWN_USER), NOT_FOUND, "not-banned").stderr
    assert json.loads(ctl("ban", "--list", "--json").stdout) == {"bans": []}


@pytest.mark.parametrize("arguments", [["ban"], ["ban", "a", "b"], ["ban", "--for", "0", "a"], ["ban", "--json", "a"],
                                       ["ban", "--for", "1.5s", "a"], ["ban", "--list", "a"], ["unban"],
                                       ["unban", "a", "b"], ["revoke", "--all", "--user", "a"],
                                       ["revoke", "--platform", "p"], ["revoke", "--all", "--before", "now"],
                                       ["revoke", "--user", "a", "--before", "yesterday"],
                                       ["revoke", "--user", "a", "--before", "2026-02-30"],
                                       ["revoke", "--user", "a", "--before", "@0"],
                                       ["revoke", "--user", "a", "--before", "now", "--device", "d"],
                                       ["revoke", "--user", "a", "--lower"], ["revoke", "--all", "--lower"],
                                       ["revoke", "--user", "a", "--before", "2026-01-31", "--lower"]])
def test_the_command_refuses_what_cannot_be_meant(ctl, arguments):
    check(ctl(*arguments), USAGE)


def test_nobody_lowers_their_own_not_before_time_by_themselves(own, polkit):
    assert refused(own, "LowerBefore", f"('{OWN_USER}', '')")[1] == "not-authorised"
    polkit.answers("yes")
    assert refused(own, "LowerBefore", f"('{OWN_USER}', '')") == (MISSING, "not-ahead")
    assert {check["action"] for check in polkit.asked()} == {"org.authtoken1.ban"}


def test_the_command_lowers_nothing_that_is_not_ahead(ctl, root):
    """Nor does it write: a refused order never reaches the store."""
    _, sid = root.issue(OWN_USER)
    (before,) = root.call("GetStatus")
    check(ctl("revoke", "--user", OWN_USER, "--before", "now", "--lower"), NOT_FOUND, "not-ahead")
    assert root.call("GetStatus")[0]["store_commits"] == before["store_commits"]
    assert sid in root.sessions(OWN_USER)
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_the_command_bans_for_who_may(ctl, polkit):
    check(ctl("ban", OWN_USER, uid=OWN_UID), EXIT_DENIED, "not-authorised")
    assert polkit.asked()


def test_the_command_revokes_by_everything(ctl, root):
    root.issue(OWN_USER, "{'platform': <'phone'>, 'device': <'d1'>}")
    assert ctl("revoke", "--user", OWN_USER, "--platform", "desktop").stdout == "0 sessions revoked\n"
    assert ctl("revoke", "--user", OWN_USER, "--device", "d1").stdout == "1 session revoked\n"
    root.issue(OWN_USER)
    assert ctl("revoke", "--user", OWN_USER, "--before", "2001-02-03 04:05:06").stdout == "0 sessions revoked\n"
    assert ctl("revoke", "--user", OWN_USER, "--before", "now").stdout == "1 session revoked\n"
    _, sid = root.issue(OTHER_USER)
    assert ctl("revoke", "--all", "--reason", "breach").stdout == "1 session revoked\n"
    check(ctl("revoke", "--session", sid), FAILED, "session-revoked: the session was revoked")


def test_all_users_are_listed_in_order_and_each_once(root, request):
    """More than a page of the store holds, and more than are loaded at a time; a damaged record hides nobody else."""
    users = [f"walk{number:04}" for number in range(N_LISTED)]
    for user in reversed(users):
        root.call("IssueToken", f"('{user}', @a{{sv}} {{}})")
    for user in reversed(users[::3]):
        root.call("BanUser", f"('{user}', uint64 0, '')")
    assert [row["user"] for row in root.call("ListBans")[0]] == users[::3]
    alive = [user for number, user in enumerate(users) if number % 3]
    assert [row["user"] for row in root.call("ListSessions", "(@a{sv} {},)")[0]] == alive
    if "redis" in request.node.callspec.id:
        redis = request.getfixturevalue("redis")
        damaged = [users[number] for number in (0, 1, N_LISTED - 2, N_LISTED - 1)]
        for user in damaged:
            redis.run("HSET", f"authtoken:default:u:{user}", "nb", "soon")
        assert [row["user"] for row in root.call("ListBans")[0]] == [u for u in users[::3] if u not in damaged]
        rows_left = [row["user"] for row in root.call("ListSessions", "(@a{sv} {},)")[0]]
        assert rows_left == [user for user in alive if user not in damaged]
        redis.run("DEL", *(f"authtoken:default:u:{user}" for user in damaged))
