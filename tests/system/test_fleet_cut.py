# SPDX-License-Identifier: MIT
"""A host is cut off from the Redis of its fleet, while the others go on."""

import time

import pytest

from deadline import wait_until
from host import PASSWORDS, SERVICE
from network import BLOCKADES

# How much longer a password login may take than on a healthy system.
PASSWORD_DELAY_SECONDS = 1.0
UNREACHABLE = {"store-offline", "store-timeout"}


def seconds_of_password_login(host):
    child, _ = host.ssh.connect("bob")
    start = time.monotonic()
    shell = host.ssh.answer(child, "bob", PASSWORDS["bob"])
    seconds = time.monotonic() - start
    shell.drop()
    return seconds


@pytest.fixture(scope="module")
def usual_seconds(booted_fleet):
    return min(seconds_of_password_login(booted_fleet.hosts[1]) for _ in range(3))


def assert_token_is_refused(host, token):
    host.ssh.refusal("alice", token.text)
    reasons = {reason for _, reason in host.journal.refusals()}
    assert reasons & UNREACHABLE, reasons


@pytest.mark.parametrize("how", BLOCKADES)
def test_a_host_that_is_cut_off_refuses_tokens_and_catches_up(fleet, usual_seconds, note, how):
    first, second, _ = fleet
    ended, kept = first.authtoken.issue("alice"), first.authtoken.issue("alice")
    here = first.login("alice", ended.text)
    there = second.login("alice", ended.text)
    other = second.login("alice", kept.text)
    with second.blocked(how):
        assert_token_is_refused(second, kept)
        first.authtoken.kick_session(ended)
        here.wait_closed()
        assert there.is_open()
        seconds = seconds_of_password_login(second)
        assert_token_is_refused(second, ended)
        assert there.is_open()
    back = time.monotonic()
    moment, _ = there.wait_closed()
    note(f"cut off {how}: what was kicked meanwhile ended {moment - back:.2f} s after the end of the cut; "
         f"password login {seconds:.2f} s, usually {usual_seconds:.2f} s")
    assert seconds <= usual_seconds + PASSWORD_DELAY_SECONDS
    second.journal.wait_for(AUTHTOKEN_SESSION=ended.session, AUTHTOKEN_REASON="session-kicked")
    assert other.is_open()
    assert second.login("alice", kept.text).is_open()


def test_a_cut_too_short_to_be_noticed_loses_nothing(fleet):
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    shell = second.login("alice", token.text)
    with second.blocked("both ways"):
        first.authtoken.kick_session(token)
    shell.wait_closed()


def test_connections_that_something_between_has_forgotten_are_replaced(fleet, note):
    """Like a firewall that has lost its state: new connections get through, old ones get no answer."""
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    shell = second.login("alice", token.text)
    ports = second.ports()
    assert len(ports) >= 2, "one for commands, one for notices"
    with second.blocked("both ways", ports):
        start = time.monotonic()
        first.authtoken.kick_session(token)
        moment, _ = shell.wait_closed()
        note(f"what was kicked ended {moment - start:.2f} s after the call")
        wait_until(lambda: not set(second.ports()) & set(ports), "both are replaced")
        assert second.login("alice", first.authtoken.issue("alice").text).is_open()


def test_a_store_that_is_started_again_ends_nothing_and_loses_nothing(fleet):
    first, second, _ = fleet
    ended, kept = first.authtoken.issue("alice"), first.authtoken.issue("alice")
    shell, other = second.login("alice", ended.text), second.login("alice", kept.text)
    fleet.desk.bed.systemctl("restart", "redis-server")
    wait_until(lambda: all(host.authtoken.status()["store_watching"] for host in fleet), "all hosts are back")
    assert first.authtoken.kick_session(ended) == (0, 0)
    shell.wait_closed()
    assert other.is_open()


def test_a_host_that_cannot_reach_the_store_ends_nothing_there(fleet):
    """It cannot acknowledge an order that it cannot store: the order has to be given again."""
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    shells = [host.login("alice", token.text) for host in (first, second)]
    with second.blocked("both ways"):
        done = second.bed.run(*second.authtoken.words("KickUser", "sa{sv}s", "alice", 0, "test"), check=False)
        assert done.returncode != 0
        assert any(reason in done.stderr for reason in UNREACHABLE), done.stderr
    wait_until(lambda: second.authtoken.verdict(token.text) == "ok", "the host is back, and nothing has changed")
    assert all(shell.is_open() for shell in shells)
    assert second.authtoken.kick_user("alice")[1] == 0
    for shell in shells:
        shell.wait_closed()


def test_a_daemon_that_starts_during_a_cut_catches_up(fleet):
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    shell = second.login("alice", token.text)
    with second.blocked("both ways"):
        first.authtoken.kick_user("alice")
        second.bed.systemctl("restart", SERVICE)
        second.authtoken.wait_ready()
        assert shell.is_open()
    shell.wait_closed()
    second.journal.wait_for(AUTHTOKEN_SESSION=token.session, AUTHTOKEN_REASON="session-kicked")
