# SPDX-License-Identifier: MIT
"""Two fleets on one Redis, with one key and one issuer: neither sees or touches what is the other's."""

import shutil

import pytest

import redis_server
from frames import ACCOUNT, AUTHENTICATE, DENIED, OK, REASON, RHOST, SERVICE, TOKEN, USER, VALIDATE, ask
from private_bus import OWN_USER, CallError, host_on, private_bus, wait_until

MISSING = "org.authtoken1.Error.NotFound"
REFUSED = "org.authtoken1.Error.Refused"
LIMITS = "[Limits]\nLoginFailures=2\n"


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_keys(bus.directory)
    return redis.store + LIMITS


@pytest.fixture(scope="module")
def blue(daemon, redis):
    """The other tenant's host."""
    with private_bus() as bus:
        shutil.copytree(daemon.directory / "state/keys", bus.directory / "state/keys")
        with host_on(bus, f"{redis.store}Tenant=blue\n{LIMITS}") as host:
            yield host


@pytest.fixture(autouse=True)
def clean(root, blue):
    yield
    root.call("RevokeAll", "('',)")
    blue.root.call("RevokeAll", "('',)")


def request(daemon, kind, token=None, rhost="192.0.2.1"):
    fields = {TOKEN: token} if kind == VALIDATE else {USER: OWN_USER, SERVICE: "test", RHOST: rhost}
    if kind == AUTHENTICATE:
        fields[TOKEN] = token
    _, status, answer = ask(daemon.socket, kind, fields)
    return status, answer.get(REASON)


def refusal(caller, member, arguments):
    with pytest.raises(CallError) as error:
        caller.call(member, arguments)
    return error.value.name, error.value.code


def test_the_status_tells_the_tenant(root, blue):
    assert [host.call("GetStatus")[0]["tenant"] for host in (root, blue.root)] == ["default", "blue"]


def test_a_token_is_good_at_its_own_tenant_only(root, daemon, blue):
    ours, theirs = root.issue(OWN_USER)[0], blue.root.issue(OWN_USER)[0]
    for kind in (AUTHENTICATE, VALIDATE):
        assert request(daemon, kind, ours, "192.0.2.9")[0] == OK
        assert request(blue.daemon, kind, theirs, "192.0.2.9")[0] == OK
        assert request(daemon, kind, theirs) == (DENIED, "tenant-mismatch")
        assert request(blue.daemon, kind, ours) == (DENIED, "tenant-mismatch")


def test_lists_show_ones_own(root, blue):
    _, ours = root.issue(OWN_USER)
    _, theirs = blue.root.issue(OWN_USER)
    for caller, sid, tenant in ((root, ours, "default"), (blue.root, theirs, "blue")):
        ((row,),) = caller.call("ListSessions", "(@a{sv} {},)")
        assert (row["session"], row["tenant"]) == (sid, tenant)


@pytest.mark.parametrize("member", ["RevokeSession", "RevokeToken", "KickSession"])
def test_anothers_session_does_not_exist(root, blue, member):
    _, theirs = blue.root.issue(OWN_USER)
    assert refusal(root, member, f"('{theirs}', '')") == (MISSING, "session-unknown")
    assert blue.root.sessions(OWN_USER) == {theirs}


def test_anothers_jti_and_token_cannot_be_revoked(root, blue):
    token, _, info = blue.root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    assert refusal(root, "RevokeToken", f"('{info['jti']}', '')") == (MISSING, "session-unknown")
    assert refusal(root, "RevokeToken", f"('{token}', '')") == (REFUSED, "tenant-mismatch")
    assert blue.root.sessions(OWN_USER) == {info["session"]}


@pytest.mark.parametrize("member, arguments, answer", [
    ("RevokeAll", "('',)", [1]), ("RevokeUser", f"('{OWN_USER}', '')", [1]),
    ("RevokeSessions", f"('{OWN_USER}', @a{{sv}} {{}}, '')", [1]),
    ("RevokeBefore", f"('{OWN_USER}', uint64 0, '')", [1]),
    ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')", [0, 0]),
    ("BanUser", f"('{OWN_USER}', uint64 0, '')", [0, 0])])
def test_orders_about_users_touch_ones_own(root, daemon, blue, member, arguments, answer):
    root.issue(OWN_USER)
    token, theirs = blue.root.issue(OWN_USER)
    assert root.call(member, arguments) == answer
    assert root.sessions(OWN_USER) == set()
    assert blue.root.sessions(OWN_USER) == {theirs}
    assert request(blue.daemon, AUTHENTICATE, token, "192.0.2.9")[0] == OK
    assert request(blue.daemon, ACCOUNT)[0] == OK
    if member == "BanUser":
        assert request(daemon, ACCOUNT) == (DENIED, "user-banned")
        assert blue.root.call("ListBans") == [[]]
        assert refusal(blue.root, "UnbanUser", f"('{OWN_USER}',)") == (MISSING, "not-banned")
        root.call("UnbanUser", f"('{OWN_USER}',)")


def test_a_lock_out_is_ones_own(root, daemon, blue):
    bad = root.issue(OWN_USER)[0]
    bad = bad[:-1] + ("A" if bad[-1] != "A" else "Q")
    wait_until(lambda: request(daemon, AUTHENTICATE, bad, "192.0.2.50") == (DENIED, "locked-out"), "a lock-out")
    good, _ = blue.root.issue(OWN_USER)
    assert request(blue.daemon, AUTHENTICATE, good, "192.0.2.50")[0] == OK
    assert blue.root.call("ListLockOuts", "(@a{sv} {},)") == [[]]
    assert blue.root.call("LiftLockOut", f"('{OWN_USER}', '')") == [0]
    assert [row["place"] for row in root.call("ListLockOuts", "(@a{sv} {},)")[0]] == ["192.0.2.50"]
    assert root.call("LiftLockOut", f"('{OWN_USER}', '')") == [1]


def test_each_key_of_the_store_names_its_tenant(root, blue, redis):
    root.issue(OWN_USER)
    blue.root.issue(OWN_USER)
    keys = redis.run("KEYS", "*").split()
    assert keys
    assert all(key.startswith(("authtoken:default:", "authtoken:blue:")) for key in keys)


def test_a_refresh_token_is_good_at_its_own_tenant_only(root, blue):
    for own, other in ((root, blue.root), (blue.root, root)):
        _, refresh, _ = own.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
        assert refresh
        with pytest.raises(CallError):
            other.call("RefreshToken", f"('{refresh}',)")
        access, _, _ = own.call("RefreshToken", f"('{refresh}',)")
        assert own.call("ValidateToken", f"('{access}', @a{{sv}} {{}})")
        assert refusal(other, "ValidateToken", f"('{access}', @a{{sv}} {{}})")[1] == "tenant-mismatch"


def test_a_login_code_is_good_at_its_own_tenant_only(root, daemon, blue):
    for own, here, there in ((root, daemon, blue.daemon), (blue.root, blue.daemon, daemon)):
        (code,) = own.call("CreateCode", f"('{own.issue(OWN_USER)[0]}', @a{{sv}} {{}})")
        assert request(there, AUTHENTICATE, code, "192.0.2.60") == (DENIED, "code-unknown")
        assert request(here, AUTHENTICATE, code, "192.0.2.60")[0] == OK
