# SPDX-License-Identifier: MIT
"""The login of the shipped list of users: all tests on Redis use it, so its rights are enough; and it has no others.
"""

import pytest

import redis_server
from private_bus import OWN_USER, wait_until

USER_KEY = f"authtoken:default:u:{OWN_USER}"


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_keys(bus.directory)
    return redis.store


@pytest.fixture
def login(redis):
    """login(words): how the server's answer begins."""
    with redis_server.Client(redis.socket) as client:
        assert client.ask("AUTH", "authtoken", redis_server.PASSWORD) == "+OK"
        yield lambda words: client.ask(*words.split())


@pytest.mark.parametrize("words", [
    "PING", "TIME", "ROLE", "INFO persistence", "INFO memory", "INFO replication", "WAIT 0 1",
    "CLIENT ID", "CLIENT SETNAME authtokend", "CLIENT TRACKING ON BCAST PREFIX authtoken:default:u:",
    "CLIENT TRACKINGINFO", "SUBSCRIBE __redis__:invalidate",
    f"HGETALL {USER_KEY}"])
def test_what_the_daemon_asks_is_allowed(login, words):
    assert login(words)[0] != "-"


FORBIDDEN = [
    "FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "MONITOR", "SELECT 1", "SWAPDB 0 1",
    "CONFIG SET appendonly no", "CONFIG GET requirepass", "CONFIG GET *", "CONFIG REWRITE", "CONFIG RESETSTAT",
    "ACL LIST", "ACL SETUSER authtoken +@all", "ACL WHOAMI", "ACL GETUSER default", "SHUTDOWN NOSAVE",
    "SAVE", "BGSAVE", "BGREWRITEAOF", "LASTSAVE", "REPLICAOF NO ONE", "SLAVEOF 127.0.0.1 1", "FAILOVER", "PSYNC ? -1",
    "MIGRATE 127.0.0.1 1 authtoken:a 0 10", "RESTORE authtoken:a 0 x", "DUMP authtoken:a", "COPY authtoken:a authtoken:b",
    "RENAME authtoken:a authtoken:b", "MOVE authtoken:a 1", "MODULE LIST", "FUNCTION LIST",
    "FUNCTION LOAD x", "SCRIPT FLUSH", "SCRIPT KILL", "CLIENT LIST", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1",
    "CLIENT NO-EVICT on", "CLIENT UNBLOCK 1", "SLOWLOG GET", "LATENCY LATEST", "MEMORY STATS", "OBJECT FREQ authtoken:a",
    "CLUSTER INFO", "COMMAND", "PUBLISH __redis__:invalidate x", "PUBSUB CHANNELS", "PSUBSCRIBE *",
    "SUBSCRIBE other", "SUBSCRIBE __keyevent@0__:del", "SSUBSCRIBE other",
    "SORT authtoken:a GET other:*", "SPUBLISH x y",
    # Of another application.
    "GET other", "SET other x", "DEL other", "HGETALL authtoke", "HGETALL authtokens:x", "ZRANGE other 0 -1",
    "EXISTS authtoken", "SET Authtoken:x y",
]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_nothing_else_is(login, redis, words):
    redis.run("SET", "other", "untouched")
    assert login(words).startswith("-NOPERM ")
    assert redis.run("GET", "other") == "untouched"


@pytest.mark.parametrize("words", ["DEBUG SLEEP 0", "DEBUG RELOAD", "MODULE LOAD /x.so"])
def test_nor_what_a_usual_server_refuses_everybody(redis, words):
    assert "has no permissions to run" in redis.run("ACL", "DRYRUN", "authtoken", *words.split())


@pytest.mark.parametrize("call", ["'FLUSHALL'", "'KEYS','*'", "'SWAPDB',0,1", "'PUBLISH','a','b'", "'SET','other','x'",
                                  "'GET','other'"])
def test_nor_by_a_script(login, redis, call):
    redis.run("SET", "other", "untouched")
    assert login(f"EVAL redis.call({call}) 0").startswith("-ERR The user executing the script can't ")
    assert redis.run("GET", "other") == "untouched"


@pytest.mark.parametrize("user", ["authtoken", "admin", "replica", "sentinel"])
def test_as_shipped_nobody_can_log_in(redis, user):
    """Until the administrator has set a password."""
    redis.run("ACL", "SETUSER", "copy", "reset", *redis_server.rules(user))
    with redis_server.Client(redis.socket) as client:
        for password in ("", "copy", user, redis_server.PASSWORD):
            assert client.ask("AUTH", "copy", password).startswith("-WRONGPASS")


def test_as_shipped_everybody_needs_a_login():
    assert redis_server.rules("default")[0] == "off"


def test_as_shipped_a_start_forgets_nothing(tmp_path):
    """Redis reads its append-only file as the user default, and skips transactions with commands that the user may not
    run."""
    redis_server.write_users(tmp_path / "others.conf", "default", "admin")
    redis = redis_server.start(tmp_path, "--include", str(tmp_path / "others.conf"), "--appendonly", "yes")
    try:
        with redis_server.Client(redis.socket) as client:
            assert client.ask("PING").startswith("-NOAUTH")
            assert client.ask("AUTH", "authtoken", redis_server.PASSWORD) == "+OK"
            script = "redis.call('SET','authtoken:a','x') redis.call('SET','authtoken:b','x') return 'done'"
            assert client.ask("EVAL", script, "0") == "$4"
        redis.kill()
        redis.start()
        with redis_server.Client(redis.socket) as client:
            assert client.ask("AUTH", "authtoken", redis_server.PASSWORD) == "+OK"
            # ROLE is answered meanwhile, this is not.
            wait_until(lambda: not client.ask("EXISTS", "authtoken:a").startswith("-LOADING"), "the file is read")
            assert client.ask("EXISTS", "authtoken:a", "authtoken:b") == ":2"
    finally:
        redis.stop()
