# SPDX-License-Identifier: MIT
"""An order about all users of a tenant, while other hosts go on issuing, and there are many users."""

import itertools
import threading

import pytest

from frames import DENIED, OK
from private_bus import OWN_USER
from token_login import log_in

N_USERS, N_AT_ONCE, N_LOGINS = 2500, 250, 10


def issue_to_all(fleet, users):
    callers = itertools.cycle([host.root for host in fleet.hosts])
    sent = [(caller, caller.send("IssueToken", f"('{user}', @a{{sv}} {{}})")) for user, caller in zip(users, callers)]
    for caller, number in sent:
        caller.result(number)


@pytest.fixture
def crowd(fleet):
    """Users who have a session each."""
    users = [f"crowd{i:05}" for i in range(N_USERS)]
    for some in (users[i:i + N_AT_ONCE] for i in range(0, N_USERS, N_AT_ONCE)):
        issue_to_all(fleet, some)
    yield N_USERS
    fleet.redis.run("FLUSHALL")


class Issuer(threading.Thread):
    """Issues to a user of its own, one session after the other, and knows which were issued when."""

    def __init__(self, host):
        super().__init__()
        self.host = host
        self.before, self.after = [], []
        self.begun, self.issued = threading.Event(), threading.Event()
        self.over = False

    def run(self):
        while not self.over:
            is_after = self.begun.is_set()
            token, _ = self.host.root.issue(OWN_USER)
            # What is asked for before the order and answered after it is neither.
            if self.begun.is_set() == is_after:
                (self.after if is_after else self.before).append(token)
            self.issued.set()
            if len(self.before) + len(self.after) >= 40:
                return

    def stop(self):
        self.over = True
        self.join()


def test_what_was_issued_before_has_ended_on_every_host(fleet, crowd):
    first, second, third = fleet.hosts
    issuer = Issuer(second)
    issuer.start()
    assert issuer.issued.wait(20)
    issuer.begun.set()
    first.root.call("RevokeAll", "('',)")
    issuer.stop()
    assert issuer.before
    for token in issuer.before:
        for host in (first, second, third):
            assert log_in(host.daemon, token)[0] == DENIED


def test_logins_go_on_meanwhile(fleet, crowd):
    first = fleet.hosts[0]
    order = first.root.send("RevokeAll", "('',)")
    for _ in range(N_LOGINS):
        token, _ = fleet.hosts[1].root.issue("late")
        assert log_in(first.daemon, token, user="late")[0] in (OK, DENIED)
    assert not [row for row in first.root.seen("id") if row["id"] == order]
    (n_revoked,) = first.root.result(order, 120)
    assert n_revoked >= crowd
