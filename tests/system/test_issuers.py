# SPDX-License-Identifier: MIT
"""Tokens of another issuer: they log in by ssh, end for good, and come back through no hole in the store."""

import json

import pytest

from deadline import wait_until
from foreign_issuer import Issuer, Rsa
from host import SERVICE

JWKS = "/etc/authtoken/other-issuer.json"
FETCH = "authtoken-jwks-fetch@test.service"
REDIS_FILES = "/var/lib/redis"
SQLITE_FILES = "/var/lib/authtoken/state.db"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("issuer")
    return Issuer(folder / "jwks.json", Rsa(folder, "other"))


@pytest.fixture
def trusting(host, issuer):
    """A host that takes the issuer's tokens, and has an adoption epoch."""
    host.bed.write(JWKS, json.dumps({"keys": [issuer.key.jwk()]}))
    section = issuer.section().replace(str(issuer.path), JWKS).replace("HS256 ", "")
    host.configure("60-issuer.conf", section)
    host.bed.systemctl("reload", SERVICE)
    host.bed.run("authtokenctl", "adopt", "--confirm")
    yield host
    host.unconfigure("60-issuer.conf")
    host.bed.systemctl("reload", SERVICE)


class Store:
    """What happens to stores behind the daemon's back."""

    def __init__(self, host):
        self.bed, self.is_redis, self.authtoken = host.bed, host.store == "redis", host.authtoken
        self.unit = "redis-server" if self.is_redis else SERVICE

    def stopped(self, *words):
        self.bed.systemctl("stop", self.unit)
        self.bed.run("sh", "-c", " ".join(words))
        self.bed.systemctl("start", self.unit)
        self.authtoken.wait_ready()
        wait_until(lambda: self.authtoken.status()["store_online"], "the store is there")

    def copy(self):
        self.stopped("rm -rf /root/copy; mkdir /root/copy; cp -a",
                     f"{REDIS_FILES}/." if self.is_redis else f"{SQLITE_FILES}*", "/root/copy")

    def put_back(self):
        if self.is_redis:
            self.stopped(f"rm -rf {REDIS_FILES}/*; cp -a /root/copy/. {REDIS_FILES}")
        else:
            self.stopped(f"rm -f {SQLITE_FILES}*; cp -a /root/copy/. /var/lib/authtoken/")

    def empty(self):
        if self.is_redis:
            self.bed.run("redis-cli", "-s", "/run/redis/redis-server.sock", "FLUSHALL")
        else:
            self.stopped(f"rm -f {SQLITE_FILES}*")


def refused(host, token):
    host.journal.mark()
    host.ssh.refusal("alice", token)
    return host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice")["AUTHTOKEN_REASON"]


def test_a_token_of_another_issuer_opens_a_shell_until_it_is_revoked(trusting, issuer):
    token = issuer.token("alice")
    shell = trusting.login("alice", token)
    ((row,), ) = (trusting.authtoken.sessions("alice"),)
    assert row["source"] == "https://login.example.org"
    trusting.journal.wait_for(AUTHTOKEN_EVENT="adopt", AUTHTOKEN_REASON="ok", AUTHTOKEN_SESSION=row["session"])
    trusting.authtoken.call("RevokeToken", "ss", token, "test")
    shell.wait_closed()
    assert refused(trusting, token) == "session-revoked"


def test_a_refused_login_ends_no_other_one(trusting, issuer):
    shell = trusting.login("alice", issuer.token("alice"))
    trusting.configure("61-strict.conf", '[Session]\nSingleSignOn=user\n[Service "sshd"]\nRequireRole=admin\n')
    trusting.bed.systemctl("reload", SERVICE)
    try:
        assert refused(trusting, issuer.token("alice")) == "role-missing"
        assert shell.is_open() and len(trusting.authtoken.sessions("alice")) == 1
    finally:
        trusting.unconfigure("61-strict.conf")
        trusting.bed.systemctl("reload", SERVICE)
    assert trusting.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


def test_an_emptied_store_adopts_nothing_until_it_is_confirmed(trusting, issuer):
    ended = issuer.token("alice")
    trusting.login("alice", ended)
    assert trusting.authtoken.kick_user("alice") == (1, 0)
    Store(trusting).empty()
    assert refused(trusting, ended) == "adoption-unconfirmed"
    assert refused(trusting, issuer.token("alice")) == "adoption-unconfirmed"
    assert trusting.authtoken.status()["adoption"] == "emptied"
    assert "authtokenctl adopt --confirm" in trusting.bed.output("authtokenctl", "status")
    trusting.bed.run("authtokenctl", "adopt", "--confirm")
    assert trusting.authtoken.status()["adoption"] == "confirmed"
    assert refused(trusting, ended) == "adoption-before"
    assert trusting.login("alice", issuer.token("alice")).is_open()


def test_a_store_that_was_set_back_adopts_nothing_until_it_is_confirmed(trusting, issuer):
    store = Store(trusting)
    store.copy()
    ended = issuer.token("alice")
    trusting.login("alice", ended)
    assert trusting.authtoken.kick_user("alice") == (1, 0)
    store.put_back()
    assert refused(trusting, ended) == "adoption-unconfirmed"
    assert refused(trusting, issuer.token("alice")) == "adoption-unconfirmed"
    assert trusting.authtoken.status()["adoption"] == "set-back"
    trusting.bed.run("authtokenctl", "adopt", "--confirm")
    assert refused(trusting, ended) == "adoption-before"
    assert trusting.login("alice", issuer.token("alice")).is_open()


@pytest.mark.store("sqlite")
def test_the_unit_that_fetches_keys_keeps_the_old_ones_and_is_kept_apart(host):
    bed = host.bed
    bed.write("/etc/authtoken/jwks-fetch/test.conf", "OPTIONS=--jwks=https://127.0.0.1:1/keys\n")
    bed.run("sh", "-c", "mkdir -p /var/cache/authtoken/jwks; echo before > /var/cache/authtoken/jwks/test.json")
    assert bed.systemctl("start", FETCH, check=False).returncode != 0
    assert bed.output("cat", "/var/cache/authtoken/jwks/test.json").strip() == "before"
    assert "stays as it was" in bed.output("journalctl", "--quiet", "--unit", FETCH, "--output", "cat")
    assert bed.output("stat", "--format", "%U %a", "/var/cache/authtoken/jwks").split() == ["authtoken-fetch", "755"]
    bed.run("systemctl", "reset-failed", FETCH)
    bed.run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/authtoken-jwks-fetch@.timer")
    done = bed.run("runuser", "-u", "authtoken-fetch", "--", "ls", "/var/lib/authtoken", check=False)
    assert done.returncode != 0
