# SPDX-License-Identifier: MIT
"""WaitReplicas=: a revocation is acknowledged when replicas have it, and what was acknowledged outlives the master."""

import contextlib
import threading

import pytest

import redis_server
from private_bus import OTHER_USER, OWN_USER, CallError, host_on, private_bus, wait_until
from replicated_redis import HOST, PASSWORD, USER, replicated

N_SESSIONS, N_BEFORE = 60, 15
# All replicas that could become the master.
WAIT = "WaitReplicas=2\nWaitTimeout=500ms\n"


@contextlib.contextmanager
def host_of(store):
    with private_bus() as bus:
        redis_server.make_keys(bus.directory)
        secret = bus.directory / "redis.password"
        secret.write_text(PASSWORD + "\n", encoding="ascii")
        secret.chmod(0o600)
        with host_on(bus, f"{store}Username={USER}\nPasswordFile={secret}\nTimeout=500ms\n") as host:
            wait_until(lambda: status_of(host)["store_online"], "the store")
            wait_until(lambda: status_of(host)["store_replicas"] == 2, "the replicas to be counted", 60)
            wait_until(lambda: is_acknowledged(host), "replicas that have just come to keep up", 60)
            yield host


def is_acknowledged(host):
    host.root.issue(OTHER_USER)
    with contextlib.suppress(CallError):
        host.root.call("RevokeUser", f"('{OTHER_USER}', '')")
        return True
    return False


def status_of(host):
    (status,) = host.root.call("GetStatus")
    return status


@pytest.fixture(scope="module")
def redis():
    with replicated(n_sentinels=0) as started:
        yield started


@pytest.fixture(scope="module")
def host(redis):
    with host_of(f"Type=redis\nAddress={redis.master.address}\n{WAIT}") as started:
        yield started


@pytest.fixture
def stopped(redis, host):
    """One of the replicas hangs."""
    redis.replicas[1].stop_for_a_while()
    yield redis.replicas[1]
    redis.replicas[1].go_on()
    wait_until(lambda: redis.n_online() == 2, "the replica", 60)
    wait_until(lambda: status_of(host)["store_replicas"] == 2, "the replica to be counted")


def error_of(call, *arguments):
    with pytest.raises(CallError) as caught:
        call(*arguments)
    return caught.value.code


def has(server, sid):
    return bool(server.ask_as_admin("HGET", f"authtoken:default:u:{OWN_USER}", f"s:{sid}"))


ORDERS = {
    "RevokeSession": "('{sid}', '')",
    "RevokeUser": "('{user}', '')",
    "KickSession": "('{sid}', '')",
    "KickUser": "('{user}', @a{{sv}} {{}}, '')",
    "Logout": "('{user}', '', '')",
    "BanUser": "('{user}', uint64 0, '')",
    "RevokeBefore": "('{user}', uint64 0, '')",
}


def give(host, member, sid):
    return host.root.call(member, ORDERS[member].format(user=OWN_USER, sid=sid))


@pytest.fixture
def session(host):
    yield host.root.issue(OWN_USER)
    with contextlib.suppress(CallError):
        host.root.call("UnbanUser", f"('{OWN_USER}',)")
    with contextlib.suppress(CallError):
        host.root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.mark.parametrize("member", ORDERS)
def test_what_is_acknowledged_is_with_the_replicas(redis, host, session, member):
    give(host, member, session[1])
    assert not any(has(server, session[1]) for server in (redis.master, *redis.replicas))


def test_without_the_replicas_it_is_in_force_and_not_acknowledged(redis, host, stopped):
    del stopped
    for member in ORDERS:
        token, sid = host.root.issue(OWN_USER)
        host.root.listen()
        assert error_of(give, host, member, sid) == "store-unreplicated", member
        host.root.signal("SessionEnded", sid)
        assert not has(redis.master, sid)
        assert error_of(host.root.call, "ValidateToken", f"('{token}', @a{{sv}} {{}})")
        # That it was done before does not make it safe.
        assert error_of(give, host, member, sid) == "store-unreplicated", member
        with contextlib.suppress(CallError):
            host.root.call("UnbanUser", f"('{OWN_USER}',)")
    wait_until(lambda: "a revocation is in force, but a failover may undo it: fewer replicas than WaitReplicas="
               in host.daemon.log_text(), "a line for the administrator")


def test_the_order_given_again_is_acknowledged_when_the_replicas_are_back(redis, host):
    _, sid = host.root.issue(OWN_USER)
    redis.replicas[0].stop_for_a_while()
    assert error_of(give, host, "KickUser", sid) == "store-unreplicated"
    redis.replicas[0].go_on()
    wait_until(lambda: redis.n_online() == 2, "the replica", 60)

    def acknowledged():
        with contextlib.suppress(CallError):
            return give(host, "KickUser", sid)
        return None

    wait_until(acknowledged, "the order to be acknowledged")
    assert not has(redis.replicas[0], sid)


def test_the_end_of_all_is_acknowledged_only_when_each_is(host, stopped):
    host.root.issue(OWN_USER)
    host.root.issue(OTHER_USER)
    assert error_of(host.root.call, "RevokeAll", "('',)") == "incomplete"
    assert not host.root.sessions(OWN_USER) | host.root.sessions(OTHER_USER)
    stopped.go_on()
    wait_until(lambda: status_of(host)["store_replicas"] == 2, "the replica to be counted", 60)
    assert host.root.call("RevokeAll", "('',)") == [0]


def test_logins_and_refreshes_do_not_wait(host, stopped):
    del stopped
    _, refresh, info = host.root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    for _ in range(3):
        _, refresh, _ = host.root.call("RefreshToken", f"('{refresh}',)")
    assert info["session"] in host.root.sessions(OWN_USER)


def test_a_stolen_refresh_token_is_told_as_such_all_the_same(host, stopped):
    del stopped
    _, first, info = host.root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    _, second, _ = host.root.call("RefreshToken", f"('{first}',)")
    host.root.call("RefreshToken", f"('{second}',)")
    assert error_of(host.root.call, "RefreshToken", f"('{first}',)") == "session-reused"
    assert info["session"] not in host.root.sessions(OWN_USER)


def test_reads_do_not_wait_behind_it(host, stopped):
    """A revocation waits on a connection of its own."""
    del stopped
    _, sid = host.root.issue(OWN_USER)
    other, _ = host.root.issue(OTHER_USER)
    number = host.root.send("KickUser", ORDERS["KickUser"].format(user=OWN_USER, sid=sid))
    answers = [host.root.send("ValidateToken", f"('{other}', @a{{sv}} {{}})") for _ in range(20)]
    for answer in answers:
        host.root.result(answer)
    assert not [row for row in host.root.seen("id") if row["id"] == number]
    with pytest.raises(CallError):
        host.root.result(number)


def test_too_few_replicas_are_told_of(host, redis):
    assert status_of(host)["store_replicas_wanted"] == 2
    redis.replicas[1].kill()
    wait_until(lambda: status_of(host)["store_replicas"] == 1, "the loss of a replica to be noticed")
    assert any("1 of 2 replicas" in warning for warning in status_of(host)["warnings"])
    wait_until(lambda: "1 replicas are there, 2 are wanted (WaitReplicas=)" in host.daemon.log_text(), "a warning")
    redis.replicas[1].start()
    wait_until(lambda: status_of(host)["store_replicas"] == 2, "the replica to be counted", 60)
    assert not [warning for warning in status_of(host)["warnings"] if "replicas" in warning]


def test_nothing_acknowledged_is_lost_when_the_master_is_killed():
    """In the midst of revocations; some are acknowledged, some are not, and those that are, stay."""
    with replicated() as redis, host_of(redis.store(more=WAIT)) as host:
        tokens = dict(host.root.issue(OWN_USER)[::-1] for _ in range(N_SESSIONS))
        acknowledged, failed = set(), {}
        begun = threading.Event()

        def revoke_all():
            for n, sid in enumerate(tokens):
                try:
                    host.root.call("RevokeSession", f"('{sid}', '')")
                    acknowledged.add(sid)
                except CallError as error:
                    failed[sid] = error.code
                if n == N_BEFORE:
                    begun.set()

        switches = redis.switches()
        worker = threading.Thread(target=revoke_all)
        worker.start()
        assert begun.wait(60)
        redis.master.kill()
        _, port = wait_until(lambda: switches.seen, "another master", 60)[0]
        worker.join(120)
        assert not worker.is_alive()
        wait_until(lambda: f"the master is tcp:{HOST}:{port}" in host.daemon.log_text() and
                   status_of(host)["store_online"], "the new master to be used")
        print(f"{len(acknowledged)} acknowledged, {len(failed)} not: {sorted(set(failed.values()))}")
        assert len(acknowledged) >= N_BEFORE
        live = host.root.sessions(OWN_USER)
        assert not live & acknowledged
        for sid in acknowledged:
            assert error_of(host.root.call, "ValidateToken", f"('{tokens[sid]}', @a{{sv}} {{}})") == "session-revoked"
        assert set(failed.values()) <= {"store-offline", "store-timeout", "store-refused", "store-unreplicated"}
