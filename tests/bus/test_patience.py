# SPDX-License-Identifier: MIT
"""polkit hangs, callers vanish, many come at once: nobody else waits, and no order of a vanished caller is carried
out."""

import pytest

from private_bus import OTHER_UID, OWN_USER, CallError, Caller, wait_until

LIMIT = "org.authtoken1.Error.LimitReached"
N_CONCURRENT, N_CONNECTIONS = 200, 10
UID_QUESTIONS_MAX, QUESTIONS_MAX = 16, 64  # of bus-peer.h
CROWD_UIDS = (9, 10, 13, 33, 34)


@pytest.fixture(autouse=True)
def no_sessions(root):
    yield
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_others_are_served_while_polkit_hangs(root, own, other, polkit):
    _, sid = root.issue(OWN_USER)
    polkit.answers("hang")
    waiting = other.send("RevokeSession", f"('{sid}', '')")
    polkit.next_question()
    own.call("GetStatus")
    assert own.sessions(OWN_USER) == {sid}
    other.call("GetStatus")
    polkit.order(release="yes")
    other.result(waiting)
    assert own.sessions(OWN_USER) == set()


def test_a_caller_that_vanishes_takes_the_question_back(bus, root, polkit):
    _, sid = root.issue(OWN_USER)
    polkit.answers("hang")
    passing = Caller(bus, OTHER_UID)
    passing.send("RevokeSession", f"('{sid}', '')", interactive=True)
    question = polkit.next_question()
    passing.stop()
    polkit.cancelled(question["cancellation"])
    polkit.order(release="yes")
    root.call("GetStatus")
    assert root.sessions(OWN_USER) == {sid}


def test_each_question_can_be_taken_back_by_itself(bus, root, other, polkit):
    _, sid = root.issue(OWN_USER)
    polkit.answers("hang")
    passing = Caller(bus, OTHER_UID)
    passing.send("RevokeSession", f"('{sid}', '')")
    first = polkit.next_question()
    waiting = other.send("ListSessions", "(@a{sv} {},)")
    second = polkit.next_question()
    assert first["cancellation"] != second["cancellation"]
    passing.stop()
    polkit.cancelled(first["cancellation"])
    polkit.order(release="yes")
    other.result(waiting)


def test_a_verb_that_has_started_goes_on_without_its_caller(bus, root):
    root.listen()
    _, sid = root.issue(OWN_USER)
    passing = Caller(bus, 0)
    passing.send("KickSession", f"('{sid}', '')")
    assert root.signal("SessionEnding", sid)[1] == "session-kicked"
    passing.stop()
    assert root.signal("SessionEnded", sid)[1] == "session-kicked"
    assert root.sessions(OWN_USER) == set()


def test_many_at_once(bus, root):
    callers = [Caller(bus, 0) for _ in range(N_CONNECTIONS)]
    users = [OWN_USER if i % 4 == 0 else f"user{i}" for i in range(N_CONCURRENT)]
    sent = [(caller, caller.send("IssueToken", f"('{user}', @a{{sv}} {{}})"))
            for user, caller in zip(users, callers * N_CONCURRENT)]
    sids = {caller.result(number)[2]["session"] for caller, number in sent}
    assert len(sids) == N_CONCURRENT
    (rows,) = root.call("ListSessions", "(@a{sv} {},)")
    assert {row["session"] for row in rows} == sids
    sent = [(caller, caller.send("RevokeSession", f"('{sid}', '')"))
            for sid, caller in zip(sids, callers * N_CONCURRENT)]
    for caller, number in sent:
        caller.result(number)
    assert root.call("ListSessions", "(@a{sv} {},)") == [[]]
    for caller in callers:
        caller.stop()


def errors_of(callers):
    return [row for caller in callers for row in caller.seen("error")]


def check_number_of_questions(polkit, caller, number):
    wait_until(lambda: len(polkit.seen("check")) >= number, "polkit to be asked")
    caller.call("GetStatus")
    polkit.order(answer="hang")
    assert len(polkit.asked()) == number


def test_polkit_hears_only_so_much_of_one_user(bus, root, own, polkit):
    polkit.answers("hang")
    crowd = [Caller(bus, OTHER_UID) for _ in range(4)]
    for caller in crowd * 10:
        caller.send("ListSessions", "(@a{sv} {},)")
    errors = wait_until(lambda: (rows := errors_of(crowd)) and len(rows) == 40 - UID_QUESTIONS_MAX and rows,
                        "refusals of all but a few")
    assert {error["error"] for error in errors} == {LIMIT}
    assert all(error["message"].startswith("too-many-requests: ") for error in errors)
    check_number_of_questions(polkit, own, UID_QUESTIONS_MAX)
    waiting = own.send("ListSessions", "(@a{sv} {},)")
    polkit.next_question()
    crowd[0].call("GetStatus")
    for caller in crowd:
        caller.stop()
    polkit.order(release="yes")
    own.result(waiting)


def test_polkit_hears_only_so_much_of_all(bus, root, other, polkit):
    polkit.answers("hang")
    crowd = [Caller(bus, uid) for uid in CROWD_UIDS]
    for caller in crowd * UID_QUESTIONS_MAX:
        caller.send("ListSessions", "(@a{sv} {},)")
    n_refused = len(CROWD_UIDS) * UID_QUESTIONS_MAX - QUESTIONS_MAX
    wait_until(lambda: len(errors_of(crowd)) == n_refused, "refusals of what is too much")
    check_number_of_questions(polkit, other, QUESTIONS_MAX)
    root.call("ListSessions", "(@a{sv} {},)")
    other.call("GetStatus")
    polkit.order(release="yes")
    for caller in crowd:
        wait_until(lambda: len(caller.seen("id")) == UID_QUESTIONS_MAX, "an answer to each call")
        caller.stop()
    polkit.answers("yes")
    other.call("ListSessions", "(@a{sv} {},)")


def test_a_daemon_that_stops_answers_who_waits(root, other, polkit, daemon):
    polkit.answers("hang")
    waiting = other.send("ListSessions", "(@a{sv} {},)")
    question = polkit.next_question()
    daemon.stop()
    with pytest.raises(CallError) as refusal:
        other.result(waiting)
    assert refusal.value.name == "org.authtoken1.Error.Unavailable"
    polkit.cancelled(question["cancellation"])
    daemon.start_again(root)
