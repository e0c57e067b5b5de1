# SPDX-License-Identifier: MIT
"""The notices of others' changes fail: then the host does not answer from memory."""

import contextlib
import signal
import time

import pytest

import frames
import redis_server
from deadline import wait_until
from private_bus import private_bus
from redis_server import rules
from victim import STORE_REASONS, TIMEOUT, another, second_redis, victim_with
from wicked_proxy import between

# How long a host may believe what it knows when nobody tells it that it is no longer told.
STALE_SECONDS = 5
# Longer than a host believes what it knows without a word of the server.
ASLEEP_SECONDS = 3
UNTOLD = "what other hosts change is not told of"
TOLD_AGAIN = "what other hosts change is told of at once again"


@contextlib.contextmanager
def behind_proxy(*options, config=TIMEOUT):
    """(a host that speaks with Redis itself, one that does through the proxy, the proxy)"""
    with victim_with(*options, config=config) as honest, private_bus() as place:
        with between(honest.redis, place.directory) as proxy:
            with another(honest, honest.redis.store_at(proxy.path), config) as victim:
                yield honest, victim, proxy


def calls_of(redis, command):
    for line in redis.run("INFO", "commandstats").splitlines():
        if line.startswith(f"cmdstat_{command}:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def wait_remembered(victim, token):
    """Until it answers from memory."""
    def is_remembered():
        before = calls_of(victim.redis, "hgetall")
        assert victim.validate(token) is None
        return calls_of(victim.redis, "hgetall") == before

    wait_until(is_remembered, "an answer from memory")


def wait_refused(victim, token, reason="session-revoked", seconds=STALE_SECONDS):
    wait_until(lambda: victim.validate(token) == reason, f"{reason}", seconds)


def test_a_host_that_is_told_answers_from_memory():
    with victim_with() as victim, another(victim) as other:
        token = victim.issue("alice")
        wait_remembered(other, token)
        victim.revoke(token)
        wait_refused(other, token)
        assert UNTOLD not in victim.told()


@pytest.mark.parametrize("of_notices", [True, False], ids=["notices", "commands"])
def test_a_connection_that_died_without_a_word(of_notices):
    """Neither end is told, and the server has given up its end long ago."""
    with behind_proxy() as (honest, victim, proxy):
        token = honest.issue("alice")
        wait_remembered(victim, token)
        proxy.cut(of_notices)
        for link in proxy.links:
            if link.is_of_notices == of_notices:
                link.server.close()
        honest.revoke(token)
        wait_until(lambda: victim.validate(token) is not None, "no answer from memory", STALE_SECONDS)
        victim.wait_recovered()
        wait_refused(victim, token)
        if of_notices:
            wait_until(lambda: TOLD_AGAIN in victim.told(), "notices again")
            victim.wait_told(UNTOLD)


@pytest.mark.parametrize("of_notices", [True, False], ids=["notices", "commands"])
def test_a_connection_that_was_hung_up(of_notices):
    with behind_proxy() as (honest, victim, proxy):
        token = honest.issue("alice")
        for _ in range(20):
            wait_remembered(victim, token)
            proxy.drop(of_notices)
            honest.revoke(token)
            wait_until(lambda: victim.validate(token) is not None, "no answer from memory", STALE_SECONDS)
            victim.wait_recovered()
            token = honest.issue("alice")


def test_the_other_connection_leads_to_another_server():
    """As behind a balancer that moves one of them: the number of the one means a stranger there."""
    with behind_proxy() as (honest, victim, proxy), second_redis() as second:
        token = honest.issue("alice")
        wait_remembered(victim, token)
        dump = honest.redis.directory / "dump.rdb"
        honest.redis.run("SAVE")
        second.kill()
        (second.directory / "dump.rdb").write_bytes(dump.read_bytes())
        second.start()
        proxy.server = second.socket
        # Strangers with all the small numbers.
        strangers = [redis_server.Client(second.socket) for _ in range(200)]
        proxy.drop(of_notices=False)
        victim.wait_recovered()
        for _ in range(20):
            assert victim.validate(token) is None
        second.run("DEL", "authtoken:default:u:alice")
        wait_refused(victim, token, "session-unknown")
        for stranger in strangers:
            stranger.socket.close()


@pytest.mark.parametrize("options", [("--rename-command", "CLIENT", ""), ("--rename-command", "SUBSCRIBE", "")])
def test_a_server_that_tells_nothing_is_used_without(options):
    with victim_with(*options) as victim, another(victim) as other:
        victim.wait_told(UNTOLD)
        token = victim.issue("alice")
        assert other.verdicts(token, "alice") == {None}
        victim.revoke(token)
        assert other.validate(token) == "session-revoked"
        assert victim.is_ready()


@pytest.mark.parametrize("rule", ["-client|tracking", "-subscribe", "-client|id", "resetchannels", "-ping", "-info"])
def test_a_login_that_may_not_be_told_is_used_without(rule):
    with victim_with() as victim, another(victim) as other:
        victim.redis.run("ACL", "SETUSER", "authtoken", rule)
        victim.redis.run("CLIENT", "KILL", "USER", "authtoken")
        other.wait_told(UNTOLD)
        victim.wait_recovered()
        other.wait_recovered()
        token = victim.issue("alice")
        assert other.verdicts(token, "alice") == {None}
        victim.revoke(token)
        assert other.validate(token) == "session-revoked"
        victim.redis.run("ACL", "SETUSER", "authtoken", *rules("authtoken"))
        other.wait_told(TOLD_AGAIN)


def test_a_host_that_does_not_listen_is_hung_up_on_and_looks_at_everything():
    """The server gives up a listener that leaves too much unread."""
    with victim_with("--client-output-buffer-limit", "pubsub 64kb 0 0") as victim, another(victim) as other:
        token, kept = victim.issue("alice"), victim.issue("bob")
        wait_remembered(other, token)
        other.daemon.process.send_signal(signal.SIGSTOP)
        try:
            victim.revoke(token)
            change = "for i = 1, 100 do redis.call('SET', KEYS[1] .. i .. string.rep('x', 200), i, 'PX', 1) end"
            wait_until(lambda: victim.redis.run("EVAL", change, "1", "authtoken:default:u:") is not None and
                       len(victim.redis.run("CLIENT", "LIST", "TYPE", "pubsub").splitlines()) == 1, "Redis to hang up")
        finally:
            other.daemon.process.send_signal(signal.SIGCONT)
        wait_refused(other, token)
        other.wait_told(UNTOLD)
        other.wait_told(TOLD_AGAIN)
        assert other.verdicts(kept, "bob") == {None}


def info(redis, section, name):
    rows = dict(line.split(":", 1) for line in redis.run("INFO", section).splitlines() if ":" in line)
    return rows.get(name, "0")


def test_a_server_that_became_the_replica_of_another_forgets_what_was_told():
    """It swaps in the data of another database, and sends no notices."""
    with victim_with("--repl-diskless-sync-delay", "0") as victim, \
            second_redis("--repl-diskless-sync-delay", "0", port=True) as second:
        token = victim.issue("alice")
        wait_remembered(victim, token)
        victim.redis.run("REPLICAOF", "127.0.0.1", second.port)
        wait_until(lambda: info(victim.redis, "replication", "master_link_status") == "up", "a replica")
        assert victim.redis.run("DBSIZE") == "0"
        wait_until(lambda: victim.validate(token) is not None, "no answer from memory", STALE_SECONDS)


@pytest.mark.parametrize("config", ["Database=3\n", "Prefix=a.b_c\n", "Tenant=other\n"])
def test_wherever_the_keys_lie(config):
    with victim_with(login=False, config=TIMEOUT + config) as victim, \
            another(victim, victim.plain_store, TIMEOUT + config) as other:
        token = victim.issue("alice")
        wait_remembered(other, token)
        victim.revoke(token)
        wait_refused(other, token)


def test_the_whole_store_is_emptied():
    with victim_with() as victim, another(victim) as other:
        for command in ("FLUSHALL", "FLUSHDB"):
            token = victim.issue("alice")
            wait_remembered(other, token)
            victim.redis.run(command)
            wait_refused(other, token, "session-unknown")


@pytest.mark.parametrize("round_", range(3))
def test_a_host_that_was_asleep_does_not_answer_from_before(round_):
    """What was asked meanwhile is answered as soon as it wakes up, perhaps before it hears what has changed."""
    del round_
    with victim_with() as victim, another(victim) as other:
        token = victim.issue("alice")
        wait_remembered(other, token)
        with frames.connect(other.daemon.socket) as peer:
            other.daemon.process.send_signal(signal.SIGSTOP)
            try:
                victim.revoke(token)
                peer.send(frames.compose(frames.VALIDATE, {frames.TOKEN: token}))
                time.sleep(ASLEEP_SECONDS)
            finally:
                other.daemon.process.send_signal(signal.SIGCONT)
            _, status, answer = frames.parse(peer.recv(65536))
        # The connection may be given up first, for what it did not answer while nobody looked.
        assert status != frames.OK
        assert answer[frames.REASON] in STORE_REASONS | {"session-revoked"}
