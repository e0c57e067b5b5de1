# SPDX-License-Identifier: MIT
"""Sessions with logins: how they are announced, listed and counted. There is no logind here, so a login
is its process, which only leaves by itself."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from private_bus import OWN_UID, OWN_USER, SECONDS, wait_until
from token_login import RHOST, TTY, Login

@pytest.fixture
def login(root, daemon):
    """(login, session id) of a session that was just begun"""
    root.listen()
    token, sid = root.issue(OWN_USER)
    opened = Login(daemon, token)
    yield opened, sid
    opened.leave()
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def ctl(bus, *arguments, uid=0):
    return subprocess.run([os.environ["AUTHTOKENCTL"], f"--bus={bus.address}", *arguments], user=uid,
                          group=uid, extra_groups=[], capture_output=True, text=True, timeout=60,
                          check=False)


def test_a_login_is_announced(root, login):
    assert root.signal("SessionOpened", login[1]) == [login[1], "login"]


def test_a_login_is_listed_with_its_session(own, login):
    ((row,),) = own.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert (row["session"], row["service"], row["tty"], row["rhost"]) == (login[1], "test", TTY, RHOST)
    (there,) = row["logins"]
    assert (there["service"], there["tty"], there["rhost"]) == ("test", TTY, RHOST)
    assert there["leader"] == login[0].process.pid
    assert there["host"] == socket.gethostname()
    assert abs(there["opened"] - time.time()) < SECONDS
    assert len(there["id"]) == 22


def test_the_command_shows_a_login_below_its_session(bus, login):
    done = ctl(bus, "list", uid=OWN_UID)
    heading, session, below = done.stdout.splitlines()
    assert heading.split() == ["SESSION", "USER", "CREATED", "SEEN", "EXPIRES", "TOKEN", "EXPIRES", "HOST", "LEADER", "TTY",
                               "FROM"]
    assert session.startswith(login[1])
    assert below.startswith("└─test ") and TTY in below and RHOST in below
    ((row,),) = json.loads(ctl(bus, "list", "--json").stdout).values()
    (child,) = row["children"]
    assert (child["leader"], child["tty"], child["from"]) == (login[0].process.pid, TTY, RHOST)
    assert (row["session"], child["service"], child["session"]) == (login[1], "test", None)


def test_a_login_whose_process_was_killed_is_not_listed(bus, own, login):
    login[0].process.kill()
    login[0].process.wait()
    ((row,),) = own.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert (row["session"], row.get("logins", [])) == (login[1], [])
    assert len(ctl(bus, "list", uid=OWN_UID).stdout.splitlines()) == 2


def test_the_command_shows_from_where_and_with_what_a_session_is_used(bus, root):
    root.issue(OWN_USER, "{'client_address': <'192.0.2.77'>, 'user_agent': <'curl/8.5'>}")
    heading, session = ctl(bus, "list", uid=OWN_UID).stdout.splitlines()
    assert heading.split()[-2:] == ["ADDRESS", "AGENT"]
    assert session.split()[-2:] == ["192.0.2.77", "curl/8.5"]
    root.call("RevokeUser", f"('{OWN_USER}', '')")


# What has another name in JSON than on the bus.
NAMES = {"last_seen": "seen", "client_address": "address", "user_agent": "agent", "rhost": "from", "logins": "children"}
LOGIN_NAMES = {**NAMES, "id": "login", "opened": "created"}


def test_json_has_every_member_that_the_bus_has(bus, own, login):
    ((there,),) = own.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    ((here,),) = json.loads(ctl(bus, "list", "--json", OWN_USER).stdout).values()
    (here_below,), (there_below,) = here["children"], there.pop("logins")
    for row, names, members in ((here, NAMES, there), (here_below, LOGIN_NAMES, there_below)):
        assert len(members) > 6
        assert {name: row.get(names.get(name, name)) for name in members} == members


def test_a_record_that_cannot_be_understood_is_told_of(bus, root, daemon, login):
    daemon.stop()
    for path in (bus.directory / "run" / "logins").iterdir():
        path.write_text("{}")
    daemon.start_again(root)
    assert "run/logins: 1 records could not be understood" in daemon.log_text()
    root.listen()
    daemon.restart(root)
    assert daemon.log_text().count("could not be understood") == 1


def test_a_kick_counts_who_left(root, login):
    number = root.send("KickSession", f"('{login[1]}', '')")
    assert root.signal("SessionEnding", login[1])[1] == "session-kicked"
    login[0].leave()
    assert root.result(number) == [1, 0]
    assert root.signal("SessionEnded", login[1])[1] == "session-kicked"


def test_a_kick_tells_who_stays(bus, login):
    done = ctl(bus, "kick", OWN_USER)
    assert done.returncode == 1
    assert done.stdout == "0 logins ended\n"
    assert "1 did not end; its tokens are revoked" in done.stderr


def test_a_revocation_does_not_wait_for_logins(root, login):
    root.call("RevokeSession", f"('{login[1]}', '')")
    assert root.signal("SessionEnding", login[1])[1] == "session-revoked"
    assert login[0].process.poll() is None


def test_logins_go_on_while_the_bus_hangs(bus, root, daemon, login):
    token, sid = root.issue(OWN_USER)
    os.kill(bus.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        second = Login(daemon, token)
        assert time.monotonic() - began < 1
    finally:
        os.kill(bus.process.pid, signal.SIGCONT)
    assert root.signal("SessionOpened", sid) == [sid, "login"]
    second.leave()


def test_the_daemon_stops_while_the_bus_hangs(bus, root, daemon):
    daemon.restart(root)
    os.kill(bus.process.pid, signal.SIGSTOP)
    try:
        daemon.stop()
    finally:
        os.kill(bus.process.pid, signal.SIGCONT)
    daemon.start_again(root)


def listens(daemon):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        return peer.connect_ex(str(daemon.socket)) == 0


def test_the_daemon_starts_and_stops_while_the_bus_hangs(bus, root, daemon):
    daemon.stop()
    os.kill(bus.process.pid, signal.SIGSTOP)
    try:
        daemon.start()
        wait_until(lambda: listens(daemon), "authtokend on its socket")
        daemon.stop()
    finally:
        os.kill(bus.process.pid, signal.SIGCONT)
    daemon.start_again(root)


ONCE = "192.0.2.99"  # of no other login in this file


def is_written(bus):
    return any(f"test {TTY} {ONCE} ".encode() in path.read_bytes()
               for path in (bus.directory / "state").glob("state.db*"))


def test_the_record_of_a_session_tells_where_it_is_open(root, bus, daemon):
    """The next daemon on this state takes itself for another host, and sees what this one has written."""
    token, _ = root.issue(OWN_USER)
    login = Login(daemon, token, ONCE)
    wait_until(lambda: is_written(bus), "the login in the session's record")
    daemon.stop()
    shutil.move(bus.directory / "run" / "logins", bus.directory / "logins")
    try:
        daemon.environment["LD_PRELOAD"] = os.environ["SLOW_NSS"]
        daemon.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        daemon.environment["OTHER_HOST_NAME"] = "elsewhere"
        daemon.start_again(root)
        ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
        (there,) = row["logins"]
        assert (there["host"], there["service"], there["tty"], there["rhost"]) == \
            (socket.gethostname(), "test", TTY, ONCE)
        assert "leader" not in there and "id" not in there
        daemon.stop()
    finally:
        for name in ("LD_PRELOAD", "ASAN_OPTIONS", "OTHER_HOST_NAME"):
            daemon.environment.pop(name, None)
        shutil.rmtree(bus.directory / "run" / "logins", ignore_errors=True)
        shutil.move(bus.directory / "logins", bus.directory / "run" / "logins")
        daemon.start_again(root)
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    (here,) = row["logins"]
    assert here["leader"] == login.process.pid
    login.leave()
    root.call("RevokeUser", f"('{OWN_USER}', '')")
