# SPDX-License-Identifier: MIT
"""A host whose Redis is about to fail, and the conditions that must hold for the host in any case."""

import contextlib
import shutil
import socket
import time

import frames
import redis_server
from deadline import wait_until
from private_bus import CallError, host_on, private_bus
from token_login import log_in

# By itself, after the fault has gone.
RECOVERY_SECONDS = 5
# Time-out of the store, twice (a reconnect is worth one more wait), and what a busy machine takes.
ANSWER_SECONDS = 5
TIMEOUT = "Timeout=1s\n"
STORE_REASONS = {"store-offline", "store-timeout", "store-refused", "store-corrupt"}


class Victim:
    def __init__(self, host, redis):
        self.root, self.daemon, self.redis = host.root, host.daemon, redis
        self.seen = 0

    def issue(self, user):
        return self.root.issue(user)[0]

    def revoke(self, token):
        self.root.call("RevokeToken", f"('{token}', '')")

    def is_revoked(self, token):
        """Asks for an order, and says whether it was acknowledged."""
        try:
            self.revoke(token)
        except CallError as refusal:
            assert refusal.code in STORE_REASONS, refusal
            return False
        return True

    def validate(self, token):
        """The reason, None for a good one"""
        _, status, answer = frames.ask(self.daemon.socket, frames.VALIDATE, {frames.TOKEN: token})
        assert (frames.REASON not in answer) == (status == frames.OK)
        return answer.get(frames.REASON)

    def log_in(self, token, user):
        return log_in(self.daemon, token, user=user)[1]

    def verdicts(self, token, user):
        """The answer to a token in each of the ways to ask, each in bounded time"""
        start = time.monotonic()
        verdicts = {self.validate(token), self.log_in(token, user)}
        assert time.monotonic() - start < 2 * ANSWER_SECONDS
        return verdicts

    def assert_refused(self, token, user):
        assert None not in self.verdicts(token, user)

    def issue_fails(self, user):
        """The reason, None if there is a new session"""
        start = time.monotonic()
        try:
            self.issue(user)
        except CallError as refusal:
            assert refusal.code in STORE_REASONS, refusal
            return refusal.code
        finally:
            assert time.monotonic() - start < ANSWER_SECONDS
        return None

    def wait_recovered(self, user="recovered"):
        """Writes and reads, soon."""
        def works():
            with contextlib.suppress(CallError):
                token = self.issue(user)
                return self.verdicts(token, user) == {None}

        wait_until(works, "recovery", seconds=RECOVERY_SECONDS)

    def told(self):
        """The log since the last mark."""
        return self.daemon.log_text()[self.seen:]

    def mark(self):
        self.seen = len(self.daemon.log_text())

    def wait_told(self, line):
        wait_until(lambda: line in self.told(), f"{line!r} in the log")

    @property
    def plain_store(self):
        """Without a login: everything is allowed."""
        return plain_store(self.redis)

    def is_ready(self):
        return self.status()["store_online"]

    def status(self):
        (status,) = self.root.call("GetStatus")
        return status


def plain_store(redis):
    return f"Type=redis\nAddress=unix:{redis.socket}\n"


def free_port():
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        return str(peer.getsockname()[1])


@contextlib.contextmanager
def second_redis(*options, port=False):
    """A server of its own, with a port where others can follow it."""
    with private_bus() as bus:
        number = free_port() if port else "0"
        started = redis_server.start(bus.directory, "--port", number, *options)
        started.port = number
        try:
            yield started
        finally:
            started.kill()


@contextlib.contextmanager
def killed_on_failure(host):
    """What a failed test leaves running keeps whoever waits for the end of its output."""
    try:
        yield host
    except BaseException:
        host.daemon.process.kill()
        raise


@contextlib.contextmanager
def another(victim, store=None, config=TIMEOUT):
    """One more host on the same server, or on what stands before it."""
    with private_bus() as bus:
        shutil.copytree(victim.daemon.directory / "state/keys", bus.directory / "state/keys")
        with host_on(bus, (store or victim.redis.store) + config) as host, killed_on_failure(host):
            yield Victim(host, victim.redis)


@contextlib.contextmanager
def victim_with(*options, config=TIMEOUT, login=True):
    """A daemon and a Redis of its own."""
    with private_bus() as bus:
        redis_server.make_keys(bus.directory)
        redis = redis_server.start(bus.directory, *options)
        store = redis.store if login else plain_store(redis)
        try:
            with host_on(bus, store + config) as host, killed_on_failure(host):
                yield Victim(host, redis)
        finally:
            redis.kill()
