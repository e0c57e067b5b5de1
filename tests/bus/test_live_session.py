# SPDX-License-Identifier: MIT
"""sudo without a prompt, as its program asks for it over the socket. There is no logind here, so nobody runs in
a login session: what such a session is good for is tested on a booted system."""

import contextlib
import itertools
import os
import resource

import pytest

from frames import (ACCOUNT, AUTHENTICATE, AUTHENTICATE_SESSION, DENIED, OK, OTHER_AUTH, PROMPT, REASON,
                    ROLE, RUSER, SERVICE, TOKEN, TTY, UNAVAILABLE, USER, ask, ask_as, compose, connect, parse)
from private_bus import OWN_UID, OWN_USER


@pytest.fixture
def path(daemon):
    (daemon.directory / "socket").chmod(0o755)
    daemon.socket.chmod(0o666)
    return daemon.socket


@pytest.fixture
def token(root):
    text, _ = root.issue(OWN_USER, "{'roles': <['dev', 'admin']>}")
    yield text
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def sudo(**more):
    return {USER: OWN_USER, SERVICE: "sudo", TTY: "/dev/pts/1", RUSER: OWN_USER, **more}


def test_who_runs_in_no_login_session_is_to_be_asked(path):
    status, fields = ask(path, AUTHENTICATE_SESSION, sudo())[1:]
    assert (status, fields) == (PROMPT, {REASON: "shell-none"})


def test_that_is_no_event_for_the_journal(path, daemon):
    before = daemon.log_text().count("authenticate-session")
    ask(path, AUTHENTICATE_SESSION, sudo())
    assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: "e30.e30.AA"})[1] == DENIED
    assert daemon.log_text().count("authenticate-session") == before


@pytest.mark.parametrize("user", ["DOM\\alice", "a+b", "12345", "x" * 256])
def test_names_that_no_token_is_issued_for_have_no_session(path, user):
    assert ask(path, AUTHENTICATE_SESSION, {USER: user, SERVICE: "sudo"})[1] == PROMPT


def test_only_root_may_ask(path):
    assert ask_as(OWN_UID, path, "AUTHENTICATE_SESSION", f"USER={OWN_USER}", "SERVICE=sudo") == (str(DENIED), "-")


def test_a_role_that_the_token_has_is_enough(path, token):
    for role in ("dev", "admin"):
        assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: token, ROLE: role})[1] == OK


@pytest.mark.parametrize("role", ["adm", "Admin", "admin ", "[\"admin\"]"])
def test_a_role_that_it_has_not_is_refused(path, token, role):
    status, fields = ask(path, AUTHENTICATE, {**sudo(), TOKEN: token, ROLE: role})[1:]
    assert (status, fields) == (DENIED, {REASON: "role-missing"})


def test_the_timestamp_of_an_ended_token_is_refused_until_root_says_that_a_password_was_given(path, root, token):
    assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: token})[1] == OK
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert ask(path, ACCOUNT, sudo())[1:] == (DENIED, {REASON: "elevation-ended"})
    assert ask(path, ACCOUNT, {**sudo(), OTHER_AUTH: ""})[1] == OK


def test_no_process_of_the_user_makes_a_timestamp_outlive_its_token(path, root, token):
    assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: token})[1] == OK
    assert ask_as(OWN_UID, path, "ACCOUNT", f"USER={OWN_USER}", "SERVICE=sudo", "TTY=/dev/pts/1",
                  f"RUSER={OWN_USER}", "OTHER_AUTH=")[0] == str(OK)
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert ask(path, ACCOUNT, sudo())[1:] == (DENIED, {REASON: "elevation-ended"})


@contextlib.contextmanager
def out_of_files(daemon):
    """It can open none any more; those that it has stay."""
    pid = daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    first_free = next(number for number in itertools.count() if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_free, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def ask_without_files(daemon, kind, fields):
    """(status, fields) of an answer for which the daemon can open no file"""
    with connect(daemon.socket) as peer:
        # The answer to another question shows that the connection has been taken.
        peer.send(compose(ACCOUNT, {USER: OWN_USER, SERVICE: "test"}))
        assert parse(peer.recv(65536))[1] == OK
        with out_of_files(daemon):
            peer.send(compose(kind, fields))
            return parse(peer.recv(65536))[1:]


def test_a_timestamp_that_could_not_be_looked_at_is_no_good_one(path, daemon, root, token):
    assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: token})[1] == OK
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert ask_without_files(daemon, ACCOUNT, sudo()) == (UNAVAILABLE, {REASON: "internal"})
    assert ask(path, ACCOUNT, sudo())[1:] == (DENIED, {REASON: "elevation-ended"})


def test_a_timestamp_that_could_not_be_written_down_is_not_made(path, daemon, token):
    assert ask_without_files(daemon, AUTHENTICATE, {**sudo(), TOKEN: token}) == (UNAVAILABLE, {REASON: "internal"})
    assert ask(path, AUTHENTICATE, {**sudo(), TOKEN: token})[1] == OK
