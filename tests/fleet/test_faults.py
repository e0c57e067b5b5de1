# SPDX-License-Identifier: MIT
"""Redis says no: each error reply is a refusal that fails closed, with its own line, and is over when it is over."""

import collections
import contextlib
import socket

import pytest

from deadline import wait_until
from redis_server import PASSWORD, rules
from victim import victim_with

# Whether what has to be read (and so every login) and orders to revoke get through meanwhile.
Fault = collections.namedtuple("Fault", "enter line reads revokes")


@pytest.fixture
def victim():
    with victim_with("--appendonly", "yes", "--busy-reply-threshold", "20") as started:
        yield started


@pytest.fixture
def redis(victim):
    return victim.redis


@contextlib.contextmanager
def out_of_memory(redis):
    redis.run("CONFIG", "SET", "maxmemory", "1")
    yield
    redis.run("CONFIG", "SET", "maxmemory", "0")


@contextlib.contextmanager
def no_disk(redis):
    """A snapshot cannot take the place of a directory, not even for root."""
    directory = redis.socket.parent / "dump.rdb"
    (directory / "full").mkdir(parents=True)
    redis.run("CONFIG", "SET", "save", "3600 1")
    redis.run("BGSAVE")
    wait_until(lambda: "rdb_last_bgsave_status:err" in redis.run("INFO", "persistence"), "a failed snapshot")
    yield
    (directory / "full").rmdir()
    directory.rmdir()
    redis.run("CONFIG", "SET", "save", "")


@contextlib.contextmanager
def busy(redis):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(redis.socket))
        peer.sendall(b"EVAL 'while true do end' 0\r\n")
        wait_until(lambda: "BUSY" in redis.run("PING"), "a busy server")
        yield
        redis.run("SCRIPT", "KILL")


@contextlib.contextmanager
def other_password(redis):
    redis.run("ACL", "SETUSER", "authtoken", "resetpass", ">sesame")
    redis.run("CLIENT", "KILL", "USER", "authtoken")
    yield
    redis.run("ACL", "SETUSER", "authtoken", f">{PASSWORD}")


@contextlib.contextmanager
def no_user(redis):
    """Redis closes connections of a login whose user was deleted."""
    redis.run("ACL", "DELUSER", "authtoken")
    yield
    redis.run("ACL", "SETUSER", "authtoken", f">{PASSWORD}", *rules("authtoken"))


@contextlib.contextmanager
def no_writing(redis):
    redis.run("ACL", "SETUSER", "authtoken", "-@write", "-eval", "-evalsha")
    yield
    redis.run("ACL", "SETUSER", "authtoken", *rules("authtoken"))


@contextlib.contextmanager
def too_few_replicas(redis):
    redis.run("CONFIG", "SET", "min-replicas-to-write", "1")
    yield
    redis.run("CONFIG", "SET", "min-replicas-to-write", "0")


FAULTS = {
    "OOM": Fault(out_of_memory, "OOM: the server has reached maxmemory", True, True),
    "MISCONF": Fault(no_disk, "MISCONF: the server cannot write to its disk", True, False),
    "BUSY": Fault(busy, "BUSY: another script keeps the server busy", False, False),
    "WRONGPASS": Fault(other_password, "the server refuses our login (WRONGPASS)", False, False),
    "DELUSER": Fault(no_user, "the server refuses our login (WRONGPASS)", False, False),
    "NOPERM": Fault(no_writing, "NOPERM: our login may not do this", True, False),
    "NOREPLICAS": Fault(too_few_replicas, "NOREPLICAS: the server has fewer replicas than its min-replicas-to-write", True,
                        False),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_error_is_a_refusal_and_passes(redis, victim, name):
    fault = FAULTS[name]
    kept, other, revoked = victim.issue("alice"), victim.issue("alice"), victim.issue("alice")
    victim.revoke(revoked)
    with fault.enter(redis):
        assert victim.issue_fails("alice")
        victim.wait_told(fault.line)
        victim.assert_refused(revoked, "alice")
        assert (victim.log_in(kept, "alice") is None) == fault.reads
        assert victim.is_revoked(other) == fault.revokes
    victim.wait_recovered()
    assert victim.verdicts(kept, "alice") == {None}
    victim.assert_refused(revoked, "alice")
    if not fault.revokes:
        victim.revoke(other)
    victim.assert_refused(other, "alice")


def test_a_server_that_wants_a_login_from_now_on():
    with victim_with(login=False) as victim:
        token = victim.issue("alice")
        victim.redis.run("CONFIG", "SET", "requirepass", "sesame")
        victim.redis.run("-a", "sesame", "CLIENT", "KILL", "TYPE", "normal")
        victim.wait_told("the server refuses everything without a login (NOAUTH)")
        victim.assert_refused(token, "alice")
        victim.redis.run("-a", "sesame", "CONFIG", "SET", "requirepass", "")
        victim.wait_recovered()
        assert victim.verdicts(token, "alice") == {None}
