# SPDX-License-Identifier: MIT
"""How many sessions a user may have, and which older ones a new one takes the place of; on both stores."""

import pytest

from bus_fixtures import on_stores
from frames import DENIED, OK
from private_bus import OTHER_USER, OWN_USER, CallError, Caller, wait_until
from token_login import Login, log_in

N_PARALLEL = 200
DESKTOP, PHONE = "{'platform': <'desktop'>, 'device': <'%s'>}", "{'platform': <'phone'>, 'device': <'%s'>}"
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture
def rules(configure):
    """rules(*lines): what stands in [Session], for one test."""
    return lambda *lines, more="": configure("\n".join(["[Session]", *lines, more]))


def issue_in_parallel(bus, n_callers, n_calls):
    """(ids of the new sessions, codes of the refusals)"""
    callers = [Caller(bus, 0) for _ in range(n_callers)]
    sids, codes = [], []
    numbers = [(caller, caller.send("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})"))
               for _ in range(n_calls // n_callers) for caller in callers]
    for caller, number in numbers:
        try:
            sids.append(caller.result(number)[2]["session"])
        except CallError as refusal:
            codes.append(refusal.code)
    for caller in callers:
        caller.stop()
    return sids, codes


def test_a_new_session_takes_the_place_of_the_older_one(root, daemon, rules):
    rules("SingleSignOn=user")
    old_token, old = root.issue(OWN_USER)
    assert log_in(daemon, old_token)[0] == OK
    token, new = root.issue(OWN_USER)
    assert root.sessions(OWN_USER) == {new}
    assert (log_in(daemon, old_token)[0], log_in(daemon, token)[0]) == (DENIED, OK)
    assert "session-replaced" in daemon.log_text()
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{old_token}', @a{{sv}} {{}})")
    assert refusal.value.code == "session-replaced"
    _, others = root.issue(OTHER_USER)
    assert (root.sessions(OWN_USER), root.sessions(OTHER_USER)) == ({new}, {others})
    assert old not in root.sessions(OWN_USER)


def test_the_login_of_a_replaced_session_is_ended(root, daemon, rules):
    rules("SingleSignOn=platform")
    root.listen()
    token, old = root.issue(OWN_USER, DESKTOP % "a")
    login = Login(daemon, token)
    _, phone = root.issue(OWN_USER, PHONE % "a")
    _, new = root.issue(OWN_USER, DESKTOP % "b")
    assert root.signal("SessionEnding", old)[1] == "session-replaced"
    assert root.sessions(OWN_USER) == {phone, new}
    login.leave()
    assert root.signal("SessionEnded", old)[1] == "session-replaced"


def test_one_session_for_each_device(root, rules):
    rules("SingleSignOn=device")
    first = {root.issue(OWN_USER, options)[1] for options in (DESKTOP % "a", DESKTOP % "b", PHONE % "a")}
    assert root.sessions(OWN_USER) == first
    _, again = root.issue(OWN_USER, DESKTOP % "a")
    assert len(root.sessions(OWN_USER) & first) == 2 and again in root.sessions(OWN_USER)


def test_of_many_at_once_one_session_remains(bus, root, rules):
    rules("SingleSignOn=user")
    sids, codes = issue_in_parallel(bus, 10, N_PARALLEL)
    assert (len(sids), codes) == (N_PARALLEL, [])
    (left,) = root.sessions(OWN_USER)
    assert left in sids


def test_the_limit_is_exact_for_many_at_once(bus, root, rules):
    rules("MaxSessions=7")
    sids, codes = issue_in_parallel(bus, 10, N_PARALLEL)
    assert root.sessions(OWN_USER) == set(sids) and len(sids) == 7
    assert set(codes) == {"session-limit"} and len(codes) == N_PARALLEL - 7


def test_the_newest_sessions_remain_of_many_at_once(bus, root, rules):
    rules("MaxSessions=7", "Overflow=evict-oldest")
    sids, codes = issue_in_parallel(bus, 10, N_PARALLEL)
    assert (len(sids), codes) == (N_PARALLEL, [])
    assert len(root.sessions(OWN_USER)) == 7 and root.sessions(OWN_USER) < set(sids)


def test_the_oldest_session_is_evicted_with_its_login(root, daemon, rules):
    rules("MaxSessions=2", "Overflow=evict-oldest")
    root.listen()
    token, oldest = root.issue(OWN_USER)
    login = Login(daemon, token)
    _, second = root.issue(OWN_USER)
    _, third = root.issue(OWN_USER)
    assert root.signal("SessionEnding", oldest)[1] == "session-evicted"
    assert root.sessions(OWN_USER) == {second, third}
    assert log_in(daemon, token)[0] == DENIED
    login.leave()


@pytest.mark.parametrize("method", ["RevokeSession", "KickSession"])
def test_the_place_of_an_ended_session_is_free_at_once(root, rules, method):
    rules("MaxSessions=1")
    for _ in range(20):
        _, sid = root.issue(OWN_USER)
        with pytest.raises(CallError) as refusal:
            root.issue(OWN_USER)
        assert refusal.value.code == "session-limit"
        root.call(method, f"('{sid}', '')")


def test_a_login_ends_when_its_session_is_idle(root, daemon, rules):
    rules("IdleTimeout=2s")
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()
    assert root.signal("SessionEnded", sid)[1] == "session-idle"
    assert root.sessions(OWN_USER) == set()
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert refusal.value.code == "session-idle"


def test_use_keeps_a_session_alive(root, daemon, rules):
    rules("IdleTimeout=4s")
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)

    def end_of_session():
        ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
        return row["expires"]

    first = end_of_session()
    uses = [lambda: root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})"), lambda: log_in(daemon, token)]
    # Longer than it may be idle, with one kind of use after the other.
    wait_until(lambda: uses.append(uses.pop(0)) or uses[-1]() and end_of_session() >= first + 5, "uses that count")
    assert root.sessions(OWN_USER) == {sid}
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()


def test_a_login_ends_with_the_lifetime_of_its_session(root, daemon, rules):
    rules("AbsoluteLifetime=2s", more="[Token]\nLifetime=2s\n")
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    assert root.signal("SessionEnding", sid)[1] == "session-expired"
    login.leave()
    assert root.signal("SessionEnded", sid)[1] == "session-expired"


def test_a_refresh_that_shortens_the_session_brings_the_end_of_its_login_forward(root, daemon, rules):
    rules("AbsoluteLifetime=1h", more="[Token]\nLifetime=3s\n")
    root.listen()
    token, refresh, info = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    login = Login(daemon, token)
    rules("AbsoluteLifetime=3s", more="[Token]\nLifetime=3s\n")
    _, _, following = root.call("RefreshToken", f"('{refresh}',)")
    assert following["session_expires"] < info["session_expires"]
    assert root.signal("SessionEnding", info["session"])[1] == "session-expired"
    login.leave()


def test_a_daemon_that_was_away_ends_what_became_idle(root, daemon, rules):
    rules("IdleTimeout=2s")
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    daemon.restart(root)
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()
