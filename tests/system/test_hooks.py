# SPDX-License-Identifier: MIT
"""Hooks as an administrator sets them up: what they may, what they may not, and what they are told."""

import contextlib
import json
import time

import pytest

from deadline import wait_until
from host import SERVICE

DROP_IN = "90-hooks.conf"
DIRECTORY = "/etc/authtoken/hooks.d"
UNIT = "/etc/systemd/system/authtoken-hook@.service.d/test.conf"


@contextlib.contextmanager
def hooks(host, events, **files):
    """Hooks by name, from their shell text; told of these events."""
    for name, text in files.items():
        host.bed.write(f"{DIRECTORY}/{name}", f"#!/bin/sh\n{text}\n", mode=0o755)
    host.configure(DROP_IN, f"[Hooks]\nEvents={events}\n")
    host.bed.systemctl("reload", SERVICE)
    try:
        yield
    finally:
        host.unconfigure(DROP_IN)
        host.bed.systemctl("reload", SERVICE)
        for name in files:
            host.bed.path(f"{DIRECTORY}/{name}").unlink()


@pytest.fixture
def drop_in(host):
    """drop_in(line): of the unit in which hooks run, for one test."""
    def add(line):
        host.bed.write(UNIT, f"[Service]\n{line}\n")
        host.bed.systemctl("daemon-reload")

    yield add
    host.bed.path(UNIT).unlink()
    host.bed.systemctl("daemon-reload")


def said(host, name):
    """What a hook has written to the journal."""
    return [entry["MESSAGE"].partition(": ")[2] for entry in host.journal.entries(SYSLOG_IDENTIFIER="authtoken-hook")
            if entry["MESSAGE"].startswith(f"{name}: ")]


def events(host, name="notes"):
    return [json.loads(line) for line in said(host, name)]


def test_a_veto_refuses_the_login_and_tells_the_stranger_nothing(host):
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-closed": "echo closed on this day; exit 1"}):
        shown = host.ssh.refusal("alice", token.text)
        host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="hook-vetoed",
                              AUTHTOKEN_USER="alice", AUTHTOKEN_NOTE="hook 10-closed")
        assert "hook" not in shown and "closed" not in shown
        wait_until(lambda: said(host, "10-closed") == ["closed on this day"], "the hook's words in the journal")
        # The password is no login by token.
        assert host.login("alice").is_open()
    shell = host.login("alice", token.text)
    assert shell.is_open()


def test_a_hook_that_lets_pass_is_told_of_login_and_kick(host):
    token = host.authtoken.issue("alice", platform="laptop", device="d-1")
    with hooks(host, "login logout refresh kick", notes="cat"):
        shell = host.login("alice", token.text)
        (login,) = wait_until(lambda: events(host), "the login is told")
        assert (login["event"], login["user"], login["session"]) == ("login", "alice", token.session)
        assert (login["service"], login["rhost"], login["platform"], login["device"]) == \
            ("sshd", "127.0.0.1", "laptop", "d-1")
        assert host.authtoken.kick_session(token) == (1, 0)
        shell.wait_closed()
        _, kick = wait_until(lambda: (found := events(host)) and len(found) == 2 and found, "the kick is told")
        assert (kick["event"], kick["user"], kick["session"], kick["reason"]) == \
            ("kick", "alice", token.session, "session-kicked")
        assert (kick["platform"], kick["device"]) == ("laptop", "d-1")
        assert kick["host"] == host.bed.output("hostname")
    assert token.text not in host.journal.text()


def test_a_logout_is_told(host):
    token = host.authtoken.issue("alice", platform="laptop")
    with hooks(host, "logout", notes="cat"):
        shell = host.login("alice", token.text)
        shell.logout()
        (logout,) = wait_until(lambda: events(host), "the logout is told")
        assert (logout["event"], logout["session"], logout["reason"]) == ("logout", token.session, "ok")
        assert (logout["platform"], logout["device"]) == ("laptop", None)


def test_a_hook_that_hangs_refuses_in_time_and_leaves_nothing(host):
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-hang": "trap '' TERM; sleep 1000 & sleep 1000"}):
        began = time.monotonic()
        host.ssh.refusal("alice", token.text)
        host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="hook-failed", AUTHTOKEN_USER="alice")
        assert time.monotonic() - began < 15
        wait_until(lambda: not host.bed.run("pgrep", "-f", "sleep 1000", check=False).stdout, "no process is left")
        # The daemon has not waited for anybody.
        assert host.login("alice").is_open()


def test_a_hook_that_floods_harms_nobody(host):
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-flood": "head -c 20000000 /dev/zero | tr '\\0' x"}):
        assert host.login("alice", token.text).is_open()
        wait_until(lambda: any("are left out" in entry["MESSAGE"] for entry in
                               host.journal.entries(SYSLOG_IDENTIFIER="authtoken-hook")), "the count of what was left out")


def test_a_hook_that_users_could_write_refuses(host):
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-open": "exit 0"}):
        host.bed.path(f"{DIRECTORY}/10-open").chmod(0o777)
        host.ssh.refusal("alice", token.text)
        host.journal.wait_for(AUTHTOKEN_REASON="hook-failed", AUTHTOKEN_USER="alice")
        host.bed.path(f"{DIRECTORY}/10-open").chmod(0o755)
        assert host.login("alice", token.text).is_open()


def test_hooks_reach_no_key_no_store_and_no_network(host):
    look = ("id --user --name; cat /var/lib/authtoken/keys/* 2>&1 | head -c 200; ls /var/lib/authtoken 2>&1; "
            "ls /run/authtokend 2>&1; touch /etc/authtoken/x 2>&1; ls /sys/class/net | tr '\\n' ' '; echo; "
            "grep CapEff /proc/self/status; true")
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-look": look}):
        assert host.login("alice", token.text).is_open()
        wait_until(lambda: any(line.startswith("CapEff") for line in said(host, "10-look")), "the hook has looked")
        lines = said(host, "10-look")
    assert lines[0] == "authtoken-hook"
    assert "CapEff: 0000000000000000" in lines
    assert "PRIVATE" not in "\n".join(lines) and '"d"' not in "\n".join(lines)
    assert sum("ermission denied" in line or "No such file" in line for line in lines) >= 3
    assert [line for line in lines if "Read-only file system" in line or "touch" in line]
    assert "lo " in lines or "lo" in lines


def test_a_drop_in_gives_a_hook_a_place_to_write(host, drop_in):
    drop_in("StateDirectory=authtoken-hook")
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-keep": "cat >> /var/lib/authtoken-hook/logins"}):
        assert host.login("alice", token.text).is_open()
        kept = host.bed.output("cat", "/var/lib/authtoken-hook/logins")
        assert json.loads(kept)["user"] == "alice"


def test_a_drop_in_gives_a_hook_a_secret(host, drop_in):
    host.bed.write("/root/hook-word", "sesame\n", mode=0o600)
    drop_in("LoadCredential=word:/root/hook-word")
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-word": 'cat "$CREDENTIALS_DIRECTORY/word" && ls -m /run/credentials'}):
        assert host.login("alice", token.text).is_open()
        word, directories = wait_until(lambda: len(found := said(host, "10-word")) == 2 and found, "the word")
    host.bed.path("/root/hook-word").unlink()
    # That of its own unit, and of no other.
    assert word == "sesame" and directories.startswith("authtoken-hook@") and "," not in directories


def test_others_cannot_reach_the_socket_of_hooks(host):
    done = host.bed.run("perl", "-MSocket", "-e", "socket(S, PF_UNIX, SOCK_SEQPACKET, 0) or die; "
                        "connect(S, sockaddr_un('/run/authtoken/hook.sock')) or die \"refused: $!\"", user="bob",
                        check=False)
    assert "refused: Permission denied" in done.stderr
    assert host.bed.output("stat", "--format=%U %a", "/run/authtoken/hook.sock") == "authtoken 600"


@pytest.mark.parametrize("unit", ["authtoken-hook.socket", SERVICE])
def test_without_its_socket_a_login_with_hooks_is_refused_and_a_password_is_not(host, unit):
    token = host.authtoken.issue("alice")
    with hooks(host, "login", **{"10-yes": "exit 0"}):
        host.bed.systemctl("stop", "authtoken-hook.socket")
        try:
            if unit == SERVICE:
                host.bed.systemctl("restart", SERVICE)
                host.authtoken.wait_ready()
            host.ssh.refusal("alice", token.text)
            host.journal.wait_for(AUTHTOKEN_REASON="hook-failed", AUTHTOKEN_USER="alice")
            assert host.login("alice").is_open()
        finally:
            host.bed.systemctl("start", "authtoken-hook.socket")
        assert host.login("alice", token.text).is_open()
