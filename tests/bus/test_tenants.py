# SPDX-License-Identifier: MIT
"""Two fleets on one Redis, with one key and one issuer: neither sees or touches what is the other's."""

import pathlib
import shutil
import tempfile

import pytest

import redis_server
from frames import ACCOUNT, AUTHENTICATE, DENIED, OK, REASON, RHOST, SERVICE, TOKEN, USER, VALIDATE, ask
from private_bus import OWN_USER, Bus, CallError, Caller, Daemon, is_served, wait_until

MISSING = "org.authtoken1.Error.NotFound"
REFUSED = "org.authtoken1.Error.Refused"


@pytest.fixture(scope="module")
def redis(bus):
    started = redis_server.start(bus.directory)
    yield started
    started.stop()


def start_daemon(bus, caller, redis, tenant):
    started = Daemon(bus, store=f"Type=redis\nAddress=unix:{redis.socket}\n{tenant}[Limits]\nLoginFailures=2\n")
    wait_until(lambda: not started.is_alive() or is_served(caller), "authtokend on the bus")
    return started


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, redis):
    redis_server.make_signing_key(bus.directory)
    secret = bus.directory / "state/keys/refresh.jwk"
    secret.write_text('{"kty":"oct","use":"refresh","kid":"r1","alg":"HS256","k":"' + "A0" * 21 + 'A"}')
    secret.chmod(0o600)
    started = start_daemon(bus, root, redis, "")
    yield started
    started.stop()


class Blue:
    """The other tenant's daemon, on a bus of its own."""

    def __init__(self, redis, keys):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-bus-"))
        self.directory.chmod(0o755)
        (self.directory / "state").mkdir(mode=0o700)
        shutil.copytree(keys, self.directory / "state/keys")
        self.bus = Bus(self.directory, "root")
        self.root = Caller(self.bus, 0)
        self.daemon = start_daemon(self.bus, self.root, redis, "Tenant=blue\n")

    def stop(self):
        self.daemon.stop()
        self.root.stop()
        self.bus.stop()
        shutil.rmtree(self.directory)


@pytest.fixture(scope="module")
def blue(daemon, redis):
    started = Blue(redis, daemon.directory / "state/keys")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def clean(root, blue):
    yield
    root.call("RevokeAll", "('',)")
    blue.root.call("RevokeAll", "('',)")


def request(daemon, kind, token=None, rhost="192.0.2.1"):
    fields = {TOKEN: token} if kind == VALIDATE else {USER: OWN_USER, SERVICE: "test", RHOST: rhost}
    if kind == AUTHENTICATE:
        fields[TOKEN] = token
    _, status, answer = ask(daemon.directory / "socket/pam.sock", kind, fields)
    return status, answer.get(REASON)


def refusal(caller, member, arguments):
    with pytest.raises(CallError) as error:
        caller.call(member, arguments)
    return error.value.name, error.value.code


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
    assert request(blue.daemon, AUTHENTICATE, blue.root.issue(OWN_USER)[0], "192.0.2.50")[0] == OK


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
