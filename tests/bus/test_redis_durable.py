# SPDX-License-Identifier: MIT
"""A Redis that stops keeping what it acknowledges while the daemon is connected to it: CONFIG SET needs no restart."""

import contextlib

import pytest

import redis_server
from private_bus import OWN_USER, CallError, wait_until


@pytest.fixture(scope="module")
def redis(bus):
    started = redis_server.start(bus.directory, "--appendonly", "yes")
    yield started
    started.stop()


@pytest.fixture(scope="module", params=["no", "yes"])
def required(request):
    return request.param


@pytest.fixture(scope="module")
def store(bus, redis, required):
    redis_server.make_keys(bus.directory)
    return f"{redis.store}RequireDurable={required}\n"


@contextlib.contextmanager
def changed(redis, name, value, back):
    redis.run("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        redis.run("CONFIG", "SET", name, back)


def health(root):
    (status,) = root.call("GetStatus")
    return status["store_online"], status["store_durable"], status.get("store_message", "")


def issue(root):
    try:
        root.issue(OWN_USER)
    except CallError as refusal:
        return refusal.code
    return "ok"


# What is changed and changed back, and what is said of it.
CHANGES = {"no": ("maxmemory-policy", "allkeys-lru", "noeviction", "not noeviction"),
           "yes": ("appendonly", "no", "yes", "no append-only file")}


def test_it_is_noticed_and_where_it_is_required_refused(root, redis, daemon, required):
    *change, words = CHANGES[required]
    assert health(root) == (True, True, "")
    assert issue(root) == "ok"
    with changed(redis, *change):
        wait_until(lambda: words in health(root)[2], "a message")
        if required == "yes":
            assert health(root)[0] is False
            assert issue(root) == "store-refused"
        else:
            assert health(root)[:2] == (True, False)
            assert issue(root) == "ok"
        assert words in daemon.log_text()
    wait_until(lambda: health(root) == (True, True, ""), "all to be kept again")
    assert issue(root) == "ok"
