# SPDX-License-Identifier: MIT
"""A host that was cut off from Redis: sessions that ended meanwhile end there once it is back."""

import collections
import json
import re

import pytest

import measure
from private_bus import wait_until

RECORDS, ENDED, ROUNDS, LIMIT_SECONDS = 10000, 500, 4, 1


@pytest.fixture(scope="module")
def n_hosts():
    return 2


@pytest.fixture(scope="module")
def logins(fleet):
    """{user: login}"""
    users = [f"user{number}" for number in range(RECORDS + ROUNDS * ENDED)]
    return measure.write_records(fleet, fleet.hosts[1], measure.issue(fleet, users))


def test_ten_thousand_logins_are_looked_at_within_a_second(fleet, logins, capsys):
    """In one round at least: this machine has other work, too."""
    seconds = []
    while len(seconds) < ROUNDS and (not seconds or min(seconds) > LIMIT_SECONDS):
        ending = {user: logins.pop(user) for user in list(logins)[:ENDED]}
        seconds.append(max(measure.after_cut(fleet, fleet.hosts[1], ending)))
        measure.settle(fleet)
        assert not fleet.logind.ended.keys() & set(logins.values())
        with capsys.disabled():
            print(f"\n    {ENDED} of {len(logins) + ENDED} logins, from reconnect to the last order: {seconds[-1]:.3f} s")
    assert min(seconds) <= LIMIT_SECONDS


def sessions_of(host):
    """{user: session id} of the host's records"""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in (host.directory / "run/logins").iterdir()]
    return {row["user"]: row["session"] for row in rows}


def told(host, event):
    """Counter of (session, reason) in the host's log."""
    row = re.compile(rf'AUTHTOKEN_EVENT="{event}" AUTHTOKEN_REASON="([^"]+)".* AUTHTOKEN_SESSION="([^"]+)"')
    return collections.Counter((sid, reason) for reason, sid in row.findall(host.daemon.log_text()))


def announced(root, member):
    """Counter of (session, reason) in its signals."""
    return collections.Counter(tuple(row["value"][:2]) for row in root.seen("signal") if row["signal"] == member)


def test_ten_thousand_logins_are_ended_once_each(fleet, logins, capsys):
    """Each with its order, its lines in the journal and its signals; how long it took is told only."""
    host = fleet.hosts[1]
    sessions = sessions_of(host)
    assert set(sessions) == set(logins) and len(logins) >= RECORDS
    before = len(fleet.logind.orders)
    host.root.listen()
    seconds = max(measure.after_cut(fleet, host, logins))
    with capsys.disabled():
        print(f"\n    {len(logins)} logins, from reconnect to the last order: {seconds:.3f} s")
    measure.settle(fleet)
    orders = fleet.logind.orders[before:]
    assert {order[1] for order in orders} == set(logins.values())
    assert len(orders) == len(logins)
    once = collections.Counter((sid, "session-kicked") for sid in sessions.values())
    for event in ("reconcile", "login-ended"):
        assert once <= told(host, event) and max(told(host, event).values()) == 1
    wait_until(lambda: announced(host.root, "SessionEnded").total() == len(sessions), "signals")
    assert announced(host.root, "SessionEnding") == announced(host.root, "SessionEnded") == once
    assert not list((host.directory / "run/logins").iterdir())
