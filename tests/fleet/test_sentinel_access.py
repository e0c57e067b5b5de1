# SPDX-License-Identifier: MIT
"""Master, replicas, sentinels and the daemon, each with its login of the shipped lists of users, and nobody without one:
what they may do is enough for a failover."""

import pytest

import redis_server
from private_bus import OWN_USER, host_on, private_bus, wait_until
from replicated_redis import ADMIN, HOST, NAME, PASSWORD, replicated

SENTINEL_PASSWORD = "a-password-of-the-sentinels"


def give_logins(servers, path, users, password):
    for server in servers:
        for user in users:
            answer = server.ask("ACL", "SETUSER", user, "reset", f">{password}", *redis_server.rules(user, path))
            assert answer == "OK", answer


def close(server):
    """Who has no login is shown the door."""
    assert server.ask_as_admin("ACL", "SETUSER", "default", "off") == "OK"
    server.ask_as_admin("CLIENT", "KILL", "USER", "default")


@pytest.fixture(scope="module")
def redis():
    with replicated(n_replicas=1) as started:
        servers = [started.master, *started.replicas]
        give_logins(servers, redis_server.USERS, ["authtoken", "replica", "sentinel"], PASSWORD)
        for server in servers:
            assert server.ask("CONFIG", "SET", "masteruser", "replica", "masterauth", PASSWORD) == "OK"
        for sentinel in started.sentinels:
            # Its tests' administrator.
            assert sentinel.ask("ACL", "SETUSER", ADMIN, "on", f">{PASSWORD}", "~*", "&*", "+@all") == "OK"
            assert sentinel.ask("SENTINEL", "SET", NAME, "auth-user", "sentinel", "auth-pass", PASSWORD) == "OK"
        give_logins(started.sentinels, redis_server.SENTINEL_USERS, ["authtoken", "peer"], SENTINEL_PASSWORD)
        for sentinel in started.sentinels:
            sentinel.ask("SENTINEL", "CONFIG", "SET", "sentinel-user", "peer")
            sentinel.ask("SENTINEL", "CONFIG", "SET", "sentinel-pass", SENTINEL_PASSWORD)
        for server in (*servers, *started.sentinels):
            close(server)
        yield started


@pytest.fixture(scope="module")
def host(redis):
    with private_bus() as bus:
        redis_server.make_keys(bus.directory)
        for name, text in (("store", PASSWORD), ("sentinel", SENTINEL_PASSWORD)):
            secret = bus.directory / name
            secret.write_text(text + "\n", encoding="ascii")
            secret.chmod(0o600)
        logins = (f"Username=authtoken\nPasswordFile={bus.directory}/store\n"
                  f"SentinelUsername=authtoken\nSentinelPasswordFile={bus.directory}/sentinel\n")
        with host_on(bus, redis.store(more=logins) + "WaitReplicas=1\nTimeout=500ms\n") as started:
            yield started


def is_online(host):
    (status,) = host.root.call("GetStatus")
    return status["store_online"]


FORBIDDEN = ["PING", "INFO", "SENTINEL FAILOVER mymaster", "SENTINEL REMOVE mymaster", "SENTINEL SET mymaster quorum 1",
             "SENTINEL MASTERS", "SENTINEL RESET *", "SENTINEL MONITOR x 127.0.0.1 1 1", "SENTINEL CONFIG GET *",
             "SENTINEL DEBUG", "SUBSCRIBE +switch-master", "PUBLISH x y", "ACL LIST", "SHUTDOWN", "CLIENT LIST",
             "CLIENT KILL TYPE normal"]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_the_daemons_login_at_a_sentinel_asks_for_the_master_only(redis, words):
    answer = redis.sentinels[0].ask("--no-auth-warning", "--user", "authtoken", "--pass", SENTINEL_PASSWORD, *words.split())
    assert answer.startswith("NOPERM")


def test_a_failover(redis, host):
    wait_until(lambda: is_online(host), "the store")
    token, _ = host.root.issue(OWN_USER)
    host.root.call("RevokeToken", f"('{token}', '')")  # waits for the replica
    switched = [server.port for server in redis.replicas]
    redis.master.kill()

    def has_switched():
        words = redis.sentinels[0].ask("--no-auth-warning", "--user", ADMIN, "--pass", PASSWORD, "SENTINEL",
                                       "GET-MASTER-ADDR-BY-NAME", NAME).split()
        return words[0] == HOST and int(words[1]) in switched

    wait_until(has_switched, "another master", 40)
    wait_until(lambda: is_online(host), "the store")
    assert host.root.issue(OWN_USER)


def test_nobody_was_refused_anything(redis, host):
    assert "NOPERM" not in host.daemon.log_text() and "WRONGPASS" not in host.daemon.log_text()
    for server in (*redis.replicas, *redis.sentinels):
        told = server.ask_as_admin("ACL", "LOG")
        assert [user for user in ("authtoken", "replica", "sentinel", "peer") if f"\n{user}\n" in told] == \
            (["authtoken"] if server is redis.sentinels[0] else []), told
