# SPDX-License-Identifier: MIT
"""Redis is killed again and again while sessions begin and end: what was acknowledged holds after each time."""

import random

from deadline import wait_until
from private_bus import CallError
from victim import RECOVERY_SECONDS, STORE_REASONS, victim_with

ROUNDS, USERS, ORDERS, EARLY, OLD_ONES = 200, 16, 12, 8, 6
BUSY_SECONDS = 30
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class Load:
    """Sessions (token, user) that begin and end; what was not acknowledged may be either way."""

    def __init__(self, victim, chance):
        self.victim, self.chance = victim, chance
        self.live, self.revoked = [], []
        self.n_refused = 0

    def orders(self):
        """[(session to end, or None and a user for a new one)], in any order"""
        self.chance.shuffle(self.live)
        ending = [self.live.pop() for _ in range(min(ORDERS // 2, len(self.live)))]
        orders = ending + [(None, f"user{self.chance.randrange(USERS)}") for _ in range(ORDERS - len(ending))]
        self.chance.shuffle(orders)
        return orders

    def send(self, token, user):
        if token:
            return self.victim.root.send("RevokeToken", f"('{token}', '')")
        return self.victim.root.send("IssueToken", f"('{user}', @a{{sv}} {{}})")

    def note(self, token, user, number):
        try:
            value = self.victim.root.result(number)
        except CallError as refusal:
            assert refusal.code in STORE_REASONS, refusal
            self.n_refused += 1
            return
        if token:
            self.revoked.append((token, user))
        else:
            self.live.append((value[0], user))

    def run_and_kill(self):
        """The server dies while some of them are under way."""
        orders = self.orders()
        sent = [(*order, self.send(*order)) for order in orders[:EARLY]]
        n_waited = self.chance.randint(len(sent) // 2, len(sent))
        for one in sent[:n_waited]:
            self.note(*one)
        sent += [(*order, self.send(*order)) for order in orders[EARLY:]]
        self.victim.redis.kill()
        for one in sent[n_waited:]:
            self.note(*one)

    def verdicts(self, token, user):
        """A server that syncs each write waits for the disk, which others may keep busy: that is no verdict."""
        seen = []

        def is_answered():
            seen.append(self.victim.verdicts(token, user))
            return "store-timeout" not in seen[-1]

        wait_until(is_answered, "an answer in time", seconds=BUSY_SECONDS)
        return seen[-1]

    def check(self, live, revoked):
        for token, user in live:
            assert self.verdicts(token, user) == {None}
        for token, user in revoked:
            assert self.verdicts(token, user) == {"session-revoked"}


def newest_and_some(sessions, chance):
    return sessions[-ORDERS:] + chance.sample(sessions, min(OLD_ONES, len(sessions)))


def test_no_kill_brings_back_what_was_revoked():
    chance = random.Random(1)
    with victim_with(*DURABLE) as victim:
        load = Load(victim, chance)
        watched, user = victim.issue("watched"), "watched"
        for _ in range(ROUNDS):
            load.run_and_kill()
            victim.redis.start()
            wait_until(lambda: victim.log_in(watched, user) is None, "recovery", seconds=RECOVERY_SECONDS)
            load.check(newest_and_some(load.live, chance), newest_and_some(load.revoked, chance))
        load.check(load.live, load.revoked)
        print(f"{ROUNDS} kills: {len(load.revoked)} revocations and {len(load.live)} live sessions hold,"
              f" {load.n_refused} orders were refused")
        assert load.n_refused and len(load.revoked) > ROUNDS
