# SPDX-License-Identifier: MIT
"""Who gave an order: the line of each verb names the caller's uid, and nobody floods the journal."""

import re

import pytest

from private_bus import OTHER_UID, OWN_UID, OWN_USER, CallError, wait_until

LINES_MAX = 20

ORDERS = [
    ("issue", "IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})"),
    ("revoke", "RevokeUser", f"('{OWN_USER}', '')"),
    ("revoke", "RevokeSessions", f"('{OWN_USER}', {{'platform': <'phone'>}}, '')"),
    ("revoke", "RevokeBefore", f"('{OWN_USER}', uint64 1, '')"),
    ("revoke-all", "RevokeAll", "('',)"),
    ("kick", "KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')"),
    ("logout", "Logout", f"('{OWN_USER}', '', '')"),
    ("ban", "BanUser", f"('{OWN_USER}', uint64 60, '')"),
    ("unban", "UnbanUser", f"('{OWN_USER}',)"),
    ("unlock", "LiftLockOut", f"('{OWN_USER}', '')"),
    ("bus-call", "Reload", None),
    ("adoption-confirmed", "ConfirmAdoptionSince", "(uint64 1,)"),
]


def lines(daemon, event, uid):
    return [line for line in daemon.log_text().splitlines()
            if f'AUTHTOKEN_EVENT="{event}"' in line and f'AUTHTOKEN_PEER_UID="{uid}"' in line]


def wait_for_a_line_more(daemon, event, uid, seen):
    wait_until(lambda: len(lines(daemon, event, uid)) > seen, f"a line of {event} by {uid}")


@pytest.mark.parametrize("event, member, arguments", ORDERS, ids=[order[1] for order in ORDERS])
@pytest.mark.parametrize("uid", [0, OTHER_UID])
def test_an_order_names_who_gave_it(root, other, daemon, polkit, event, member, arguments, uid):
    polkit.answers("yes")
    seen = len(lines(daemon, event, uid))
    (root if uid == 0 else other).call(member, arguments)
    wait_for_a_line_more(daemon, event, uid, seen)


@pytest.mark.parametrize("uid", [0, OTHER_UID])
def test_an_order_with_nothing_to_lower_names_who_gave_it(root, other, daemon, polkit, uid):
    polkit.answers("yes")
    with pytest.raises(CallError, match="not-ahead"):
        (root if uid == 0 else other).call("LowerBefore", f"('{OWN_USER}', '')")
    wait_for_a_line_more(daemon, "before-lowered", uid, 0)


def test_a_refresh_and_a_code_name_who_asked(root, own, daemon):
    access, refresh, _ = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    own.call("CreateCode", f"('{access}', @a{{sv}} {{}})")
    own.call("RefreshToken", f"('{refresh}',)")
    wait_for_a_line_more(daemon, "code-created", OWN_UID, 0)
    wait_for_a_line_more(daemon, "refresh", OWN_UID, 0)


@pytest.mark.parametrize("member, arguments, fails", [
    ("RefreshToken", "('atr1.x.y.z',)", True),
    ("ValidateToken", "('a.b.c', @a{sv} {})", True),
    ("Logout", f"('{OWN_USER}', '', '')", False),
    ("RevokeUser", f"('{OWN_USER}', '')", False),
    ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')", False),
])
def test_nobody_floods_the_journal_by_asking_for_nothing(own, daemon, member, arguments, fails):
    seen = len(daemon.log_text().splitlines())
    for _ in range(200):
        if fails:
            with pytest.raises(CallError):
                own.call(member, arguments)
        else:
            own.call(member, arguments)
    assert len(daemon.log_text().splitlines()) - seen <= 3 * LINES_MAX


def test_a_theft_is_told_whatever_its_thief_asked_before(root, own, daemon):
    _, first, _ = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    _, second, _ = root.call("RefreshToken", f"('{first}',)")
    root.call("RefreshToken", f"('{second}',)")
    for _ in range(2 * LINES_MAX):
        with pytest.raises(CallError):
            own.call("RefreshToken", "('atr1.x.y.z',)")
    with pytest.raises(CallError, match="session-reused"):
        own.call("RefreshToken", f"('{first}',)")
    wait_until(lambda: lines(daemon, "token-reuse", OWN_UID), "the line of the theft")


def test_a_mistaken_order_for_a_key_is_not_suspicious(root, daemon):
    with pytest.raises(CallError):
        root.call("RotateKey", "({'algorithm': <'none'>},)")
    (line,) = wait_until(lambda: re.findall(".*key-rotated.*bad-request.*", daemon.log_text()), "the line")
    assert "AUTHTOKEN_SUSPICIOUS" not in line


@pytest.mark.parametrize("member, arguments, words", [
    ("RevokeUser", f"('{OWN_USER}', '')", "session revoked"),
    ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')", "session kicked"),
    ("Logout", f"('{OWN_USER}', '', '')", "session logged out"),
    ("LiftLockOut", f"('{OWN_USER}', '')", "lock-out lifted"),
])
def test_an_order_that_ended_nothing_does_not_read_as_if_it_had(root, daemon, member, arguments, words):
    seen = len(daemon.log_text())
    root.call(member, arguments)
    line = f"{words} for {OWN_USER}: there was none"
    wait_until(lambda: line in daemon.log_text()[seen:], "the line")
    if member != "LiftLockOut":
        root.issue(OWN_USER)
        root.call(member, arguments)
        ended = re.compile(rf"{words} for {OWN_USER}(?!:)")
        wait_until(lambda: ended.search(daemon.log_text()[seen:]), "the line of what was ended")
