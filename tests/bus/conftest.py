# SPDX-License-Identifier: MIT
"""One bus and one daemon for each file of tests."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from private_bus import (OTHER_UID, OTHER_USER, OWN_UID, OWN_USER, SECONDS, Bus, Caller, Daemon, Polkit, is_served,
                         wait_until)


def pytest_configure(config):
    config.addinivalue_line("markers", "redis_only: makes no sense with SQLite, which one host has for itself")


def pytest_collection_modifyitems(items):
    """Leave out what makes no sense with a store; say loudly what cannot be tested here."""
    items[:] = [item for item in items
                if not (item.get_closest_marker("redis_only") and "sqlite" in item.callspec.id)]
    missing = [name for name in ("AUTHTOKEND", "AUTHTOKENCTL", "SLOW_NSS") if not os.environ.get(name)]
    reason = None
    if missing:
        reason = f"{' and '.join(missing)} do not name what meson built"
    elif os.geteuid() != 0:
        reason = "callers of several uids need root"
    elif not shutil.which("dbus-daemon"):
        reason = "dbus-daemon is missing: install dbus-daemon"
    elif not list(pathlib.Path("/usr/lib").glob("*/libnss_wrapper.so")):
        reason = "libnss_wrapper.so is missing: install libnss-wrapper"
    for item in items if reason else ():
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def bus_owner():
    """Who may own the name on the bus."""
    return "root"


@pytest.fixture(scope="module")
def bus(bus_owner):
    # Not tmp_path: callers of other uids must reach the socket, and its path has a limit.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-bus-"))
    directory.chmod(0o755)
    started = Bus(directory, bus_owner)
    yield started
    started.stop()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def root(bus):
    caller = Caller(bus, 0)
    yield caller
    caller.stop()


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root):
    started = Daemon(bus)
    wait_until(lambda: not started.is_alive() or is_served(root), "authtokend on the bus")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def own(bus, daemon):
    """The user whose sessions they are."""
    caller = Caller(bus, OWN_UID)
    yield caller
    caller.stop()


@pytest.fixture(scope="module")
def other(bus, daemon):
    caller = Caller(bus, OTHER_UID)
    yield caller
    caller.stop()


@pytest.fixture(scope="module")
def started_polkit(bus):
    mock = Polkit(bus)
    yield mock
    mock.stop()


@pytest.fixture
def polkit(started_polkit):
    """Says no until it is told otherwise."""
    started_polkit.answers("no")
    return started_polkit


@pytest.fixture
def ctl(bus, root):
    """Run it as somebody; afterwards nobody has a session."""
    def run(*arguments, uid=0, stdin=None, stdout=subprocess.PIPE, address=bus.address,
            **options):
        options = {"stderr": subprocess.PIPE, "text": True, "timeout": SECONDS,
                   "env": {**os.environ, "TZ": "UTC"}, **options}
        return subprocess.run([os.environ["AUTHTOKENCTL"], f"--bus={address}", *arguments], user=uid,
                              group=uid, extra_groups=[], input=stdin, stdin=None if stdin is not None else
                              subprocess.DEVNULL, stdout=stdout, check=False, **options)

    yield run
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")
