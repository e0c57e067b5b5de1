# SPDX-License-Identifier: MIT
"""Logging out, counting, and what a session remembers of its client."""

import json

import pytest

from command import DENIED, NOT_FOUND, OK, USAGE, check, rows
from frames import AUTHENTICATE, SERVICE, TOKEN, USER, ask
from frames import DENIED as REFUSED
from private_bus import OTHER_USER, OWN_UID, OWN_USER, CallError
from token_login import Login

DEVICES = [("desktop", "a"), ("desktop", "b"), ("phone", "a")]


@pytest.fixture
def sessions(root):
    """(platform, device) -> (token, session id)"""
    root.listen()
    yield {(platform, device): root.issue(OWN_USER, f"{{'platform': <'{platform}'>, 'device': <'{device}'>}}")
           for platform, device in DEVICES}
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def left(root, sessions):
    live = root.sessions(OWN_USER)
    return [device for device in DEVICES if sessions[device][1] in live]


@pytest.mark.parametrize("platform, device, rest", [
    ("desktop", "a", [("desktop", "b"), ("phone", "a")]),
    ("desktop", "", [("phone", "a")]),
    ("", "a", [("desktop", "b")]),
    ("", "", []),
    ("tablet", "a", DEVICES),
])
def test_a_logout_leaves_the_others(root, own, daemon, sessions, platform, device, rest):
    assert own.call("Logout", f"('{OWN_USER}', '{platform}', '{device}')") == [len(DEVICES) - len(rest)]
    assert left(root, sessions) == rest
    for which, (token, _) in sessions.items():
        status = ask(daemon.socket, AUTHENTICATE,
                     {USER: OWN_USER, SERVICE: "test", TOKEN: token})[1]
        assert (status == REFUSED) == (which not in rest)


def test_a_logout_ends_logins_and_is_told(root, daemon, sessions):
    token, sid = sessions["desktop", "a"]
    login = Login(daemon, token)
    root.call("Logout", f"('{OWN_USER}', 'desktop', 'a')")
    assert root.signal("SessionEnding", sid)[1] == "session-logged-out"
    login.leave()
    assert root.signal("SessionEnded", sid)[1] == "session-logged-out"
    assert any('AUTHTOKEN_EVENT="logout"' in line and f'AUTHTOKEN_SESSION="{sid}"' in line
               for line in daemon.log_text().splitlines())
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert refusal.value.code == "session-logged-out"


def test_sessions_are_counted(root, own, sessions):
    root.issue(OTHER_USER)
    assert root.call("CountSessions", "(@a{sv} {},)") == [4]
    assert own.call("CountSessions", f"({{'user': <'{OWN_USER}'>}},)") == [3]
    assert own.call("CountSessions", f"({{'user': <'{OWN_USER}'>, 'platform': <'desktop'>}},)") == [2]
    own.call("Logout", f"('{OWN_USER}', 'desktop', '')")
    assert own.call("CountSessions", f"({{'user': <'{OWN_USER}'>}},)") == [1]
    assert root.call("ListSessions", f"({{'user': <'{OWN_USER}'>, 'device': <'b'>}},)") == [[]]


def test_a_session_remembers_its_client(root, ctl):
    check(ctl("issue", "--client-address", "192.0.2.7", "--user-agent", "curl/8", OWN_USER), OK)
    (row,) = rows(ctl("list", "--json", OWN_USER), "sessions")
    assert (row["address"], row["agent"]) == ("192.0.2.7", "curl/8")
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert (row["client_address"], row["user_agent"]) == ("192.0.2.7", "curl/8")
    plain = check(ctl("list", OWN_USER), OK).stdout
    assert "192.0.2.7" in plain and "curl/8" in plain


def test_the_command_counts(ctl, sessions):
    assert check(ctl("list", "--count", OWN_USER), OK).stdout == "3\n"
    assert check(ctl("list", "--count", "--platform", "phone", uid=OWN_UID), OK).stdout == "1\n"
    assert json.loads(check(ctl("list", "--count", "--json", OWN_USER), OK).stdout) == {"count": 3}
    assert check(ctl("list", "--count", OTHER_USER), OK).stdout == "0\n"
    check(ctl("list", "--count", OTHER_USER, uid=OWN_UID), DENIED)


def test_the_command_logs_out(root, ctl, sessions):
    done = check(ctl("logout", "--platform", "desktop", "--device", "a", uid=OWN_UID), OK)
    assert done.stdout == "1 session logged out\n"
    assert left(root, sessions) == DEVICES[1:]
    token, sid = sessions["phone", "a"]
    assert check(ctl("logout", stdin=token, uid=OWN_UID), OK).stdout == "1 session logged out\n"
    assert left(root, sessions) == [("desktop", "b")]
    _, sid = sessions["desktop", "b"]
    check(ctl("logout", OWN_USER, uid=9), DENIED)
    check(ctl("logout", "--session", sid, uid=OWN_UID), OK)
    assert left(root, sessions) == []
    assert check(ctl("logout", OWN_USER), OK).stdout == "0 sessions logged out\n"


@pytest.mark.parametrize("arguments", [
    (OWN_USER, OTHER_USER), (OWN_USER, "--session", "A" * 22), ("--session", "A" * 22, "--token-file", "-"),
    ("--platform", "a", "--platform", "b"), ("--platform", "a", "--token-file", "-")])
def test_the_command_takes_one_subject(ctl, arguments):
    check(ctl("logout", *arguments), USAGE)


def test_the_command_knows_who_is_unknown(ctl):
    check(ctl("logout", "nobody-of-that-name"), NOT_FOUND, "does not know the user")
