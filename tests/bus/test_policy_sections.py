# SPDX-License-Identifier: MIT
"""Rules of their own for users and groups."""

import json
import time

import pytest

from frames import AUTHENTICATE, OK, SERVICE, TOKEN, USER, ask
from private_bus import OTHER_USER, OWN_USER, CallError

# Every Debian's "games" is in the group of this name, and "news" is not.
GROUP = "games"


@pytest.fixture
def config(configure, polkit):
    polkit.answers("yes")
    return configure


def issued(caller, user, n_tries):
    """How many of so many tries went well."""
    n_issued = 0
    for _ in range(n_tries):
        try:
            caller.issue(user)
            n_issued += 1
        except CallError as refusal:
            assert refusal.code == "session-limit"
    return n_issued


def claims_of(root, token):
    (answer,) = root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    return json.loads(answer["claims"])


def test_a_group_has_its_own_limit(root, config):
    config(f"[Session]\nMaxSessions=3\n[Policy \"group:{GROUP}\"]\nMaxSessions=2\n")
    assert (issued(root, OWN_USER, 5), issued(root, OTHER_USER, 5)) == (2, 3)


def test_a_refresh_goes_by_the_user_s_rules(root, config):
    """Also when those were [Session]'s, too, as the session began."""
    section = f'[Policy "user:{OWN_USER}"]\nAbsoluteLifetime=1h\n'
    config(f"[Session]\nAbsoluteLifetime=1h\n{section}")
    began = int(time.time())
    _, refresh, _ = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    config(f"[Session]\nAbsoluteLifetime=10h\n{section}")
    _, _, info = root.call("RefreshToken", f"('{refresh}',)")
    assert began + 3600 <= info["session_expires"] <= int(time.time()) + 3600


def test_the_user_beats_the_group(root, config):
    config(f"[Policy \"user:{OWN_USER}\"]\nMaxSessions=4\n[Policy \"group:{GROUP}\"]\nMaxSessions=2\nOverflow=reject\n")
    assert issued(root, OWN_USER, 6) == 4


def test_of_several_groups_the_last_one_wins(root, config):
    config(f"[Policy \"group:{GROUP}\"]\nMaxSessions=2\n[Policy \"group:nobody-is-in-it\"]\nMaxSessions=1\n")
    assert issued(root, OWN_USER, 6) == 2


def test_single_sign_on_for_one_user(root, config):
    config(f"[Policy \"user:{OWN_USER}\"]\nSingleSignOn=user\n")
    for user in (OWN_USER, OWN_USER, OTHER_USER, OTHER_USER):
        root.issue(user)
    assert (len(root.sessions(OWN_USER)), len(root.sessions(OTHER_USER))) == (1, 2)


def test_a_user_unknown_to_the_host_is_in_no_group(root, config):
    config(f"[Session]\nMaxSessions=2\n[Policy \"group:{GROUP}\"]\nMaxSessions=1\n")
    assert issued(root, "nobody-of-that-name", 4) == 2
    root.call("RevokeUser", "('nobody-of-that-name', '')")


def test_roles_are_given_by_the_rules(root, own, config):
    config(f"[Policy \"group:{GROUP}\"]\nRoles=dev ops\n")
    token, _ = own.issue(OWN_USER)
    assert claims_of(root, token)["roles"] == ["dev", "ops"]
    token, _ = own.issue(OWN_USER, "{'roles': <['ops']>}")
    assert claims_of(root, token)["roles"] == ["ops"]
    with pytest.raises(CallError) as refusal:
        own.issue(OWN_USER, "{'roles': <['ops', 'admin']>}")
    assert refusal.value.code == "role-refused"
    token, _ = root.issue(OWN_USER, "{'roles': <['admin']>}")
    assert claims_of(root, token)["roles"] == ["admin"]
    token, _ = root.issue(OTHER_USER)
    assert "roles" not in claims_of(root, token)


def test_users_give_themselves_no_roles(own, config):
    config("")
    with pytest.raises(CallError) as refusal:
        own.issue(OWN_USER, "{'roles': <['admin']>}")
    assert refusal.value.code == "role-refused"


def test_users_issue_for_themselves_unless_forbidden(root, own, other, config):
    config(f"[Policy \"group:{GROUP}\"]\nSelfIssue=no\n")
    with pytest.raises(CallError) as refusal:
        own.issue(OWN_USER)
    assert refusal.value.code == "self-issue-refused"
    other.issue(OTHER_USER)
    root.issue(OWN_USER)


def test_the_end_of_a_group_holds_at_a_refresh(root, config):
    config(f"[Token]\nLifetime=5s\n[Policy \"group:{GROUP}\"]\nAbsoluteLifetime=100s\n")
    _, refresh, info = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    _, _, again = root.call("RefreshToken", f"('{refresh}',)")
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert info["session_expires"] == again["session_expires"] == row["created"] + 100


def test_a_kick_of_a_group_is_of_its_scope(root, config):
    config(f"[Policy \"group:{GROUP}\"]\nKickScope=user\n")
    _, sid = root.issue(OWN_USER)
    root.issue(OWN_USER)
    _, other_sid = root.issue(OTHER_USER)
    _, left = root.issue(OTHER_USER)
    root.call("KickSession", f"('{sid}', '')")
    root.call("KickSession", f"('{other_sid}', '')")
    assert (root.sessions(OWN_USER), root.sessions(OTHER_USER)) == (set(), {left})


def test_a_group_has_its_own_grace(root, config):
    config(f"[Policy \"group:{GROUP}\"]\nKickGrace=100s\n")
    root.listen()
    _, sid = root.issue(OWN_USER)
    root.call("RevokeSession", f"('{sid}', '')")
    assert 50 < root.signal("SessionEnding", sid)[2] / 1e6 - time.time() <= 100


def test_logins_need_no_groups(root, daemon, config):
    config(f"[Policy \"group:{GROUP}\"]\nIdleTimeout=1h\n")
    token, _ = root.issue(OWN_USER)
    assert ask(daemon.socket, AUTHENTICATE,
               {USER: OWN_USER, SERVICE: "test", TOKEN: token})[1] == OK
