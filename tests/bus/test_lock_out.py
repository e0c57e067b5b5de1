# SPDX-License-Identifier: MIT
"""Who fails to log in too often from one place is kept out there, and nowhere else; on both stores."""

import pytest

from bus_fixtures import on_stores
from frames import DENIED, OK
from private_bus import OTHER_USER, OWN_USER, is_served, serving, wait_until
from token_login import log_in

FAILURES = 4
HERE, THERE = "192.0.2.1", "192.0.2.2"
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store):
    with serving(bus, root, store=f"{store}[Limits]\nLoginFailures={FAILURES}\n") as started:
        yield started


def forge(token):
    header, payload, signature = token.split(".")
    return ".".join([header, payload, signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]])


def lock_out(daemon, token, rhost):
    for _ in range(FAILURES):
        assert log_in(daemon, forge(token), rhost) == (DENIED, "signature-invalid")
    # With Redis it is counted after the answer.
    wait_until(lambda: log_in(daemon, forge(token), rhost) == (DENIED, "locked-out"), "the place is locked out")


def empty_store(root, daemon, redis):
    if redis:
        redis.run("FLUSHALL")
        return
    daemon.stop()
    wait_until(lambda: not is_served(root), "the name is free")
    for path in daemon.directory.glob("state/state.db*"):
        path.unlink()
    daemon.start()
    wait_until(lambda: is_served(root), "authtokend on the bus")


def lines(daemon, event):
    return [line for line in daemon.log_text().splitlines() if f"{event} for" in line]


def test_one_place_is_locked_out_and_no_other(root, daemon):
    token, _ = root.issue(OWN_USER)
    before = len(lines(daemon, "login locked out")), len(lines(daemon, "authenticate"))
    lock_out(daemon, token, HERE)
    for _ in range(20):
        assert log_in(daemon, token, HERE) == (DENIED, "locked-out")
    assert log_in(daemon, token, THERE)[0] == OK
    assert log_in(daemon, root.issue(OTHER_USER)[0], HERE, user=OTHER_USER)[0] == OK
    wait_until(lambda: len(lines(daemon, "login locked out")) == before[0] + 1, "the journal knows")
    # One line for each attempt before it, none for those after it, and two for the logins.
    assert len(lines(daemon, "authenticate")) - before[1] <= FAILURES + 4


def test_a_lock_out_outlasts_a_kill(root, daemon):
    token, _ = root.issue(OWN_USER)
    lock_out(daemon, token, "192.0.2.10")
    daemon.process.kill()
    daemon.process.wait()
    wait_until(lambda: not is_served(root), "the name is free")
    daemon.start()
    wait_until(lambda: is_served(root), "authtokend on the bus")
    assert log_in(daemon, token, "192.0.2.10") == (DENIED, "locked-out")
    assert log_in(daemon, token, "192.0.2.11")[0] == OK


def test_a_network_of_ipv6_is_one_place(root, daemon):
    token, _ = root.issue(OWN_USER)
    lock_out(daemon, token, "2001:db8::1")
    assert log_in(daemon, token, "2001:db8::2:3:4:5") == (DENIED, "locked-out")
    assert log_in(daemon, token, "2001:db8:0:1::1")[0] == OK


@pytest.mark.parametrize("why", ["revoked", "banned"])
def test_what_is_no_guess_locks_nobody_out(root, daemon, why):
    token, sid = root.issue(OWN_USER)
    rhost = {"revoked": "192.0.2.20", "banned": "192.0.2.21"}[why]
    if why == "revoked":
        root.call("RevokeSession", f"('{sid}', '')")
    else:
        root.call("BanUser", f"('{OWN_USER}', uint64 0, '')")
    for _ in range(3 * FAILURES):
        assert log_in(daemon, token, rhost)[1] in ("session-revoked", "user-banned")
    if why == "banned":
        root.call("UnbanUser", f"('{OWN_USER}',)")
    assert log_in(daemon, root.issue(OWN_USER)[0], rhost)[0] == OK


def test_a_good_token_without_its_session_locks_nobody_out(root, daemon, redis):
    """As after a FLUSHALL, or with a store that was set back."""
    token, _ = root.issue(OWN_USER)
    empty_store(root, daemon, redis)
    for _ in range(3 * FAILURES):
        assert log_in(daemon, token, "192.0.2.22") == (DENIED, "session-unknown")
    assert log_in(daemon, root.issue(OWN_USER)[0], "192.0.2.22")[0] == OK


def test_a_good_token_of_another_user_locks_nobody_out(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(3 * FAILURES):
        assert log_in(daemon, token, "192.0.2.23", OTHER_USER) == (DENIED, "user-mismatch")
    assert log_in(daemon, root.issue(OTHER_USER)[0], "192.0.2.23", OTHER_USER)[0] == OK


def test_a_wrong_code_is_a_guess(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(FAILURES):
        assert log_in(daemon, "at-00000-00000", "192.0.2.30") == (DENIED, "code-unknown")
    wait_until(lambda: log_in(daemon, token, "192.0.2.30") == (DENIED, "locked-out"), "the place is locked out")


@pytest.mark.redis_only
def test_a_lock_out_by_another_host_holds(root, daemon, redis):
    token, _ = root.issue(OWN_USER)
    key = f"authtoken:default:f:{OWN_USER}:192.0.2.40"
    redis.run("SET", key, str(FAILURES), "EX", "100")
    assert log_in(daemon, token, "192.0.2.40") == (DENIED, "locked-out")
    redis.run("DEL", key)
    wait_until(lambda: log_in(daemon, token, "192.0.2.40")[0] == OK, "an end by hand is heard")
    redis.run("LPUSH", f"authtoken:default:f:{OWN_USER}:192.0.2.41", "x")
    assert log_in(daemon, token, "192.0.2.41")[0] != OK


@pytest.mark.redis_only
def test_a_counter_goes_by_itself(root, daemon, redis):
    token, _ = root.issue(OWN_USER)
    log_in(daemon, forge(token), "192.0.2.50")
    key = f"authtoken:default:f:{OWN_USER}:192.0.2.50"
    wait_until(lambda: redis.run("GET", key).strip() == "1", "the failure is counted")
    assert 0 < int(redis.run("PTTL", key)) <= 300_000
    assert 0 < int(redis.run("PTTL", "authtoken:default:fn")) <= 300_000
