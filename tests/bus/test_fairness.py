# SPDX-License-Identifier: MIT
"""An ordinary user who floods the socket, or guesses without end, does not delay others."""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

from bus_fixtures import on_stores
from frames import AUTHENTICATE, DENIED, OK, REASON, RHOST, SERVICE, TOKEN, USER, VALIDATE, ask, compose, connect, parse
from private_bus import HERE, OTHER_UID, OTHER_USER, OWN_UID, OWN_USER, SECONDS, wait_until
from standing_queue import Order, connect_as, stopped, take_answers, wait_for_any

CONNECTIONS = 200
CONNECTIONS_PER_UID = 64
REQUESTS_EACH = 12
ROUNDS = 5
# What an ordinary user gets between two looks at root's connections: a turn of 50 us, which one forged token, or on a quick
# machine a few, use up; and the answers to four requests that waited for the user's name.
TURN_MAX = 16
# Of one connection 64 requests are under way at a time, and until those are done that many more may follow.
UNDER_WAY_MAX = 2 * 64
GUESSES = 2 * UNDER_WAY_MAX


def forge(token):
    header, payload, signature = token.split(".")
    return ".".join([header, payload, signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]])


@pytest.fixture(scope="module")
def path(daemon):
    os.chmod(daemon.directory / "socket", 0o755)
    os.chmod(daemon.socket, 0o666)
    return daemon.socket


class Flood:
    def __init__(self, path, token, uid=OWN_UID, user=OWN_USER):
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "flood.py", path, str(uid), user, str(CONNECTIONS), token],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "flooding\n"

    def stop(self):
        """How many answers it got."""
        self.process.stdin.close()
        answers = int(self.process.stdout.readline())
        self.process.wait(SECONDS)
        self.process.stdout.close()
        return answers


@pytest.fixture
def flood(root, path):
    token, sid = root.issue(OWN_USER)
    started = Flood(path, forge(token))
    yield started
    if started.process.poll() is None:
        started.stop()
    root.call("RevokeSession", f"('{sid}', '')")


@pytest.fixture
def limit(root, daemon):
    """limit(text): lines in [Limits], for one test."""
    before = daemon.config.read_text(encoding="utf-8")

    def add(text):
        daemon.config.write_text(before.replace("[Limits]\n", f"[Limits]\n{text}"), encoding="utf-8")
        root.call("Reload")

    yield add
    daemon.config.write_text(before, encoding="utf-8")
    root.call("Reload")


def login(token, user=OTHER_USER, rhost="192.0.2.1"):
    return {USER: user, SERVICE: "test", TOKEN: token, RHOST: rhost}


def log_in(path, token):
    _, status, answer = ask(path, AUTHENTICATE, login(token))
    return status, answer.get(REASON)


def test_logins_and_other_users_are_served_during_a_flood(root, path, flood):
    token, _ = root.issue(OTHER_USER)
    assert log_in(path, token)[0] == OK
    asked = subprocess.run(
        [sys.executable, "-B", HERE / "frames.py", path, "VALIDATE", f"TOKEN={token}"], user=OTHER_UID,
        group=OTHER_UID, extra_groups=[], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert asked.stdout.split()[0] == str(OK)
    assert flood.stop() > CONNECTIONS


def test_a_flood_does_not_fill_the_journal(root, path, daemon, flood):
    def refusals():
        return root.call("GetStatus")[0]["refusals_total"]

    before, begun = daemon.log_text().count("validate for"), refusals()
    wait_until(lambda: refusals() - begun > 1000, "a flood")
    flood.stop()
    # 20 in 10 s, however long it took.
    assert daemon.log_text().count("validate for") - before < 200


def as_other_user(function):
    """Run it in a process of OTHER_USER; it returns whether all was well."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresuid(OTHER_UID, OTHER_UID, OTHER_UID)
        try:
            os._exit(0 if function() else 1)
        except BaseException:  # nothing of pytest may run twice
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_who_waits_for_their_turn_gets_all_answers(path, root):
    """Nothing is refused for want of time."""
    token, _ = root.issue(OTHER_USER)

    def ask_for_many():
        with connect(path) as peer:
            for i in range(300):
                peer.send(compose(VALIDATE, {TOKEN: forge(token) if i % 2 else token}))
                if parse(peer.recv(65536))[1] not in (OK, DENIED):
                    return False
        return True

    assert as_other_user(ask_for_many) == 0


def test_one_connection_too_many_is_sent_away_and_the_others_stay(path, root):
    """Each forged token costs a verification, so that some wait for their turn until there is time again."""
    token, _ = root.issue(OTHER_USER)
    bad, packet = forge(token), {}

    def is_answered(peer, text=bad):
        try:
            peer.send(compose(VALIDATE, {TOKEN: text}))
            packet["last"] = peer.recv(65536)
        except OSError:
            return False
        return bool(packet["last"])

    def crowd():
        peers = [connect(path) for _ in range(CONNECTIONS)]
        answered = [is_answered(peer) for peer in peers]
        if answered != [True] * CONNECTIONS_PER_UID + [False] * (CONNECTIONS - CONNECTIONS_PER_UID):
            return False
        peers[0].close()
        # What it has closed is noticed in its turn, too.
        wait_until(lambda: is_answered(connect(path), token), "a place")
        return parse(packet["last"])[1] == OK

    assert as_other_user(crowd) == 0


class Crowd:
    """Connections of one user, to ask on all at once."""

    def __init__(self, path, size=CONNECTIONS):
        self.peers = [connect_as(OWN_UID, path) for _ in range(size)]

    def ask(self, kind, token, n_each=1):
        for _ in range(n_each):
            for peer in self.peers:
                peer.send(compose(kind, login(token, OWN_USER) if kind == AUTHENTICATE else {TOKEN: token}))

    def take_answers(self):
        """Of each connection."""
        return [take_answers(peer) for peer in self.peers]

    def leave(self):
        for peer in self.peers:
            peer.close()


@pytest.fixture
def crowd(path):
    gathered = []

    def gather():
        gathered.append(Crowd(path))
        return gathered[-1]

    yield gather
    for one in gathered:
        one.leave()


@pytest.fixture
def good(root, path):
    """A login's token; the daemon has the facts about its user in memory."""
    token, _ = root.issue(OTHER_USER)
    assert log_in(path, token)[0] == OK
    return token


@pytest.fixture
def bad(root):
    return forge(root.issue(OWN_USER)[0])


def test_who_knocks_behind_a_crowd_is_answered_before_it(path, daemon, crowd, good, bad):
    """Connections above the limit are not closed before that either: they would come back."""
    for _ in range(ROUNDS):
        with stopped(daemon):
            many = crowd()
            many.ask(VALIDATE, bad)
            peer = connect(path)
            order = Order([*many.peers, peer])
            peer.send(compose(AUTHENTICATE, login(good)))
        with peer:
            assert order.place_of(peer) == 1
            assert parse(peer.recv(65536))[1] == OK
        many.leave()


def place_amid(daemon, flood, kind, good, bad):
    """The place of a login's answer among those of a flood, in which the daemon was stopped; None: the flood was
    over."""
    with connect(daemon.socket) as peer:
        with stopped(daemon):
            flood.ask(kind, bad, REQUESTS_EACH)
        wait_for_any(flood.peers)
        with stopped(daemon):
            answered = flood.take_answers()
            order = Order([*flood.peers, peer])
            peer.send(compose(AUTHENTICATE, login(good)))
        assert parse(peer.recv(65536, socket.MSG_PEEK))[1] == OK
        place = order.place_of(peer) if max(answered) < REQUESTS_EACH else None
    flood.leave()
    return place


@pytest.mark.parametrize("kind", [VALIDATE, AUTHENTICATE])
def test_a_login_amid_a_flood_waits_for_one_turn_of_it(daemon, limit, crowd, good, bad, kind):
    """Though the user may take all of the time."""
    limit(f"ConnectionsPerUid={10 * CONNECTIONS}\nTimePerUid=100\n")
    for _ in range(ROUNDS):
        place = wait_until(lambda: place_amid(daemon, crowd(), kind, good, bad), "a flood that is not over at once")
        assert place <= 1 + TURN_MAX


def test_the_daemon_sleeps_while_a_flood_waits_for_more_time(daemon, limit, crowd, bad):
    """So that whoever comes finds it idle."""
    limit(f"ConnectionsPerUid={10 * CONNECTIONS}\nTimePerUid=5\n")
    state = pathlib.Path("/proc", str(daemon.process.pid), "stat")
    flood = crowd()
    with stopped(daemon):
        flood.ask(VALIDATE, bad, REQUESTS_EACH)
    wait_for_any(flood.peers)
    wait_until(lambda: state.read_text(encoding="ascii").rpartition(") ")[2][0] == "S", "an idle daemon")
    assert sum(flood.take_answers()) < CONNECTIONS * REQUESTS_EACH


@on_stores("sqlite", "redis")
def test_a_login_waits_for_few_of_the_guesses_before_it(path, daemon, good, bad):
    """Of one user from everywhere: as many on one connection as it holds."""
    begun, place = len(daemon.log_text()), "198.51.100.1"
    with connect(path) as peer, connect(path) as guesser:
        for each in (peer, guesser):
            each.send(compose(VALIDATE, {TOKEN: good}))
            assert parse(each.recv(65536))[1] == OK
        guesser.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with stopped(daemon):
            for i in range(GUESSES):
                guesser.send(compose(AUTHENTICATE, login(bad, OWN_USER, f"192.0.2.{i % 250}")), socket.MSG_DONTWAIT)
            peer.send(compose(AUTHENTICATE, login(good, rhost=place)))
        assert parse(peer.recv(65536))[1] == OK
        wait_until(lambda: place in daemon.log_text()[begun:], "the login's line")
        before, _, _ = daemon.log_text()[begun:].partition(place)
        assert 0 < before.count(f"authenticate for {OWN_USER} refused") <= UNDER_WAY_MAX
