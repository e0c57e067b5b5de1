# SPDX-License-Identifier: MIT
"""An administrator sees who is locked out, and lets them in again; on both stores."""

import re
import time

import pytest

from bus_fixtures import on_stores
from command import DENIED as EXIT_DENIED
from command import OK as EXIT_OK
from command import NOT_FOUND, USAGE, check, rows
from frames import DENIED, OK
from private_bus import OTHER_USER, OWN_UID, OWN_USER, CallError, serving
from token_login import forge, log_in

FAILURES, N_KILLS = 4, 5
HERE, THERE, NETWORK = "192.0.2.1", "192.0.2.2", "2001:db8::/64"
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store):
    with serving(bus, root, store=f"{store}[Limits]\nLoginFailures={FAILURES}\nLockOut=1h\n") as started:
        yield started


@pytest.fixture(autouse=True)
def clean(root):
    yield
    for user in (OWN_USER, OTHER_USER):
        for place in ("", HERE, THERE, NETWORK):
            lift(root, user, place)


@pytest.fixture
def token(root):
    made, _ = root.issue(OWN_USER)
    return made


def list_all(caller, options="@a{sv} {}"):
    (found,) = caller.call("ListLockOuts", f"({options},)")
    return found


def places(root, user=OWN_USER):
    return [row["place"] for row in list_all(root, f"{{'user': <'{user}'>}}")]


def lift(caller, user=OWN_USER, place=""):
    (lifted,) = caller.call("LiftLockOut", f"('{user}', '{place}')")
    return lifted


def fail(daemon, token, rhost, times=FAILURES, user=OWN_USER):
    for _ in range(times):
        assert log_in(daemon, forge(token), rhost, user) == (DENIED, "signature-invalid")


def test_who_is_locked_out_is_told_where_and_until_when(root, daemon, token):
    assert list_all(root) == []
    fail(daemon, token, HERE)
    fail(daemon, token, "2001:db8::1")
    fail(daemon, token, THERE, FAILURES - 1)
    fail(daemon, root.issue(OTHER_USER)[0], HERE, user=OTHER_USER)
    found = list_all(root)
    assert sorted((row["user"], row["place"]) for row in found) == sorted([
        (OWN_USER, HERE), (OWN_USER, NETWORK), (OTHER_USER, HERE)])
    assert all(0 < row["until"] - time.time() <= 3601 for row in found)
    assert places(root) == [HERE, NETWORK]
    assert places(root, "nobody") == []


def test_one_place_is_lifted_at_once_and_no_other(root, daemon, token):
    for rhost in (HERE, THERE):
        fail(daemon, token, rhost)
        assert log_in(daemon, token, rhost) == (DENIED, "locked-out")
    assert lift(root, place=HERE) == 1
    assert log_in(daemon, token, HERE)[0] == OK
    assert log_in(daemon, token, THERE) == (DENIED, "locked-out")
    assert places(root) == [THERE]
    assert lift(root, place=HERE) == 0


def test_all_places_of_a_user_are_lifted_at_once(root, daemon, token):
    other, _ = root.issue(OTHER_USER)
    for rhost in (HERE, THERE):
        fail(daemon, token, rhost)
    fail(daemon, other, HERE, user=OTHER_USER)
    assert lift(root) == 2
    for rhost in (HERE, THERE):
        assert log_in(daemon, token, rhost)[0] == OK
    assert log_in(daemon, other, HERE, OTHER_USER) == (DENIED, "locked-out")
    assert lift(root) == 0


def test_an_address_stands_for_its_network(root, daemon, token):
    fail(daemon, token, "2001:db8::1")
    assert lift(root, place="2001:db8::2") == 1
    assert log_in(daemon, token, "2001:db8::1")[0] == OK


def test_the_failures_so_far_are_forgotten(root, daemon, token):
    fail(daemon, token, HERE)
    fail(daemon, token, THERE, FAILURES - 1)
    assert lift(root, place=HERE) == 1
    assert lift(root, place=THERE) == 0
    for rhost in (HERE, THERE):
        fail(daemon, token, rhost, FAILURES - 1)
        assert log_in(daemon, token, rhost)[0] == OK
        fail(daemon, token, rhost, 1)
        assert log_in(daemon, token, rhost) == (DENIED, "locked-out")


def test_what_was_lifted_outlasts_a_kill(root, daemon, token):
    for _ in range(N_KILLS):
        fail(daemon, token, HERE)
        assert lift(root) == 1
        daemon.process.kill()
        daemon.process.wait()
        daemon.start_again(root)
        assert log_in(daemon, token, HERE)[0] == OK
        assert places(root) == []


def test_the_journal_is_told(root, daemon, token):
    fail(daemon, token, HERE)
    lift(root, place=HERE)
    fail(daemon, token, HERE)
    lift(root)
    one, every = re.findall(r".*AUTHTOKEN_EVENT=\"unlock\".*", daemon.log_text())[-2:]
    for line in (one, every):
        assert f'AUTHTOKEN_USER="{OWN_USER}"' in line and 'AUTHTOKEN_REASON="ok"' in line
        assert 'AUTHTOKEN_COUNT="1"' in line and 'AUTHTOKEN_PEER_UID="0"' in line
    assert f'AUTHTOKEN_RHOST="{HERE}"' in one and "RHOST" not in every


def test_nobody_lifts_or_lists_without_being_allowed(own, daemon, polkit, token):
    """Not even for oneself: otherwise somebody who guesses could go on."""
    fail(daemon, token, HERE)
    polkit.answers("no")
    for member, arguments in (("LiftLockOut", f"('{OWN_USER}', '{HERE}')"),
                              ("ListLockOuts", f"({{'user': <'{OWN_USER}'>}},)")):
        with pytest.raises(CallError) as refusal:
            own.call(member, arguments)
        assert refusal.value.code == "not-authorised"
    assert {question["action"] for question in polkit.asked()} == {"org.authtoken1.ban", "org.authtoken1.list"}
    assert log_in(daemon, token, HERE) == (DENIED, "locked-out")
    polkit.answers("yes")
    assert lift(own) == 1
    assert log_in(daemon, token, HERE)[0] == OK


@pytest.mark.parametrize("user, place", [("", ""), ("a:b", ""), ("-a", ""), (OWN_USER, "a\\nb"), (OWN_USER, "x" * 257)])
def test_what_cannot_be_is_refused(root, user, place):
    with pytest.raises(CallError) as refusal:
        lift(root, user, place)
    assert refusal.value.name == "org.authtoken1.Error.InvalidArgument"


@pytest.mark.redis_only
def test_a_store_that_is_away_lifts_nothing(root, daemon, redis, token):
    fail(daemon, token, HERE)
    redis.run("LPUSH", f"authtoken:default:f:{OWN_USER}:{THERE}", "x")
    with pytest.raises(CallError) as refusal:
        lift(root, place=THERE)
    assert refusal.value.name == "org.authtoken1.Error.Unavailable"
    assert places(root) == [HERE]
    redis.run("DEL", f"authtoken:default:f:{OWN_USER}:{THERE}")


def test_the_command_shows_and_lifts(ctl, root, daemon, token):
    fail(daemon, token, HERE)
    fail(daemon, token, THERE)
    fail(daemon, root.issue(OTHER_USER)[0], HERE, user=OTHER_USER)
    found = rows(ctl("unlock", "--list", "--json", OWN_USER), "lock_outs")
    assert [(row["user"], row["place"]) for row in found] == [(OWN_USER, HERE), (OWN_USER, THERE)]
    assert all(0 < row["until"] - time.time() <= 3601 for row in found)
    assert OTHER_USER in check(ctl("unlock", "--list"), EXIT_OK).stdout
    assert check(ctl("unlock", OWN_USER, HERE), EXIT_OK).stdout == "1 lock-out lifted\n"
    assert check(ctl("unlock", OWN_USER), EXIT_OK).stdout == "1 lock-out lifted\n"
    assert check(ctl("unlock", OWN_USER), EXIT_OK).stdout == "0 lock-outs lifted\n"
    assert log_in(daemon, token, HERE)[0] == log_in(daemon, token, THERE)[0] == OK


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["--json", "a"], ["--list", "a", "b"], ["", HERE],
                                       ["a", ""]])
def test_the_command_refuses_what_cannot_be_meant(ctl, arguments):
    check(ctl("unlock", *arguments), USAGE)


@pytest.mark.parametrize("arguments", [["nosuchuser"], ["nosuchuser", HERE], ["--list", "nosuchuser"],
                                       ["--list", "--json", "nosuchuser"]])
def test_the_command_says_when_nobody_can_be_meant(ctl, arguments):
    check(ctl("unlock", *arguments), NOT_FOUND, "does not know the user nosuchuser")


def test_the_command_lifts_for_who_may(ctl, polkit):
    check(ctl("unlock", OWN_USER, uid=OWN_UID), EXIT_DENIED, "not-authorised")
    assert polkit.asked()
