# SPDX-License-Identifier: MIT
"""Logins and their ends as hooks see them, and what happens to logins when hooks misbehave."""

import os
import socket
import stat
import time

import pytest

from frames import (ACCOUNT, AUTHENTICATE, CLOSE_SESSION, DENIED, HANDLE, OK, OPEN_SESSION, REASON, RHOST, SERVICE, TOKEN,
                    TTY, UNAVAILABLE, USER, ask, compose)
from hook_socket import HookSocket, answering, hanging, read, running
from private_bus import OWN_USER, wait_until
from token_login import Login

TIMEOUT_SECONDS = 0.5
DEVICE = "{'platform': <'laptop'>, 'device': <'d-1'>}"
EVENTS = "login logout refresh kick"
CONFIG = """Synchronous=off
[Hooks]
Socket={directory}/hook.sock
Events={events}
Timeout=500ms
BackgroundTimeout=500ms
OnFailure={on_failure}
"""


def config(daemon, events=EVENTS, on_failure="deny"):
    """Change the configuration of the daemon that runs."""
    whole = daemon.config.read_text(encoding="utf-8").partition("Synchronous=off")[0]
    daemon.config.write_text(whole + CONFIG.format(directory=daemon.directory, events=events, on_failure=on_failure))


@pytest.fixture(scope="module")
def store(bus):
    return CONFIG.format(directory=bus.directory, events=EVENTS, on_failure="deny")


@pytest.fixture
def hooks(bus):
    """hooks(serve): have hooks behind the socket."""
    made = []

    def make(serve, **options):
        for old in made:
            old.stop()
        made.append(HookSocket(bus.directory / "hook.sock", serve, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def changed(daemon, root):
    """changed(**options): another [Hooks], until the test ends."""
    def change(**options):
        config(daemon, **options)
        root.call("Reload")

    yield change
    change()


@pytest.fixture(autouse=True)
def no_sessions(root):
    yield
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def authenticate(daemon, token, user=OWN_USER):
    """(status, reason) of a login up to its handle"""
    _, status, answer = ask(daemon.socket, AUTHENTICATE,
                            {USER: user, SERVICE: "sshd", TTY: "ssh", RHOST: "192.0.2.7", TOKEN: token})
    assert (HANDLE in answer) == (status == OK)
    return status, answer.get(REASON)


def test_a_login_is_asked_about(root, daemon, hooks):
    asked = hooks(answering("allowed"))
    access, _, info = root.call("IssueToken", f"('{OWN_USER}', {{'platform': <'laptop'>, 'device': <'d-1'>}})")
    assert authenticate(daemon, access) == (OK, None)
    event = asked.next()
    assert abs(event.pop("time") - time.time()) < 60
    assert event == {"event": "login", "user": OWN_USER, "session": info["session"], "service": "sshd", "tty": "ssh",
                     "rhost": "192.0.2.7", "host": socket.gethostname(), "reason": "ok", "platform": "laptop",
                     "device": "d-1", "version": 1}


def test_no_token_and_no_handle_is_told(root, daemon, hooks):
    said = []

    def serve(_, peer):
        with peer:
            said.append(peer.recv(65536).decode())
            peer.send(b"allowed")

    hooks(serve)
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    root.call("RevokeSession", f"('{sid}', '')")
    wait_until(lambda: len(said) >= 2, "the login and its end are told")
    login.leave()
    for part in token.split("."):
        assert not [text for text in said if part in text]


def test_a_veto_refuses_the_login(root, daemon, hooks):
    hooks(answering("vetoed 10-office-hours"))
    token, sid = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (DENIED, "hook-vetoed")
    wait_until(lambda: "hook 10-office-hours" in daemon.log_text(), "the hook's name in the journal")
    # Nobody's session ends by that.
    assert sid in root.sessions(OWN_USER)


@pytest.mark.parametrize("serve", [answering("failed 10-broken"), answering("yes, of course"), answering(""), hanging])
def test_hooks_that_fail_refuse_the_login(root, daemon, hooks, serve):
    hooks(serve)
    token, _ = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (UNAVAILABLE, "hook-failed")


def test_no_socket_refuses_the_login(root, daemon):
    token, _ = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (UNAVAILABLE, "hook-failed")
    wait_until(lambda: "hook.sock: No such file or directory" in daemon.log_text(), "the cause in the journal")


@pytest.mark.parametrize("serve", [answering("failed"), hanging, None])
def test_failures_pass_where_the_administrator_says_so(root, daemon, hooks, changed, serve):
    changed(on_failure="allow")
    hooks(serve)
    token, _ = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (OK, None)


def test_a_veto_is_a_veto_also_then(root, daemon, hooks, changed):
    changed(on_failure="allow")
    hooks(answering("vetoed 10-office-hours"))
    token, _ = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (DENIED, "hook-vetoed")


def test_what_is_not_in_the_configuration_is_not_asked(root, daemon, hooks, changed):
    changed(events="kick")
    asked = hooks(answering("vetoed 10-office-hours"))
    token, sid = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (OK, None)
    root.call("KickSession", f"('{sid}', '')")
    assert asked.next()["event"] == "kick"
    assert asked.events.empty()


def test_a_refused_token_is_not_asked_about(root, daemon, hooks):
    asked = hooks(answering("allowed"))
    token, sid = root.issue(OWN_USER)
    root.call("RevokeSession", f"('{sid}', '')")
    assert authenticate(daemon, token)[0] == DENIED
    assert authenticate(daemon, "a.b.c")[0] == DENIED
    assert asked.next()["event"] == "logout"
    assert asked.events.empty()


def test_a_session_that_ends_while_hooks_run_logs_nobody_in(root, daemon, hooks):
    token, sid = root.issue(OWN_USER)

    def serve(_, peer):
        with peer:
            if read(peer)[0]["event"] == "login":
                root.call("RevokeSession", f"('{sid}', '')")
            peer.send(b"allowed")

    hooks(serve)
    assert authenticate(daemon, token) == (DENIED, "session-revoked")


def test_nothing_else_waits_for_a_hook(root, daemon, own, hooks):
    """While hooks are asked about as many logins as possible, everything else goes on."""
    asked = hooks(hanging)
    token, sid = root.issue(OWN_USER)
    path = daemon.socket
    peers = []
    for _ in range(8):
        peers.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        peers[-1].connect(str(path))
    for peer in peers:
        peer.send(compose(AUTHENTICATE, {USER: OWN_USER, SERVICE: "sshd", TOKEN: token}))
    for _ in peers:
        asked.of("login", sid)
    (info,) = own.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert info["session"] == sid
    assert ask(path, ACCOUNT, {USER: OWN_USER, SERVICE: "sshd"})[1] == OK
    for peer in peers:
        peer.close()


@pytest.mark.parametrize("end, event, reason", [
    ("KickSession", "kick", "session-kicked"),
    ("RevokeSession", "logout", "session-revoked"),
])
def test_the_end_of_a_session_is_told_once(root, daemon, hooks, end, event, reason):
    asked = hooks(answering("allowed"))
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    number = root.send(end, f"('{sid}', '')")
    login.leave()
    root.result(number)
    told = asked.of(event, sid)
    assert (told["user"], told["reason"], told["service"], told["tty"]) == (OWN_USER, reason, "test", "pts/7")
    # One more end, so that one too many would stand before it.
    _, other = root.issue(OWN_USER)
    root.call(end, f"('{other}', '')")
    told = asked.next()
    assert (told["session"], told["service"]) == (other, None)


@pytest.mark.parametrize("member, arguments, event", [
    ("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')", "kick"),
    ("BanUser", f"('{OWN_USER}', uint64 0, '')", "kick"),
    ("RevokeUser", f"('{OWN_USER}', '')", "logout"),
    ("RevokeBefore", f"('{OWN_USER}', uint64 0, '')", "logout"),
    ("Logout", f"('{OWN_USER}', '', '')", "logout"),
])
def test_an_end_tells_whose_device_it_was(root, hooks, member, arguments, event):
    asked = hooks(answering("allowed"))
    _, sid = root.issue(OWN_USER, DEVICE)
    root.call(member, arguments)
    told = asked.of(event, sid)
    assert (told["platform"], told["device"], told["service"]) == ("laptop", "d-1", None)
    if member == "BanUser":
        root.call("UnbanUser", f"('{OWN_USER}',)")


def test_so_does_the_end_of_a_session_that_another_one_replaced(root, hooks, configure):
    configure("[Session]\nSingleSignOn=user\n")
    asked = hooks(answering("allowed"))
    _, sid = root.issue(OWN_USER, DEVICE)
    root.issue(OWN_USER)
    told = asked.of("kick", sid)
    assert (told["reason"], told["platform"], told["device"]) == ("session-replaced", "laptop", "d-1")


@pytest.mark.parametrize("restart", [False, True])
def test_so_does_a_login_that_ends_by_itself(root, daemon, hooks, restart):
    asked = hooks(answering("allowed"))
    token, sid = root.issue(OWN_USER, DEVICE)
    fields = {USER: OWN_USER, SERVICE: "sshd", TTY: "ssh", RHOST: "192.0.2.7"}
    handle = ask(daemon.socket, AUTHENTICATE, {**fields, TOKEN: token})[2][HANDLE]
    assert ask(daemon.socket, OPEN_SESSION, {**fields, HANDLE: handle})[1] == OK
    if restart:
        daemon.restart(root)
        ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
        assert row["session"] == sid
    assert ask(daemon.socket, CLOSE_SESSION, {HANDLE: handle})[1] == OK
    told = asked.of("logout", sid)
    assert (told["reason"], told["platform"], told["device"]) == ("ok", "laptop", "d-1")


def test_a_refresh_is_told(root, hooks):
    asked = hooks(answering("allowed"))
    _, refresh, info = root.call("IssueToken", f"('{OWN_USER}', {{'platform': <'laptop'>}})")
    root.call("RefreshToken", f"('{refresh}',)")
    event = asked.next()
    assert (event["event"], event["session"], event["user"]) == ("refresh", info["session"], OWN_USER)
    assert (event["platform"], event["reason"], event["service"]) == ("laptop", "ok", None)


def test_a_veto_of_what_has_happened_changes_nothing(root, hooks):
    asked = hooks(answering("vetoed 10-office-hours"))
    _, sid = root.issue(OWN_USER)
    assert root.call("KickSession", f"('{sid}', '')") == [0, 0]
    assert asked.next()["event"] == "kick"
    assert sid not in root.sessions(OWN_USER)


@pytest.mark.parametrize("serve, backlog", [(hanging, 128), (None, 128), (None, 0)])
def test_hooks_that_take_nothing_hold_nothing_up(root, daemon, hooks, changed, serve, backlog):
    """Hanging hooks, a systemd that hangs, and one whose queue is full."""
    changed(events="logout refresh kick")
    hooks(serve, backlog=backlog)
    began = time.monotonic()
    for _ in range(20):
        token, sid = root.issue(OWN_USER)
        assert authenticate(daemon, token) == (OK, None)
        root.call("KickSession", f"('{sid}', '')")
    # One after the other, the hooks would have taken 20 times their time-out.
    assert time.monotonic() - began < 20 * TIMEOUT_SECONDS
    wait_until(lambda: "hooks not told" in daemon.log_text(), "the failure is in the journal")


def test_the_real_runner_decides(root, daemon, hooks):
    directory = daemon.directory / "hooks.d"
    directory.mkdir(mode=0o755)
    hooks(running(directory))
    token, _ = root.issue(OWN_USER)
    assert authenticate(daemon, token) == (OK, None)
    hook = directory / "10-not-from-there"
    hook.write_text("#!/bin/sh\ngrep -q '\"rhost\":\"192.0.2.7\"' && exit 1\nexit 0\n", encoding="utf-8")
    hook.chmod(stat.S_IRWXU)
    assert authenticate(daemon, token) == (DENIED, "hook-vetoed")
    hook.write_text("#!/bin/sh\nsleep 60\n", encoding="utf-8")
    assert authenticate(daemon, token) == (UNAVAILABLE, "hook-failed")
    hook.unlink()
    os.rmdir(directory)
    assert authenticate(daemon, token) == (UNAVAILABLE, "hook-failed")
