# SPDX-License-Identifier: MIT
"""Redis servers that are demoted, loading, forgetful, crowded, or that an administrator has had his hands in."""

import pytest

from deadline import wait_until
from frames import DENIED
from private_bus import OWN_USER, CallError
from token_login import RHOST, Login, log_in
from victim import RECOVERY_SECONDS, TIMEOUT, another, free_port, second_redis, victim_with

N_LOADED, LOAD_DELAY_USEC = 2000, 1000


# By the error of a write, or by ROLE before there is one.
IS_REPLICA = ("READONLY: the server is a replica and takes no writes", "the server is a replica, and not the master")


def is_in_step(redis):
    return "master_link_status:up" in redis.run("INFO", "replication")


def test_a_demoted_server_takes_no_writes_and_hides_no_revocation():
    port, at_once = free_port(), ("--repl-diskless-sync-delay", "0")
    with victim_with(*at_once, "--port", port) as victim, second_redis(*at_once, port=True) as second:
        kept, gone = victim.issue("alice"), victim.issue("bob")
        second.run("REPLICAOF", "127.0.0.1", port)
        wait_until(lambda: is_in_step(second), "a replica")
        second.run("REPLICAOF", "NO", "ONE")
        victim.redis.run("REPLICAOF", "127.0.0.1", second.port)
        wait_until(lambda: is_in_step(victim.redis), "a demoted master")
        assert victim.issue_fails("alice")
        wait_until(lambda: any(line in victim.told() for line in IS_REPLICA), "a replica that is seen")
        assert not victim.is_revoked(kept)
        second.run("DEL", "authtoken:default:u:bob")
        wait_until(lambda: None not in victim.verdicts(gone, "bob"), "what another host revoked at the new master")
        victim.redis.run("REPLICAOF", "NO", "ONE")
        victim.wait_recovered()
        assert victim.verdicts(kept, "alice") == {None}
        victim.assert_refused(gone, "bob")


def test_a_replica_whose_master_is_gone_lets_nobody_in():
    """Its data is as old as the last message of its master."""
    with victim_with() as victim:
        token = victim.issue("alice")
        victim.redis.run("REPLICAOF", "127.0.0.1", "1")
        wait_until(lambda: None not in victim.verdicts(token, "alice"), "nobody is let in", seconds=RECOVERY_SECONDS)
        victim.wait_told("the server is a replica, and not the master")
        victim.redis.run("REPLICAOF", "NO", "ONE")
        victim.wait_recovered()
        assert victim.verdicts(token, "alice") == {None}


def test_a_server_that_loads_is_waited_for():
    """A second or two, in which it answers -LOADING."""
    with victim_with() as victim:
        kept, revoked = victim.issue("alice"), victim.issue("alice")
        victim.revoke(revoked)
        victim.redis.run("EVAL", f"for i = 1, {N_LOADED} do redis.call('SET', 'x' .. i, i) end", "0")
        victim.redis.run("SAVE")
        victim.redis.kill()
        victim.mark()
        victim.redis.options += ["--key-load-delay", str(LOAD_DELAY_USEC), "--loading-process-events-interval-bytes",
                                 "1024"]
        victim.redis.start()
        assert "LOADING" in victim.redis.run("GET", "x")
        assert victim.log_in(kept, "alice") in ("store-refused", "store-offline")
        victim.assert_refused(revoked, "alice")
        wait_until(lambda: "LOADING" not in victim.redis.run("GET", "x"), "the data")
        victim.wait_recovered()
        assert "the server is loading its data" in victim.told()
        assert victim.verdicts(kept, "alice") == {None}
        victim.assert_refused(revoked, "alice")


def test_scripts_that_were_flushed_are_brought_again():
    with victim_with() as victim:
        token = victim.issue("alice")
        victim.redis.run("SCRIPT", "FLUSH")
        victim.revoke(token)
        victim.redis.run("SCRIPT", "FLUSH")
        assert victim.issue_fails("alice") is None
        victim.assert_refused(token, "alice")
        assert "NOSCRIPT" not in victim.told()


@pytest.mark.parametrize("who", [("TYPE", "normal"), ("TYPE", "pubsub"), ("LADDR", "{socket}:0")])
def test_connections_that_were_killed_come_back(who):
    with victim_with() as victim:
        kept, revoked = victim.issue("alice"), victim.issue("alice")
        victim.revoke(revoked)
        victim.redis.run("CLIENT", "KILL", *(word.format(socket=victim.redis.socket) for word in who))
        victim.assert_refused(revoked, "alice")
        victim.wait_recovered()
        assert victim.verdicts(kept, "alice") == {None}
        victim.assert_refused(revoked, "alice")


def test_a_record_that_is_no_record_is_refused():
    with victim_with() as victim:
        token, other = victim.issue("alice"), victim.issue("bob")
        victim.redis.run("SET", "authtoken:default:u:alice", "x")
        wait_until(lambda: victim.verdicts(token, "alice") == {"store-corrupt"}, "a corrupt record")
        victim.wait_told("WRONGTYPE: one of our keys holds what we never wrote")
        assert victim.issue_fails("alice") == "store-corrupt"
        assert victim.verdicts(other, "bob") == {None}
        victim.redis.run("DEL", "authtoken:default:u:alice")
        wait_until(lambda: victim.verdicts(token, "alice") == {"session-unknown"}, "no record")
        assert victim.issue_fails("alice") is None


@pytest.mark.parametrize("fill", ["redis.call('HSET', KEYS[1], 'x', string.rep('x', 10000000))",
                                  "for i = 1, 200000 do redis.call('HSET', KEYS[1], 'x' .. i, '') end"])
def test_a_record_beyond_all_limits_harms_its_user_only(fill):
    """The host looks at it for a login that is open, and would do so again with every new connection."""
    with victim_with() as victim:
        token, other = victim.issue(OWN_USER), victim.issue("bob")
        key = f"authtoken:default:u:{OWN_USER}"
        login = Login(victim.daemon, token)
        try:
            victim.redis.run("EVAL", fill, "1", key)
            victim.wait_told("a reply above all limits")
            victim.wait_recovered()
            n_connections = victim.redis.n_connections()
            for _ in range(20):
                assert victim.verdicts(other, "bob") == {None}
                assert victim.verdicts(token, OWN_USER) == {"store-corrupt"}
                assert victim.issue_fails(OWN_USER) == "store-corrupt"
            assert not victim.is_revoked(token)
            assert victim.redis.n_connections() <= n_connections + 1
            victim.redis.run("DEL", key)
            wait_until(lambda: victim.verdicts(token, OWN_USER) == {"session-unknown"}, "no record")
            assert victim.issue_fails(OWN_USER) is None
        finally:
            login.leave()


@pytest.mark.parametrize("value", [("SET", "x"), ("RPUSH", "x"), ("HSET", "x", "y")])
def test_a_list_of_users_that_is_none_keeps_nobody_in(value):
    """The list is a hint. If somebody makes it anew, it is known to lack the others."""
    with victim_with() as victim:
        token, other = victim.issue("alice"), victim.issue("bob")
        users = "authtoken:default:users"
        victim.redis.run("DEL", users)
        victim.redis.run(value[0], users, *value[1:])
        assert victim.is_revoked(token)
        victim.assert_refused(token, "alice")
        assert victim.issue_fails("carol") is None
        assert victim.redis.run("TYPE", users) == "zset"
        with pytest.raises(CallError, match="users-lost"):
            victim.root.call("RevokeAll", "('',)")
        assert victim.verdicts(other, "bob") == {None}


@pytest.mark.parametrize("order", ["RevokeSession", "KickSession"])
def test_a_login_is_ended_by_its_session_also_without_the_index(order):
    """A key of the index may be evicted alone, or taken out by hand."""
    with victim_with() as victim, another(victim) as other:
        token, sid = victim.root.issue(OWN_USER)
        login = Login(victim.daemon, token)
        try:
            victim.redis.run("DEL", f"authtoken:default:i:{sid[:10]}")
            with pytest.raises(CallError, match="session-unknown"):
                other.root.call(order, f"('{sid}', '')")
            victim.root.call(order, f"('{sid}', '')")
            victim.assert_refused(token, OWN_USER)
        finally:
            login.leave()


@pytest.mark.parametrize("value", ["abc", "-5", "1e3", "9" * 40])
def test_a_count_of_failures_that_is_none_harms_its_place_only(value):
    with victim_with() as victim:
        token, other = victim.issue("alice"), victim.issue("bob")
        key = f"authtoken:default:f:alice:{RHOST}"
        victim.redis.run("SET", key, value)
        n_connections = victim.redis.n_connections()
        for _ in range(5):
            assert victim.log_in(token, "alice") == "store-corrupt"
            assert victim.log_in(other, "bob") is None
        assert victim.redis.n_connections() == n_connections + 1
        victim.redis.run("DEL", key)
        assert victim.log_in(token, "alice") is None


FORGETFUL = "no append-only file (appendonly no): a crash of the server brings revoked sessions back"
EVICTING = "maxmemory-policy is not noeviction: sessions vanish when memory is short"


def test_an_old_snapshot_that_was_put_back_was_warned_of():
    """And it is the reason for the warning."""
    with victim_with() as victim:
        victim.wait_told(FORGETFUL)
        token = victim.issue("alice")
        victim.redis.run("SAVE")
        victim.revoke(token)
        victim.assert_refused(token, "alice")
        victim.redis.kill()
        victim.mark()
        victim.redis.start()
        victim.wait_recovered()
        assert victim.verdicts(token, "alice") == {None}
        victim.wait_told(FORGETFUL)
        assert victim.status()["store_durable"] is False
        assert FORGETFUL in victim.status()["store_message"]


def test_what_was_seen_before_an_old_snapshot_is_not_taken_for_what_is_there():
    """The same versions begin again, with something else in them."""
    with victim_with() as victim, another(victim) as other:
        victim.issue("alice")
        victim.redis.run("SAVE")
        lost = victim.issue("alice")
        victim.redis.kill()
        victim.redis.start()
        other.wait_recovered()
        victim.wait_recovered()
        stored = other.issue("alice")
        assert victim.root.call("RevokeUser", "('alice', '')") == [2]
        assert other.root.sessions("alice") == set()
        victim.assert_refused(stored, "alice")
        assert victim.verdicts(lost, "alice") == {"session-unknown"}


@pytest.mark.parametrize("options, line", [(("--appendonly", "no"), FORGETFUL),
                                           (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), EVICTING)])
def test_a_server_that_forgets_is_not_taken_where_it_must_not(options, line):
    with victim_with(*options, config=TIMEOUT + "RequireDurable=yes\n") as victim:
        assert victim.issue_fails("alice") == "store-refused"
        victim.wait_told(line)
        victim.redis.run("CONFIG", "SET", "appendonly", "yes", "maxmemory-policy", "noeviction")
        victim.wait_recovered()


def test_a_server_that_became_forgetful_is_left_when_it_is_met_again():
    with victim_with("--appendonly", "yes", config=TIMEOUT + "RequireDurable=yes\n") as victim:
        token = victim.issue("alice")
        victim.redis.run("CONFIG", "SET", "appendonly", "no")
        victim.redis.run("CLIENT", "KILL", "TYPE", "normal")
        victim.wait_told(FORGETFUL)
        victim.assert_refused(token, "alice")


def test_who_was_evicted_is_out():
    with victim_with("--maxmemory-policy", "allkeys-random") as victim:
        victim.wait_told(FORGETFUL)
        token = victim.issue("alice")
        victim.redis.run("CONFIG", "SET", "maxmemory", "1")
        wait_until(lambda: victim.redis.run("DBSIZE") == "0", "eviction")
        assert log_in(victim.daemon, token, user="alice") == (DENIED, "session-unknown")
        wait_until(lambda: victim.validate(token) == "session-unknown", "no record", seconds=RECOVERY_SECONDS)
        victim.redis.run("CONFIG", "SET", "maxmemory", "0")
        victim.wait_recovered()
        victim.assert_refused(token, "alice")
