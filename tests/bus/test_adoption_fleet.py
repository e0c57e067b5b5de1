# SPDX-License-Identifier: MIT
"""Adoption with two hosts on one store: one gives an order in the very moment in which the other adopts."""

import shutil
import time

import pytest

from adopting_host import Host, Store
from foreign_issuer import Issuer, Secret
from private_bus import OWN_USER, host_on, private_bus, wait_until
from store_proxy import StoreProxy
from token_login import log_in

MARK = "authtoken:default:adoption"


@pytest.fixture(scope="module")
def store(bus):
    for name in ("run", "state"):
        shutil.rmtree(bus.directory / name, ignore_errors=True)
    started = Store("redis", bus.directory)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def proxy(bus, store):
    started = StoreProxy(bus.directory / "proxy.sock", store.redis.socket)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def issuer(bus):
    return Issuer(bus.directory / "jwks.json", Secret())


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store, issuer, proxy):
    """Its commits can be kept back."""
    host = Host(bus, root, store, issuer, socket=proxy.path)
    yield host
    host.stop()


@pytest.fixture(scope="module")
def other(daemon, store):
    """Calls the other host, which adopts nothing itself."""
    with private_bus() as bus:
        shutil.copytree(daemon.directory / "state/keys", bus.directory / "state/keys")
        with host_on(bus, store.config()) as host:
            yield host


@pytest.fixture
def host(daemon, root):
    root.call("ConfirmAdoptionSince", "(uint64 1,)")
    yield daemon
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def old(issuer):
    return issuer.token(OWN_USER, iat=int(time.time()) - 10)


def test_what_was_adopted_before_all_are_revoked_is_revoked(host, other, issuer):
    token = old(issuer)
    assert host.log_in(token) == "ok"
    assert other.root.call("RevokeAll", "('breach',)") == [1]
    assert host.log_in(token) == "session-revoked"
    assert host.log_in(old(issuer)) == "adoption-before"


def test_an_adoption_that_is_under_way_does_not_outlive_the_revocation_of_all(host, root, other, issuer, proxy):
    token = old(issuer)
    proxy.before_next_commit(lambda: other.root.call("RevokeAll", "('breach',)"))
    assert host.log_in(token) == "adoption-before"
    proxy.wait()
    assert root.sessions(OWN_USER) == set()
    assert host.log_in(token) == "adoption-before"


def test_one_that_a_new_confirmation_overtakes_is_counted_by_it(host, root, other, issuer, proxy, store):
    proxy.before_next_commit(lambda: other.root.call("ConfirmAdoptionSince", "(uint64 1,)"))
    assert host.log_in(old(issuer)) == "ok"
    proxy.wait()
    assert store.redis.run("GET", MARK).split()[2] == "1"
    assert len(root.sessions(OWN_USER)) == 1


def test_one_whose_store_is_emptied_meanwhile_is_none(host, root, issuer, proxy, store):
    proxy.before_next_commit(store.empty)
    assert host.log_in(old(issuer)) == "adoption-unconfirmed"
    proxy.wait()
    assert root.sessions(OWN_USER) == set()
    assert store.redis.run("EXISTS", MARK).strip() == "0"


def test_a_host_that_adopts_nothing_makes_no_epoch(host, other, issuer, store):
    store.empty()
    before = len(other.daemon.log_text())
    assert other.root.call("RevokeAll", "('breach',)") == [0]
    assert store.redis.run("EXISTS", MARK).strip() == "0"
    assert "adoption:" not in other.daemon.log_text()[before:]
    assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"


def test_whoever_begins_to_adopt_looks_at_the_store_at_once(host, other, issuer):
    def state():
        return other.root.call("GetStatus")[0]["adoption"]

    assert state() == "off"
    before = other.daemon.config.read_text()
    other.daemon.config.write_text(before + issuer.section())
    other.root.call("Reload")
    wait_until(lambda: state() == "confirmed", "a look at the store")
    other.daemon.config.write_text(before)
    other.root.call("Reload")
    assert state() == "off"


def test_what_another_host_adopted_first_ends_nothing_here(host, root, other, issuer, proxy):
    """The second attempt finds its session made; a session that the first would have ended goes on."""
    before = other.daemon.config.read_text()
    other.daemon.config.write_text(before + issuer.section())
    other.root.call("Reload")
    host.configure("[Session]\nSingleSignOn=user\n")
    first, second = issuer.token(OWN_USER), issuer.token(OWN_USER)
    assert host.log_in(first) == "ok"
    (sid,) = root.sessions(OWN_USER)
    start = len(host.daemon.log_text())
    proxy.before_next_commit(lambda: log_in(other.daemon, second))
    assert host.log_in(second) == "ok"
    proxy.wait()
    assert len(root.sessions(OWN_USER)) == 2
    assert host.log_in(first) == "ok"
    assert not [line for line in host.daemon.log_text()[start:].splitlines() if sid in line and "replaced" in line]
    host.configure("")
    other.daemon.config.write_text(before)
    other.root.call("Reload")
