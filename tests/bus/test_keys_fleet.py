# SPDX-License-Identifier: MIT
"""Two hosts on one Redis change the signing key, and nobody is refused on either."""

import json
import os
import subprocess

import pytest

import redis_server
from frames import DENIED, OK
from private_bus import OWN_USER, CallError, host_on, private_bus
from token_login import log_in


class Member:
    """A host of the fleet: a bus, a daemon on it, and root."""

    def __init__(self, bus, root, daemon):
        self.bus, self.root, self.daemon = bus, root, daemon

    def ctl(self, *arguments, stdin=None):
        done = subprocess.run([os.environ["AUTHTOKENCTL"], f"--bus={self.bus.address}", "keys", *arguments], input=stdin,
                              capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def import_keys(self, text):
        made = self.ctl("import", "--directory", str(self.keys()), "-", stdin=text)
        self.root.call("Reload")
        return made

    def keys(self):
        return self.daemon.directory / "state/keys"

    def states(self):
        return {row["kid"]: row["state"] for row in json.loads(self.ctl("list", "--json"))["keys"]}

    def signing(self):
        return [kid for kid, state in self.states().items() if state == "signing"]

    def log_in(self, token):
        return log_in(self.daemon, token)[0]


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_signing_key(bus.directory)
    return redis.store


@pytest.fixture
def first(bus, root, daemon):
    return Member(bus, root, daemon)


@pytest.fixture
def second(first, store):
    """A host that verifies only."""
    with private_bus() as bus:
        keys = bus.directory / "state/keys"
        keys.parent.mkdir(mode=0o700)
        made = subprocess.run([os.environ["AUTHTOKENCTL"], "keys", "import", "--directory", str(keys), "-"],
                              input=first.ctl("jwks"), text=True, check=True, capture_output=True)
        assert made.stdout.split()
        with host_on(bus, store) as host:
            yield Member(*host)


def test_the_key_changes_on_all_hosts_and_nobody_is_refused(first, second):
    tokens = [first.root.issue(OWN_USER)[0]]
    with pytest.raises(CallError) as refusal:
        first.root.call("RotateKey", "(@a{sv} {},)")
    assert refusal.value.code == "key-not-shared"

    kid = first.ctl("rotate", "--stage")
    assert kid in second.import_keys(first.ctl("jwks")).split()
    assert second.states()[kid] == "verifying"
    tokens.append(first.root.issue(OWN_USER)[0])
    first.ctl("use", kid)
    tokens.append(first.root.issue(OWN_USER)[0])
    assert first.signing() == [kid] and second.signing() == []
    for host in (first, second):
        assert [host.log_in(token) for token in tokens] == [OK] * 3

    # It verifies and ends, but does not mint, and cannot be told to.
    with pytest.raises(CallError) as refusal:
        second.root.issue(OWN_USER)
    assert refusal.value.code == "no-signing-key"
    assert second.root.call("RevokeUser", f"('{OWN_USER}', '')") == [3]
    for host in (first, second):
        assert [host.log_in(token) for token in tokens] == [DENIED] * 3


def test_a_key_that_the_other_host_lacks_is_unknown_there(first, second):
    kid = first.ctl("rotate", "--stage")
    first.ctl("use", kid)
    token = first.root.issue(OWN_USER)[0]
    assert (first.log_in(token), second.log_in(token)) == (OK, DENIED)
    second.import_keys((first.keys() / f"{kid}.jwk").read_text(encoding="utf-8"))
    assert second.log_in(token) == OK
    assert second.signing() == [kid]
    first.root.call("RevokeUser", f"('{OWN_USER}', '')")
