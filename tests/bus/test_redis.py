# SPDX-License-Identifier: MIT
"""The daemon on a Redis whose keys somebody else has touched."""

import json

import pytest

import redis_server
from command import check
from frames import DENIED, OK
from private_bus import OTHER_USER, OWN_USER, CallError, wait_until
from token_login import RHOST, Login, log_in

USER_KEY = f"authtoken:default:u:{OWN_USER}"
USERS_KEY = "authtoken:default:users"


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_keys(bus.directory)
    return redis.store


@pytest.fixture
def session(root, redis):
    """(token, session id)"""
    yield root.issue(OWN_USER)
    redis.run("DEL", USER_KEY)


@pytest.mark.parametrize("damage", [["DEL"], ["SET", "somebody"], ["LPUSH", "x"]])
def test_a_whole_token_needs_no_index(root, redis, daemon, session, damage):
    token, sid = session
    assert log_in(daemon, token)[0] == OK
    redis.run("DEL", f"authtoken:default:i:{sid[:10]}")
    redis.run(damage[0], f"authtoken:default:i:{sid[:10]}", *damage[1:])
    root.call("RevokeToken", f"('{token}', '')")
    assert log_in(daemon, token)[0] == DENIED


def test_names_with_digests_that_begin_alike_hide_no_session(root):
    """SHA-256 of "default", NUL and these begin with the same 60 bits; two such names are found within minutes."""
    sids = [root.issue(user)[1] for user in ("uisqflkhoozne", "ucm66cqbmdh2c")]
    for sid in sids:
        root.call("RevokeSession", f"('{sid}', '')")


@pytest.mark.parametrize("order", ["RevokeSession", "RevokeToken"])
def test_a_wrong_index_hides_no_login_that_is_open_here(root, redis, daemon, session, order):
    """As it is wrong for one of two users whose ids begin alike."""
    token, sid = session
    login = Login(daemon, token)
    try:
        redis.run("SET", f"authtoken:default:i:{sid[:10]}", OTHER_USER)
        root.call(order, f"('{sid}{'.1' if order == 'RevokeToken' else ''}', '')")
        assert log_in(daemon, token)[0] == DENIED
    finally:
        login.leave()


@pytest.mark.parametrize("damage", [["SET", "x"], ["HSET", "s:AAAAAAAAAAAAAAAAAAAAAA", "{"]])
def test_one_damaged_record_does_not_hide_the_others(root, redis, daemon, session, damage):
    _, other = root.issue(OTHER_USER)
    if damage[0] == "SET":
        redis.run("DEL", USER_KEY)
    redis.run(damage[0], USER_KEY, *damage[1:])
    ((row,),) = root.call("ListSessions", "(@a{sv} {},)")
    assert (row["user"], row["session"]) == (OTHER_USER, other)
    with pytest.raises(CallError) as refusal:
        root.sessions(OWN_USER)
    assert refusal.value.code == "store-corrupt"
    assert log_in(daemon, session[0])[0] != OK
    root.call("RevokeUser", f"('{OTHER_USER}', '')")


@pytest.mark.parametrize("line", ["RequireDurable=yes", "PasswordFile=/nonexistent", "Timeout=2s",
                                  "AllowPlaintext=yes", "Tenant=other", "Prefix=other", "Database=1"])
def test_a_reload_that_would_change_nothing_is_refused(root, daemon, line):
    before = daemon.config.read_text()
    try:
        key = line.split("=")[0]
        kept = [kept for kept in before.splitlines() if not kept.startswith(f"{key}=")]
        daemon.config.write_text("\n".join([*kept, line, ""]))
        with pytest.raises(CallError) as refusal:
            root.call("Reload")
        assert f"[Store] {key}=" in refusal.value.message
    finally:
        daemon.config.write_text(before)
    root.call("Reload")


def test_an_order_for_all_that_one_damaged_record_meets_says_so(root, redis, daemon, session):
    token, sid = root.issue(OTHER_USER)
    redis.run("DEL", USER_KEY)
    redis.run("SET", USER_KEY, "x")
    with pytest.raises(CallError) as refusal:
        root.call("RevokeAll", "('',)")
    assert refusal.value.code == "record-replaced"
    assert "1 sessions were ended; the records of 1 users could not be read" in refusal.value.message
    assert sid not in root.sessions(OTHER_USER)
    assert log_in(daemon, session[0])[0] == DENIED
    assert [row["user"] for row in root.call("ListBans")[0]] == [OWN_USER]
    assert root.call("RevokeAll", "('',)") == [0]


def test_a_list_of_users_that_is_lost_is_not_taken_for_all_users(root, redis, daemon, session):
    token, _ = root.issue(OTHER_USER)
    redis.run("DEL", USERS_KEY)
    root.issue(OTHER_USER)
    with pytest.raises(CallError) as refusal:
        root.call("RevokeAll", "('',)")
    assert refusal.value.code == "users-lost"
    assert "2 sessions were ended, but the store's list of users is lost" in refusal.value.message
    assert log_in(daemon, session[0])[0] == OK
    assert "the list of users is lost" in daemon.log_text()
    redis.run("ZADD", USERS_KEY, "0", OWN_USER, "0", OTHER_USER, "0", "~")
    assert root.call("RevokeAll", "('',)") == [1]
    assert log_in(daemon, session[0])[0] == DENIED


@pytest.fixture
def idle_timeout(root, daemon):
    before = daemon.config.read_text()
    daemon.config.write_text(before + "[Session]\nIdleTimeout=2s\n")
    root.call("Reload")
    yield
    daemon.config.write_text(before)
    root.call("Reload")


def test_an_idle_login_ends_soon_after_redis_takes_writes_again(root, redis, daemon, idle_timeout):
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    wait_until(lambda: RHOST in redis.run("HGETALL", USER_KEY), "the login stands in the record")
    redis.run("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        wait_until(lambda: "NOREPLICAS" in daemon.log_text(), "a refused write")
    finally:
        redis.run("CONFIG", "SET", "min-replicas-to-write", "0")
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()
    redis.run("DEL", USER_KEY)


def test_a_token_that_is_still_good_is_printed_while_the_store_takes_no_writes(root, redis, ctl, tmp_path):
    pair = tmp_path / "pair"
    check(ctl("issue", "--pair", "--output", pair, OWN_USER), 0)
    access = json.loads(pair.read_text())["access"]
    again = ["ensure-fresh", "--file", pair, "--margin=1h"]
    redis.run("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        done = ctl(*again)
        check(ctl("refresh", "--file", pair), 1, "store-")
    finally:
        redis.run("CONFIG", "SET", "min-replicas-to-write", "0")
    assert (done.returncode, done.stdout.strip()) == (0, access) and "store-" in done.stderr
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    check(ctl(*again), 1, "session-revoked")
