# SPDX-License-Identifier: MIT
"""A proxy before Redis holds answers back, sends them twice or in another order, or leads to two servers at a time: no
answer is ever taken for that of another request."""

import concurrent.futures
import contextlib
import random
import time

import pytest

import redis_server
from deadline import wait_until
from private_bus import OWN_USER, CallError, private_bus
from token_login import Login
from victim import RECOVERY_SECONDS, STORE_REASONS, TIMEOUT, another, victim_with
from wicked_proxy import between

# Much beyond the time-out of the store.
LATE_SECONDS = 2.5
USERS = ("alice", "bob", "carol")
ROUNDS = 60


@contextlib.contextmanager
def behind_proxy(treat):
    """(a host that speaks with Redis itself, one that does through the proxy, the proxy)"""
    with victim_with() as honest, private_bus() as place:
        with between(honest.redis, place.directory, treat=treat) as proxy:
            with another(honest, honest.redis.store_at(proxy.path)) as victim:
                yield honest, victim, proxy


class Wicked:
    """Does it to one answer in a few, while it may."""

    def __init__(self):
        self.active = False
        self.chance = random.Random(2)
        self.kept = []
        self.n_done = 0

    def is_up_to_it(self, link):
        return self.active and not link.is_of_notices and self.chance.random() < 0.2

    def late(self, link, answer):
        if self.is_up_to_it(link):
            self.n_done += 1
            time.sleep(LATE_SECONDS)
        return [answer]

    def twice(self, link, answer):
        if not self.is_up_to_it(link):
            return [answer]
        self.n_done += 1
        return [answer, answer]

    def swapped(self, link, answer):
        """Kept until the next one has passed, which may be never."""
        if self.kept:
            return [answer, self.kept.pop()]
        if not self.is_up_to_it(link):
            return [answer]
        self.n_done += 1
        self.kept.append(answer)
        return []

    def replaced(self, link, answer):
        """By one that was said before."""
        if not self.is_up_to_it(link):
            self.kept = [*self.kept, answer][-20:]
            return [answer]
        self.n_done += 1
        return [self.chance.choice(self.kept)] if self.kept else [answer]


def listed(victim, number):
    try:
        (rows,) = victim.root.result(number)
    except CallError as refusal:
        assert refusal.code in STORE_REASONS, refusal
        return None
    return {row["session"] for row in rows}


def ask_all(victim, sessions, revoked):
    """Many at once, so that answers to some wait behind answers to others."""
    def verdict(session):
        user, token, sid = session
        return victim.log_in(token, user), user, sid

    sent = [(user, victim.root.send("ListSessions", f"({{'user': <'{user}'>}},)")) for user in USERS]
    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        verdicts = list(pool.map(verdict, sessions))
    assert not [(user, sid) for reason, user, sid in verdicts if reason is None and sid in revoked]
    for user, number in sent:
        assert (listed(victim, number) or set()) <= {sid for owner, _, sid in sessions if owner == user}


@pytest.mark.parametrize("kind", ["late", "twice", "swapped", "replaced"])
def test_no_state_answers_for_another_user(kind):
    wicked = Wicked()
    with behind_proxy(getattr(wicked, kind)) as (honest, victim, _):
        sessions = [(user, *honest.root.issue(user)) for user in USERS for _ in range(3)]
        revoked = set()
        for user, token, sid in sessions[::3]:
            honest.revoke(token)
            revoked.add(sid)
        victim.wait_recovered()
        wicked.active = True
        end = time.monotonic() + 8
        rounds = 0
        while rounds < ROUNDS and time.monotonic() < end:
            ask_all(victim, sessions, revoked)
            rounds += 1
        for user, token, sid in sessions[1::3]:
            if victim.is_revoked(token):
                assert honest.log_in(token, user) == "session-revoked", "an acknowledgement of something else"
                revoked.add(sid)
        assert wicked.n_done
        wicked.active = False
        victim.wait_recovered()
        for user, token, sid in sessions[2::3]:
            assert victim.verdicts(token, user) == {None}
        for user, token, sid in sessions:
            if sid in revoked:
                victim.assert_refused(token, user)


ABSENT = ("nobody", "daemon", "mail")


@pytest.mark.parametrize("kind", ["twice", "swapped", "replaced"])
def test_that_there_is_nothing_is_said_of_nobody_else(kind):
    """For some users nothing is stored. If that were taken for an answer about another user, logins would be ended, and
    an order to end sessions would find none."""
    wicked = Wicked()
    with behind_proxy(getattr(wicked, kind)) as (honest, victim, _):
        token, _ = honest.root.issue(OWN_USER)
        login = Login(victim.daemon, token)
        sessions = [honest.root.issue(user) for user in USERS]
        victim.wait_recovered()
        victim.mark()
        wicked.active = True
        end = time.monotonic() + 8
        try:
            while time.monotonic() < end:
                absent = [victim.root.send("ListSessions", f"({{'user': <'{user}'>}},)") for user in ABSENT * 3]
                present = [victim.root.send("ListSessions", f"({{'user': <'{user}'>}},)") for user in USERS]
                assert not any(listed(victim, number) for number in absent)
                for number, (_, sid) in zip(present, sessions):
                    assert listed(victim, number) in (None, {sid})
        finally:
            wicked.active = False
            login.leave()
        assert wicked.n_done
        assert "session-gone" not in victim.told()
        victim.wait_recovered()
