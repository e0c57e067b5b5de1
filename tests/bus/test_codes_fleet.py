# SPDX-License-Identifier: MIT
"""Login codes where two hosts share a store and keys: made on one, used on either, once."""

import concurrent.futures
import pathlib
import shutil
import tempfile

import pytest

import redis_server
from frames import AUTHENTICATE, DENIED, OK, REASON, SERVICE, TOKEN, USER, ask
from private_bus import OWN_USER, Bus, Caller, Daemon, is_served, wait_until

N_PARALLEL = 50


@pytest.fixture(scope="module")
def redis(bus):
    started = redis_server.start(bus.directory)
    yield started
    started.stop()


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, redis):
    """The first host; SQLite before has made its keys."""
    first = Daemon(bus)
    wait_until(lambda: not first.is_alive() or is_served(root), "authtokend on the bus")
    first.stop()
    started = Daemon(bus, store=f"Type=redis\nAddress=unix:{redis.socket}\n")
    wait_until(lambda: not started.is_alive() or is_served(root), "authtokend on the bus")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def other_host(daemon, redis):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-bus-"))
    directory.chmod(0o755)
    shutil.copytree(daemon.directory / "state" / "keys", directory / "state" / "keys")
    bus = Bus(directory, "root")
    caller = Caller(bus, 0)
    started = Daemon(bus, store=f"Type=redis\nAddress=unix:{redis.socket}\n")
    wait_until(lambda: not started.is_alive() or is_served(caller), "authtokend on the other bus")
    yield started
    started.stop()
    caller.stop()
    bus.stop()
    shutil.rmtree(directory)


@pytest.fixture
def code(root):
    token, _ = root.issue(OWN_USER)
    (made,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    yield made
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def log_in(host, text):
    _, status, answer = ask(host.directory / "socket" / "pam.sock", AUTHENTICATE,
                            {USER: OWN_USER, SERVICE: "test", TOKEN: text})
    return status, answer.get(REASON)


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


def test_it_dies_with_its_session_on_both(root, daemon, other_host, code):
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    for host in (other_host, daemon):
        assert log_in(host, code) == (DENIED, "code-unknown")
