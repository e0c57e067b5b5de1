# SPDX-License-Identifier: MIT
"""Who may call what: every method, by root, by the user whose it is, and by another one."""

import pytest

from private_bus import OTHER_UID, OWN_USER, STRANGE_UID, CallError, Caller, wait_until

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
NOT_FOUND = "org.authtoken1.Error.NotFound"
NOBODYS_SID = "AAAAAAAAAAAAAAAAAAAAAA"

FREE = None
# method -> (action for one's own, action for others'), as DESIGN has it; FREE: no action.
# The arguments get a session of OWN_USER: its user, sid and token.
METHODS = {
    "IssueToken": ("issue-self", "issue", "('{user}', @a{{sv}} {{}})"),
    "ValidateToken": (FREE, FREE, "('{token}', @a{{sv}} {{}})"),
    "RevokeToken": (FREE, "revoke", "('{token}', '')"),
    "RevokeSession": (FREE, "revoke", "('{sid}', '')"),
    "RevokeUser": (FREE, "revoke", "('{user}', '')"),
    "KickSession": (FREE, "kick", "('{sid}', '')"),
    "KickUser": (FREE, "kick", "('{user}', @a{{sv}} {{}}, '')"),
    "CreateCode": (FREE, "issue", "('{token}', @a{{sv}} {{}})"),
    "ListSessions": (FREE, "list", "({{'user': <'{user}'>}},)"),
    "CountSessions": (FREE, "list", "({{'user': <'{user}'>}},)"),
    "LiftLockOut": ("ban", "ban", "('{user}', '')"),
    "ListLockOuts": ("list", "list", "({{'user': <'{user}'>}},)"),
    "Logout": (FREE, "revoke", "('{user}', '', '')"),
    "ListKeys": (FREE, FREE, None),
    "GetJWKS": (FREE, FREE, None),
    "GetStatus": (FREE, FREE, None),
    "RotateKey": ("manage-keys", "manage-keys", "(@a{{sv}} {{}},)"),
    "Reload": ("reload", "reload", None),
}
ABOUT_NOBODY = ("ValidateToken", "ListKeys", "GetJWKS", "GetStatus", "RotateKey", "Reload")

methods = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def arguments(root):
    """Of a method, about a session that was just begun."""
    token, sid = root.issue(OWN_USER)
    yield lambda method: METHODS[method][2] and METHODS[method][2].format(
        user=OWN_USER, token=token, sid=sid)
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def check_asked(polkit, caller, method, action):
    (question,) = polkit.asked()
    assert question["kind"] == "system-bus-name"
    assert question["subject"] == {"name": caller.name}
    assert question["action"] == f"org.authtoken1.{action}"
    assert question["details"] == ({} if method in ABOUT_NOBODY else {"user": OWN_USER})
    assert question["flags"] == 0


def check_refused(polkit, caller, method, arguments, action):
    with pytest.raises(CallError) as refusal:
        caller.call(method, arguments(method))
    assert refusal.value.name == DENIED
    assert refusal.value.code == "not-authorised"
    check_asked(polkit, caller, method, action)


@methods
def test_root_needs_no_polkit(root, polkit, arguments, method):
    root.call(method, arguments(method))
    assert not polkit.asked()


@methods
def test_a_user_does_with_his_own_what_is_free(own, polkit, arguments, method):
    action = METHODS[method][0]
    if action is FREE:
        own.call(method, arguments(method))
        assert not polkit.asked()
    else:
        check_refused(polkit, own, method, arguments, action)


@methods
def test_a_user_does_with_his_own_what_polkit_allows(own, polkit, arguments, method):
    polkit.answers("yes")
    own.call(method, arguments(method))
    action = METHODS[method][0]
    if action is FREE:
        assert not polkit.asked()
    else:
        check_asked(polkit, own, method, action)


@methods
def test_others_are_refused_unless_it_is_free(other, polkit, arguments, method):
    action = METHODS[method][1]
    if action is FREE:
        other.call(method, arguments(method))
        assert not polkit.asked()
    else:
        check_refused(polkit, other, method, arguments, action)


@methods
def test_others_do_what_polkit_allows(other, polkit, arguments, method):
    polkit.answers("yes")
    other.call(method, arguments(method))
    action = METHODS[method][1]
    if action is FREE:
        assert not polkit.asked()
    else:
        check_asked(polkit, other, method, action)


def test_a_refusal_changes_nothing(root, other, polkit):
    _, sid = root.issue(OWN_USER)
    for method, arguments in (("RevokeSession", f"('{sid}', '')"), ("KickSession", f"('{sid}', '')"),
                              ("RevokeUser", f"('{OWN_USER}', '')"),
                              ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')"),
                              ("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")):
        with pytest.raises(CallError):
            other.call(method, arguments)
    assert polkit.asked()
    assert root.sessions(OWN_USER) == {sid}
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_list_without_a_user_is_about_others(own, polkit):
    with pytest.raises(CallError) as refusal:
        own.call("ListSessions", "(@a{sv} {},)")
    assert refusal.value.name == DENIED
    assert [question["action"] for question in polkit.asked()] == ["org.authtoken1.list"]


@pytest.mark.parametrize("method", ["RevokeSession", "KickSession", "RevokeToken"])
def test_what_does_not_exist_is_refused_like_what_does(root, other, polkit, method):
    _, sid = root.issue(OWN_USER)
    refusals = []
    for subject in (sid, NOBODYS_SID):
        with pytest.raises(CallError) as refusal:
            other.call(method, f"('{subject}', '')")
        refusals.append((refusal.value.name, refusal.value.message))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == DENIED
    polkit.answers("yes")
    with pytest.raises(CallError) as refusal:
        other.call(method, f"('{NOBODYS_SID}', '')")
    assert (refusal.value.name, refusal.value.code) == (NOT_FOUND, "session-unknown")
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_polkit_may_ask_for_a_password_only_if_the_caller_waits_for_it(other, polkit):
    for interactive in (False, True):
        with pytest.raises(CallError):
            other.call("Reload", interactive=interactive)
        (question,) = polkit.asked()
        assert question["flags"] == int(interactive)


def test_a_challenge_is_no_permission(other, polkit):
    polkit.answers("challenge")
    with pytest.raises(CallError) as refusal:
        other.call("Reload")
    assert refusal.value.name == DENIED
    assert "interactive authentication" in refusal.value.message


def test_a_uid_above_the_signed_range_is_a_stranger(bus, root, polkit):
    stranger = Caller(bus, STRANGE_UID)
    _, sid = root.issue(OWN_USER)
    with pytest.raises(CallError) as refusal:
        stranger.call("RevokeSession", f"('{sid}', '')")
    assert refusal.value.name == DENIED
    assert [question["subject"]["name"] for question in polkit.asked()] == [stranger.name]
    stranger.call("GetStatus")
    stranger.stop()
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_refusals_are_in_the_journal(daemon, other, polkit):
    with pytest.raises(CallError):
        other.call("RevokeUser", f"('{OWN_USER}', '')")
    wait_until(lambda: any(
        'AUTHTOKEN_EVENT="bus-call"' in line and 'AUTHTOKEN_REASON="not-authorised"' in line and
        f'AUTHTOKEN_PEER_UID="{OTHER_UID}"' in line and "RevokeUser" in line
        for line in daemon.log_text().splitlines()), "a line about the refusal")
