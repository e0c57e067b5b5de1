# SPDX-License-Identifier: MIT
"""Redis hangs: every answer comes in bounded time, nobody gets in meanwhile, and all is well soon afterwards."""

import concurrent.futures
import contextlib
import signal
import time

import pytest

from victim import victim_with

NO_ANSWER = "connection lost: no answer within the time-out"
# A host that can do without Redis so long was told by it that nothing has changed.
MEMORY_SECONDS = 3


@contextlib.contextmanager
def stopped(redis):
    redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def paused(redis):
    """It listens to nobody, not even to a command that would end the hang."""
    redis.run("CLIENT", "PAUSE", "3500", "ALL")
    yield


@pytest.fixture
def victim():
    with victim_with("--appendonly", "yes") as started:
        yield started


@pytest.fixture
def sessions(victim):
    """(a live one, one that was revoked)"""
    kept, revoked = victim.issue("alice"), victim.issue("alice")
    victim.revoke(revoked)
    return kept, revoked


def test_a_moment_is_waited_for(victim, sessions):
    with concurrent.futures.ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
        stack.enter_context(stopped(victim.redis))
        verdicts = [pool.submit(victim.log_in, token, "alice") for token in sessions]
        time.sleep(0.1)
        stack.close()
        assert [verdict.result() for verdict in verdicts] == [None, "session-revoked"]
    assert NO_ANSWER not in victim.told()


def assert_closed(victim, sessions, seconds):
    """For so long; and each answer in bounded time."""
    kept, revoked = sessions
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        victim.assert_refused(revoked, "alice")
        assert victim.log_in(kept, "alice") in ("store-timeout", "store-offline")
        asked_at = time.monotonic()
        if victim.validate(kept) is None:
            assert asked_at < start + MEMORY_SECONDS
        assert victim.issue_fails("alice")


@pytest.mark.parametrize("fault, seconds", [(stopped, 3), (stopped, 30), (paused, 3)],
                         ids=["stopped-3", "stopped-30", "paused-3"])
def test_nobody_gets_in_meanwhile_and_everybody_afterwards(victim, sessions, fault, seconds):
    kept, revoked = sessions
    with fault(victim.redis):
        assert_closed(victim, sessions, seconds)
    victim.wait_recovered()
    victim.wait_told(NO_ANSWER)
    assert victim.verdicts(kept, "alice") == {None}
    victim.assert_refused(revoked, "alice")


def test_an_order_that_was_not_acknowledged_is_carried_out_or_not(victim, sessions):
    """The server carries out commands from before it hung, when nobody waits for them any more."""
    kept, _ = sessions
    with stopped(victim.redis):
        assert not victim.is_revoked(kept)
    victim.wait_recovered()
    (verdict,) = victim.verdicts(kept, "alice")
    assert verdict in (None, "session-revoked")


def test_writes_alone_that_are_paused(victim, sessions):
    kept, revoked = sessions
    victim.redis.run("CLIENT", "PAUSE", "600000", "WRITE")
    assert victim.issue_fails("alice") == "store-timeout"
    victim.assert_refused(revoked, "alice")
    assert not victim.is_revoked(kept)
    victim.redis.run("CLIENT", "UNPAUSE")
    victim.wait_recovered()
    victim.assert_refused(revoked, "alice")
