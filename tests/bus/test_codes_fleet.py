# SPDX-License-Identifier: MIT
"""Login codes where two hosts share a store and keys: made on one, used on either, once."""

import concurrent.futures
import shutil

import pytest

import redis_server
from frames import DENIED, OK
from private_bus import OWN_USER, host_on, private_bus
from token_login import log_in

N_PARALLEL, FAILURES = 50, 4


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_keys(bus.directory)
    return redis.store


@pytest.fixture(scope="module")
def second(daemon, store):
    with private_bus() as bus:
        shutil.copytree(daemon.directory / "state/keys", bus.directory / "state/keys")
        with host_on(bus, store) as host:
            yield host


@pytest.fixture(scope="module")
def other_host(second):
    return second.daemon


@pytest.fixture
def code(root):
    token, _ = root.issue(OWN_USER)
    (made,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    yield made
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_code_of_one_host_logs_in_on_another(daemon, other_host, code):
    assert log_in(other_host, code) == (OK, None)
    assert log_in(daemon, code) == (DENIED, "code-unknown")
    assert log_in(other_host, code) == (DENIED, "code-unknown")


@pytest.mark.parametrize("round_", range(4))
def test_of_many_on_both_hosts_one_gets_in(daemon, other_host, code, round_):
    del round_
    with concurrent.futures.ThreadPoolExecutor(N_PARALLEL) as pool:
        outcomes = list(pool.map(lambda i: log_in((daemon, other_host)[i % 2], code), range(N_PARALLEL)))
    assert outcomes.count((OK, None)) == 1
    assert outcomes.count((DENIED, "code-unknown")) == N_PARALLEL - 1


@pytest.fixture
def limited(daemon, root, second):
    """Both hosts, where guessers are locked out."""
    def set_limit(old, new):
        for host, caller in ((daemon, root), (second.daemon, second.root)):
            host.config.write_text(host.config.read_text().replace(f"LoginFailures={old}\n", f"LoginFailures={new}\n"))
            caller.call("Reload")

    set_limit(1000000, FAILURES)
    yield daemon, second.daemon
    set_limit(FAILURES, 1000000)


def test_of_wrong_codes_on_both_hosts_no_more_are_looked_at_than_may_fail(limited):
    with concurrent.futures.ThreadPoolExecutor(N_PARALLEL) as pool:
        outcomes = list(pool.map(lambda i: log_in(limited[i % 2], "at-00000-00000", "192.0.2.9"), range(N_PARALLEL)))
    assert outcomes.count((DENIED, "code-unknown")) == FAILURES
    assert outcomes.count((DENIED, "locked-out")) == N_PARALLEL - FAILURES


def test_it_dies_with_its_session_on_both(root, daemon, other_host, code):
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    for host in (other_host, daemon):
        assert log_in(host, code) == (DENIED, "code-unknown")
