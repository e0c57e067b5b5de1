# SPDX-License-Identifier: MIT
"""Which host has a login open if hosts have the same name, and after a host was rebooted."""

import contextlib
import os
import pathlib
import shutil
import socket

import pytest

from private_bus import OWN_USER, wait_until
from token_login import Login

NAMES = ("LD_PRELOAD", "ASAN_OPTIONS", "OTHER_MACHINE", "OTHER_BOOT")


def written(bus):
    return b"".join(path.read_bytes() for path in (bus.directory / "state").glob("state.db*"))


@pytest.fixture
def login(request, root, bus, daemon):
    token, _ = root.issue(OWN_USER)
    rhost = f"of-{request.node.name}"[:64]  # of no other login in this file
    opened = Login(daemon, token, rhost)
    wait_until(lambda: f" {rhost} ".encode() in written(bus), "the login in the session's record")
    yield opened
    opened.leave()
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@contextlib.contextmanager
def taken_for(bus, daemon, root, **other):
    """The daemon on this state, as if it were on another machine, or after another boot: it has no logins."""
    daemon.stop()
    shutil.move(bus.directory / "run" / "logins", bus.directory / "logins")
    daemon.environment.update(other, LD_PRELOAD=os.environ["SLOW_NSS"], ASAN_OPTIONS="verify_asan_link_order=0")
    try:
        daemon.start_again(root)
        yield
        daemon.stop()
    finally:
        for name in NAMES:
            daemon.environment.pop(name, None)
        shutil.rmtree(bus.directory / "run" / "logins", ignore_errors=True)
        shutil.move(bus.directory / "logins", bus.directory / "run" / "logins")
        daemon.start_again(root)


def logins(root):
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    return row["logins"]


def test_a_login_tells_machine_and_boot(root, login):
    (here,) = logins(root)
    assert (len(here["machine"]), len(here["boot"])) == (8, 6)
    # Neither is the machine's own, which is not for others to know.
    assert not pathlib.Path("/etc/machine-id").read_text().startswith(here["machine"])
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")
    assert not boot.startswith(here["boot"])


def test_another_machine_of_the_same_name_shows_it_as_elsewhere(root, bus, daemon, login):
    (here,) = logins(root)
    with taken_for(bus, daemon, root, OTHER_MACHINE="7f"):
        (there,) = logins(root)
        assert (there["host"], there["machine"], there["boot"]) == (socket.gethostname(), here["machine"], here["boot"])
        assert "leader" not in there
    (here,) = logins(root)
    assert here["leader"] == login.process.pid


def test_what_was_open_before_a_boot_is_over(root, bus, daemon, login):
    with taken_for(bus, daemon, root, OTHER_BOOT="7f"):
        assert logins(root) == []
        # So it is for other hosts, as soon as this one is up.
        wait_until(lambda: root.call("GetStatus")[0]["store_commits"], "the record to be put right")
        daemon.stop()
        daemon.environment["OTHER_MACHINE"] = "7e"
        daemon.start_again(root)
        assert logins(root) == []
