# SPDX-License-Identifier: MIT
"""A user whose record in the store cannot be read: what still ends the sessions, and what is said of it."""

import contextlib
import re
import sqlite3
import time

import pytest

from bus_fixtures import on_stores
from frames import DENIED, OK
from private_bus import OTHER_UID, OTHER_USER, OWN_USER, CallError, wait_until
from token_login import Login, log_in

pytestmark = on_stores("sqlite", "redis")

USER_KEY = f"authtoken:default:u:{OWN_USER}"
WAY_OUT = "ending all sessions of its user replaces it"

# Orders that end all that there is.
WHOLE = {
    "RevokeUser": f"('{OWN_USER}', 'why')",
    "KickUser": f"('{OWN_USER}', @a{{sv}} {{}}, 'why')",
    "RevokeBefore": f"('{OWN_USER}', uint64 0, 'why')",
    "Logout": f"('{OWN_USER}', '', '')",
    "RevokeAll": "('why',)",
}


@pytest.fixture
def damage(request, root, daemon, store):
    """damage(fields, whole=False): fields by hand into the record, or out of it (None), or another thing in its place"""
    def by_redis(fields, whole):
        redis = request.getfixturevalue("redis")
        if whole:
            redis.run("SET", USER_KEY, "x")
        for name, value in fields.items():
            redis.run(*(("HDEL", USER_KEY, name) if value is None else ("HSET", USER_KEY, name, value)))

    def by_sqlite(fields, whole):
        daemon.stop()
        with contextlib.closing(sqlite3.connect(daemon.directory / "state/state.db")) as file, file:
            (number,) = file.execute("SELECT id FROM state WHERE user = ?", (OWN_USER,)).fetchone()
            if whole:
                file.execute("DELETE FROM field WHERE state = ?", (number,))
            for name, value in fields.items():
                file.execute("DELETE FROM field WHERE state = ? AND name = ?", (number, name))
                if value is not None:
                    file.execute("INSERT INTO field VALUES (?, ?, ?)", (number, name, value))
        daemon.start_again(root)
        root.listen()

    def spoil(fields=None, whole=False):
        fields = fields or ({} if whole else {"new": "1"})
        (by_redis if "Type=redis" in store else by_sqlite)(fields, whole)

    root.listen()
    yield spoil
    for user in (OWN_USER, OTHER_USER):
        with contextlib.suppress(CallError):
            root.call("RevokeUser", f"('{user}', '')")
        with contextlib.suppress(CallError):
            root.call("UnbanUser", f"('{user}',)")


def refusal_of(caller, member, arguments):
    with pytest.raises(CallError) as refusal:
        caller.call(member, arguments)
    return refusal.value


def reason_of(daemon, token):
    return log_in(daemon, token)[1]


def bans(root):
    ((*rows,),) = root.call("ListBans")
    return {row["user"]: row for row in rows}


@pytest.mark.parametrize("order", WHOLE)
def test_an_order_to_end_all_replaces_it_and_says_so(root, daemon, damage, order):
    token, _ = root.issue(OWN_USER)
    damage()
    assert reason_of(daemon, token) == "store-corrupt"
    refusal = refusal_of(root, order, WHOLE[order])
    assert refusal.code == "record-replaced"
    assert "done" in refusal.message
    assert log_in(daemon, token) == (DENIED, "session-unknown")
    assert root.sessions(OWN_USER) == set()
    assert f"unreadable record replaced for {OWN_USER}" in daemon.log_text()
    root.call(order, WHOLE[order])
    assert bans(root) == {}
    assert log_in(daemon, root.issue(OWN_USER)[0])[0] == OK


@pytest.mark.parametrize("uid", [0, OTHER_UID])
def test_a_replaced_record_names_who_gave_the_order(root, other, daemon, polkit, damage, uid):
    polkit.answers("yes")
    root.issue(OWN_USER)
    damage()
    seen = len(daemon.log_text())
    caller = root if uid == 0 else other
    assert refusal_of(caller, "RevokeUser", WHOLE["RevokeUser"]).code == "record-replaced"
    line = re.compile(f'AUTHTOKEN_EVENT="record-replaced".*AUTHTOKEN_PEER_UID="{uid}"')
    wait_until(lambda: line.search(daemon.log_text()[seen:]), "the line with the uid")


def test_a_ban_is_as_it_was_ordered(root, daemon, damage):
    token, _ = root.issue(OWN_USER)
    damage({"ban": "for ever"})
    assert refusal_of(root, "BanUser", f"('{OWN_USER}', uint64 1000, 'why')").code == "record-replaced"
    ban = bans(root)[OWN_USER]
    assert ban["reason"] == "why"
    assert time.time() < ban["until"] < time.time() + 1001
    assert reason_of(daemon, token) is not None


@pytest.mark.parametrize("fields, whole, words", [
    ({"ban": '{"reason":"before"}', "new": "1"}, False, "before"),
    ({"ban": "{"}, False, "could not be read"),
    (None, True, "could not be read"),
])
def test_a_ban_that_may_have_been_there_stays(root, daemon, damage, fields, whole, words):
    token, _ = root.issue(OWN_USER)
    damage(fields, whole)
    assert refusal_of(root, "KickUser", WHOLE["KickUser"]).code == "record-replaced"
    assert words in bans(root)[OWN_USER]["reason"]
    assert refusal_of(root, "IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})").code == "user-banned"
    assert reason_of(daemon, token) is not None
    root.call("UnbanUser", f"('{OWN_USER}',)")
    assert log_in(daemon, root.issue(OWN_USER)[0])[0] == OK
    assert reason_of(daemon, token) == "session-unknown"


def test_an_order_for_less_names_the_way_out(root, daemon, damage):
    token, sid = root.issue(OWN_USER)
    damage({"v": "1-1"})
    for member, arguments in (
            ("RevokeToken", f"('{token}', '')"),
            ("RevokeToken", f"('{sid}', '')"),
            ("KickSession", f"('{sid}', '')"),
            ("KickUser", f"('{OWN_USER}', {{'platform': <'web'>}}, '')"),
            ("Logout", f"('{OWN_USER}', 'web', '')"),
            ("RevokeBefore", f"('{OWN_USER}', uint64 {int(time.time()) - 60}, '')"),
            ("UnbanUser", f"('{OWN_USER}',)"),
            ("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")):
        refusal = refusal_of(root, member, arguments)
        assert refusal.code == "store-corrupt", (member, refusal)
        assert WAY_OUT in refusal.message, member
    assert reason_of(daemon, token) == "store-corrupt"


def test_what_memory_says_is_not_put_into_what_cannot_be_read(root, daemon, damage):
    """With the same version, and one field more than is remembered: other hosts could not read what was ordered."""
    _, sid = root.issue(OWN_USER)
    damage()
    assert refusal_of(root, "RevokeSession", f"('{sid}', '')").code == "store-corrupt"


def test_one_that_cannot_be_read_keeps_no_others_in(root, daemon, damage):
    token, _ = root.issue(OWN_USER)
    _, other = root.issue(OTHER_USER)
    damage()
    refusal = refusal_of(root, "RevokeAll", "('why',)")
    assert refusal.code == "record-replaced"
    assert "1 sessions were ended; the records of 1 users could not be read" in refusal.message
    assert other not in root.sessions(OTHER_USER)
    assert reason_of(daemon, token) == "session-unknown"
    assert root.call("RevokeAll", "('why',)") == [0]


@pytest.mark.parametrize("arguments", [("kick",), ("revoke", "--user"), ("ban",)])
def test_the_command_says_that_it_is_done(root, daemon, damage, ctl, arguments):
    token, _ = root.issue(OWN_USER)
    damage()
    done = ctl(*arguments, OWN_USER)
    assert done.returncode == 1
    assert "record-replaced: done" in done.stderr
    assert reason_of(daemon, token) is not None
    assert ctl(*arguments, OWN_USER).returncode == 0


def warnings(root):
    (status,) = root.call("GetStatus")
    return [line for line in status["warnings"] if "cannot be read" in line]


def test_a_login_stays_until_it_is_kicked(root, daemon, damage):
    """And everybody is told."""
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    start = len(daemon.log_text())
    damage()
    told = f"record unreadable for {OWN_USER}"
    wait_until(lambda: told in daemon.log_text()[start:], "the journal to be told")
    (warning,) = warnings(root)
    assert "the records of 1 users with logins here" in warning
    assert OWN_USER not in warning
    assert not [row for row in root.seen("signal") if row["value"][0] == sid and "End" in row["signal"]]
    refusal = refusal_of(root, "KickUser", WHOLE["KickUser"])
    assert refusal.code == "record-replaced"
    assert "logins on this host: " in refusal.message
    assert root.signal("SessionEnding", sid)[1] == "session-kicked"
    wait_until(lambda: not warnings(root), "the warning to go")
    login.leave()


def test_a_record_that_is_repaired_has_lost_nothing(root, daemon, damage):
    token, _ = root.issue(OWN_USER)
    damage()
    assert reason_of(daemon, token) == "store-corrupt"
    damage({"new": None})
    assert log_in(daemon, token)[0] == OK
