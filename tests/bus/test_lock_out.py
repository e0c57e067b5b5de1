# SPDX-License-Identifier: MIT
"""A user who fails to log in too often from one place is kept out there, and nowhere else; on both stores."""

import base64
import json
import re

import pytest

from bus_fixtures import on_stores
from frames import (AUTHENTICATE, DENIED, OK, REASON, RHOST, SERVICE, TOKEN, USER, ask_as, ask_by_setuid, compose, connect,
                    parse)
from private_bus import OTHER_UID, OTHER_USER, OWN_UID, OWN_USER, is_served, serving, wait_until
from token_login import forge, log_in

FAILURES, N_PARALLEL, N_KILLS = 4, 100, 20
HERE, THERE = "192.0.2.1", "192.0.2.2"
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store):
    with serving(bus, root, store=f"{store}[Limits]\nLoginFailures={FAILURES}\n") as started:
        yield started


def lock_out(daemon, token, rhost):
    for _ in range(FAILURES):
        assert log_in(daemon, forge(token), rhost) == (DENIED, "signature-invalid")
    assert log_in(daemon, token, rhost) == (DENIED, "locked-out")


def empty_store(root, daemon, request):
    if "redis" in request.node.callspec.id:
        request.getfixturevalue("redis").run("FLUSHALL")
        return
    daemon.stop()
    wait_until(lambda: not is_served(root), "the name is free")
    for path in daemon.directory.glob("state/state.db*"):
        path.unlink()
    daemon.start_again(root)


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
    """When the answer to the failure that locks out arrives, the lock-out is stored: nothing after that loses it."""
    token, _ = root.issue(OWN_USER)
    for number in range(N_KILLS):
        rhost = f"192.0.2.{100 + number}"
        for _ in range(FAILURES):
            assert log_in(daemon, forge(token), rhost) == (DENIED, "signature-invalid")
        daemon.process.kill()
        daemon.process.wait()
        daemon.start_again(root)
        assert log_in(daemon, token, rhost) == (DENIED, "locked-out")
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


def test_a_good_token_without_its_session_locks_nobody_out(root, daemon, request):
    """As after a FLUSHALL, or with a store that was set back."""
    token, _ = root.issue(OWN_USER)
    empty_store(root, daemon, request)
    for _ in range(3 * FAILURES):
        assert log_in(daemon, token, "192.0.2.22") == (DENIED, "session-unknown")
    assert log_in(daemon, root.issue(OWN_USER)[0], "192.0.2.22")[0] == OK


def test_a_good_token_of_another_user_locks_nobody_out(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(3 * FAILURES):
        assert log_in(daemon, token, "192.0.2.23", OTHER_USER) == (DENIED, "user-mismatch")
    assert log_in(daemon, root.issue(OTHER_USER)[0], "192.0.2.23", OTHER_USER)[0] == OK


def test_a_token_of_a_key_that_this_host_lacks_locks_nobody_out(root, daemon):
    """As on a host that has not got the fleet's new key yet: on all others its users go on."""
    token, _ = root.issue(OWN_USER)
    header, payload, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    other = base64.urlsafe_b64encode(json.dumps({**known, "kid": "of-tomorrow"}, separators=(",", ":")).encode())
    for _ in range(3 * FAILURES):
        lacking = ".".join([other.decode().rstrip("="), payload, signature])
        assert log_in(daemon, lacking, "192.0.2.24") == (DENIED, "key-unknown")
    assert log_in(daemon, token, "192.0.2.24")[0] == OK


def test_a_wrong_code_is_a_guess(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(FAILURES):
        assert log_in(daemon, "at-00000-00000", "192.0.2.30") == (DENIED, "code-unknown")
    assert log_in(daemon, token, "192.0.2.30") == (DENIED, "locked-out")


def try_at_once(daemon, credentials, rhost):
    """Reasons, None for OK, of as many logins; all are asked for before the first answer is read."""
    peers = [connect(daemon.socket) for _ in credentials]
    for peer, credential in zip(peers, credentials):
        peer.send(compose(AUTHENTICATE, {USER: OWN_USER, SERVICE: "test", TOKEN: credential, RHOST: rhost}))
    answers = [parse(peer.recv(65536)) for peer in peers]
    for peer in peers:
        peer.close()
    return [answer.get(REASON) for _, _, answer in answers]


def test_of_wrong_codes_at_once_no_more_are_looked_at_than_may_fail(root, daemon):
    token, _ = root.issue(OWN_USER)
    reasons = try_at_once(daemon, [f"at-00000-{number:05}" for number in range(N_PARALLEL)], "192.0.2.31")
    assert sorted(reasons) == ["code-unknown"] * FAILURES + ["locked-out"] * (N_PARALLEL - FAILURES)
    assert log_in(daemon, token, "192.0.2.31") == (DENIED, "locked-out")


def test_a_right_code_is_not_looked_at_once_the_place_is_locked_out(root, daemon):
    token, _ = root.issue(OWN_USER)
    lock_out(daemon, token, "192.0.2.32")
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    assert log_in(daemon, code, "192.0.2.32") == (DENIED, "locked-out")
    assert log_in(daemon, code, "192.0.2.33")[0] == OK


def test_right_codes_leave_nothing_behind(root, daemon):
    token, _ = root.issue(OWN_USER)

    def codes(count):
        return [root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")[0] for _ in range(count)]

    for _ in range(3):
        assert try_at_once(daemon, codes(FAILURES), "192.0.2.34") == [None] * FAILURES
    for _ in range(FAILURES - 1):
        assert log_in(daemon, "at-00000-00000", "192.0.2.34") == (DENIED, "code-unknown")
    for _ in range(2 * FAILURES):
        assert log_in(daemon, *codes(1), "192.0.2.34")[0] == OK
    assert log_in(daemon, "at-00000-00000", "192.0.2.34") == (DENIED, "code-unknown")
    assert log_in(daemon, token, "192.0.2.34") == (DENIED, "locked-out")


@pytest.mark.redis_only
def test_a_right_code_lasts_where_another_host_has_locked_out(root, daemon, redis):
    token, _ = root.issue(OWN_USER)
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    redis.run("SET", f"authtoken:default:f:{OWN_USER}:192.0.2.35", str(FAILURES), "EX", "100")
    assert log_in(daemon, code, "192.0.2.35") == (DENIED, "locked-out")
    assert log_in(daemon, code, "192.0.2.36")[0] == OK


@pytest.mark.redis_only
def test_an_attempt_whose_host_went_away_is_not_waited_for_long(root, daemon, redis):
    token, _ = root.issue(OWN_USER)
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    key = f"authtoken:default:fa:{OWN_USER}:192.0.2.37"
    redis.run("SET", key, str(FAILURES - 1), "EX", "100")
    assert log_in(daemon, "at-00000-00000", "192.0.2.37") == (DENIED, "code-unknown")
    wait_until(lambda: int(redis.run("GET", key)) == FAILURES - 1, "the attempt is over")
    assert 0 < int(redis.run("PTTL", key)) <= 60_000
    redis.run("SET", key, str(FAILURES), "PX", "1500")
    assert log_in(daemon, code, "192.0.2.37") == (DENIED, "locked-out")
    wait_until(lambda: log_in(daemon, code, "192.0.2.37")[0] == OK, "what was reserved lapses")


def at_the_host(daemon, uid, service, credential):
    """(status, reason) of a login as OWN_USER by a program that the user with this uid has started"""
    status, reason = ask_by_setuid(uid, daemon.socket, "AUTHENTICATE", f"USER={OWN_USER}",
                                   f"SERVICE={service}", f"TOKEN={credential}")
    return int(status), reason


@pytest.fixture
def polkit_takes_tokens(root, daemon):
    before = daemon.config.read_text()
    daemon.config.write_text(before + '[Service "polkit-1"]\nTokens=yes\n')
    root.call("Reload")
    yield
    daemon.config.write_text(before)
    root.call("Reload")


@pytest.mark.usefixtures("polkit_takes_tokens")
def test_nobody_locks_another_out_by_a_program_that_all_may_start(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(FAILURES):
        assert at_the_host(daemon, OTHER_UID, "polkit-1", "at-00000-00000") == (DENIED, "code-unknown")
    # Whatever they start is one place, and a good token is as good as none there.
    for service in ("polkit-1", "su"):
        assert at_the_host(daemon, OTHER_UID, service, token) == (DENIED, "locked-out")
    assert re.search(f'EVENT="lock-out" .*USER="{OWN_USER}" .*RHOST="uid:{OTHER_UID}@', daemon.log_text())
    for uid, service in ((OWN_UID, "polkit-1"), (OWN_UID, "sudo"), (0, "polkit-1"), (0, "login")):
        assert at_the_host(daemon, uid, service, token)[0] == OK
    (daemon.directory / "socket").chmod(0o755)
    daemon.socket.chmod(0o666)
    assert ask_as(OWN_UID, daemon.socket, "AUTHENTICATE", f"USER={OWN_USER}", "SERVICE=test",
                  f"TOKEN={token}")[0] == str(OK)


@pytest.mark.usefixtures("polkit_takes_tokens")
def test_a_service_that_names_nobody_locks_out_itself_alone(root, daemon):
    token, _ = root.issue(OWN_USER)
    for _ in range(FAILURES):
        assert at_the_host(daemon, 0, "polkit-1", "at-00000-00000") == (DENIED, "code-unknown")
    assert at_the_host(daemon, 0, "polkit-1", token) == (DENIED, "locked-out")
    for uid, service in ((0, "login"), (OWN_UID, "polkit-1")):
        assert at_the_host(daemon, uid, service, token)[0] == OK


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
    assert redis.run("GET", key).strip() == "1"
    assert 0 < int(redis.run("PTTL", key)) <= 300_000
    assert 0 < int(redis.run("PTTL", "authtoken:default:fn")) <= 300_000
