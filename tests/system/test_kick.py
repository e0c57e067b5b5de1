# SPDX-License-Identifier: MIT
"""One command ends what a token has opened, and nothing else."""

import contextlib
import os
import statistics
import subprocess
import threading
import time

import pytest

from deadline import wait_until
from host import PASSWORDS, REDIS_SOCKET, SERVICE
from ssh import METHODS, Shell

ROUNDS = 11
MANY = 12


@pytest.mark.parametrize("method", METHODS)
def test_kick_user_ends_both_shells_and_not_a_third_users(host, method):
    one = host.login("alice", host.authtoken.issue("alice").text, method=method)
    two = host.login("alice", host.authtoken.issue("alice").text, method=method)
    other = host.login("carol", host.authtoken.issue("carol").text, method=method)
    assert host.authtoken.kick_user("alice") == (2, 0)
    one.wait_closed()
    two.wait_closed()
    assert other.is_open()
    wait_until(lambda: not host.bed.logind_sessions("alice"), "logind has no session of alice")
    assert host.authtoken.sessions("alice") == []
    assert len(host.authtoken.logins("carol")) == 1


def test_two_shells_of_one_token_both_end(host):
    token = host.authtoken.issue("alice")
    shells = [host.login("alice", token.text) for _ in range(2)]
    assert host.authtoken.kick_session(token) == (2, 0)
    for shell in shells:
        shell.wait_closed()


def test_kick_session_ends_the_named_one_of_two(host):
    ended, kept = host.authtoken.issue("alice"), host.authtoken.issue("alice")
    first = host.login("alice", ended.text)
    second = host.login("alice", kept.text)
    assert host.authtoken.kick_session(ended) == (1, 0)
    first.wait_closed()
    assert second.is_open()
    assert [row["session"] for row in host.authtoken.sessions("alice")] == [kept.session]


def test_many_shells_end_at_once(host):
    token = host.authtoken.issue("alice")
    prompts = [host.ssh.connect("alice")[0] for _ in range(MANY)]
    for child in prompts:
        child.sendline(token.text)
    shells = [host.ssh.wait_for_shell(child, "alice") for child in prompts]
    assert host.authtoken.kick_user("alice") == (MANY, 0)
    for shell in shells:
        shell.wait_closed()


def test_a_login_inside_another_users_session_is_reported_as_not_ended(host):
    """su gets no session of its own from logind, and the one around it is somebody else's."""
    shell = host.login("bob")
    inner = shell.elevate("su --login carol", host.authtoken.issue("carol").text, user="carol")
    assert host.authtoken.kick_user("carol") == (0, 1)
    host.journal.wait_for(AUTHTOKEN_EVENT="login-left", AUTHTOKEN_USER="carol")
    assert inner.run("id --user --name") == (0, "carol")
    inner.leave()
    assert shell.is_open()


def test_a_shell_opened_by_a_password_stays(host):
    shell = host.login("alice")
    host.login("alice", host.authtoken.issue("alice").text)
    assert host.authtoken.kick_user("alice") == (1, 0)
    assert shell.is_open()


@pytest.mark.parametrize("revoke", ["revoke_session", "revoke_token"])
def test_a_revoke_ends_the_shell_as_well(host, revoke):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    getattr(host.authtoken, revoke)(token)
    shell.wait_closed()


def test_the_kicked_token_does_not_log_in_again(host):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    host.authtoken.kick_session(token)
    shell.wait_closed()
    host.ssh.refusal("alice", token.text)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="session-kicked",
                          AUTHTOKEN_USER="alice")


def test_a_root_shell_of_sudo_i_ends_with_the_session_around_it(host):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    root = shell.elevate("sudo -i", PASSWORDS["alice"])
    pid = root.run("echo $$")[1]
    assert host.authtoken.kick_user("alice") == (1, 0)
    root.wait_closed()
    wait_until(lambda: not host.bed.path(f"/proc/{pid}").exists(), "the root shell is gone")


def test_the_token_of_sudo_i_ends_the_session_around_it(host):
    shell = host.login("alice")
    token = host.authtoken.issue("alice")
    root = shell.elevate("sudo -i", token.text)
    pid = root.run("echo $$")[1]
    assert host.authtoken.kick_session(token) == (1, 0)
    root.wait_closed()
    wait_until(lambda: not host.bed.path(f"/proc/{pid}").exists(), "the root shell is gone")


def test_the_daemon_is_restarted_between_login_and_kick(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()
    assert shell.is_open()
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


def test_the_daemon_is_killed_between_login_and_kick(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    pid = host.bed.main_pid(SERVICE)
    host.bed.kill(pid, 9)
    wait_until(lambda: host.bed.main_pid(SERVICE) not in (0, pid), "the daemon is back")
    host.authtoken.wait_ready()
    assert shell.is_open()
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


def test_the_packages_are_replaced_between_login_and_kick(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    host.bed.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--reinstall",
                 "--yes", "--quiet", *host.bed.packages)
    host.authtoken.wait_ready()
    assert shell.is_open()
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


def test_a_command_without_a_terminal_ends_as_well(host):
    child, _ = host.ssh.connect("alice", command="echo started; exec sleep 1000")
    child.sendline(host.authtoken.issue("alice").text)
    child.expect("started")
    assert host.authtoken.kick_user("alice") == (1, 0)
    Shell(child, "alice").wait_closed()


def test_a_login_at_a_console_ends_as_well(host):
    shell = host.login_at_console("alice", host.authtoken.issue("alice").text)
    assert shell.run("id --user --name") == (0, "alice")
    login, = host.authtoken.logins("alice")
    assert login["service"] == "login"
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


@pytest.mark.store("redis")
def test_a_session_that_is_gone_from_the_store_is_over(host):
    """Absence means revoked, whoever made it so."""
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    host.bed.run("redis-cli", "-s", REDIS_SOCKET, "FLUSHALL")
    shell.wait_closed()
    host.journal.wait_for(AUTHTOKEN_EVENT="reconcile", AUTHTOKEN_USER="alice", AUTHTOKEN_REASON="session-gone")
    host.ssh.refusal("alice", token.text)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice",
                          AUTHTOKEN_REASON="session-unknown")


def test_a_kick_leaves_nothing_to_kick(host):
    token = host.authtoken.issue("alice")
    host.login("alice", token.text)
    assert host.authtoken.kick_user("alice") == (1, 0)
    assert host.authtoken.kick_user("alice") == (0, 0)


def test_processes_that_ignore_hangup_end_as_well(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    pid = shell.run("(trap '' HUP TERM; exec sleep 1000) >/dev/null & echo $!")[1].split()[-1]
    wait_until(lambda: host.bed.path(f"/proc/{pid}/comm").read_text().strip() == "sleep",
               "the process ignores signals")
    assert host.authtoken.kick_user("alice") == (1, 0)
    wait_until(lambda: not host.bed.path(f"/proc/{pid}").exists(), "the process is gone")


@pytest.fixture(scope="module")
def held_sshd(booted_host):
    """An sshd whose PAM stack waits at three points, for who makes a FIFO there."""
    bed = booted_host.bed
    stack = bed.path("/etc/pam.d/sshd")
    original = stack.read_text(encoding="utf-8")
    bed.write("/usr/local/sbin/hold", "#!/bin/sh\n"
              "[ -p /run/hold/$1 ] || exit 0\n"
              "touch /run/hold/reached\n"
              "read line </run/hold/$1\n", mode=0o755)
    hold = "required pam_exec.so quiet /usr/local/sbin/hold"
    changed = original.replace("@include common-account",
                               f"account {hold} account\n@include common-account")
    changed = changed.replace("@include common-session",
                              f"session {hold} opening\n@include common-session\n"
                              f"session {hold} opened")
    assert changed.count(hold) == 3
    stack.write_text(changed, encoding="utf-8")
    yield booted_host
    stack.write_text(original, encoding="utf-8")


def release(fifo):
    """Let the held login go on; if it was ended already, nobody reads any more."""
    with contextlib.suppress(OSError):
        writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        os.write(writer, b"go\n")
        os.close(writer)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("point", ["account", "opening", "opened"])
@pytest.mark.parametrize("verb", ["revoke_session", "kick_session"])
def test_an_end_between_prompt_and_shell_leaves_no_shell(host, held_sshd, point, method, verb):
    bed = host.bed
    bed.run("mkdir", "/run/hold")
    try:
        bed.run("mkfifo", f"/run/hold/{point}")
        token = host.authtoken.issue("alice")
        child, _ = host.ssh.connect("alice", method)
        child.sendline(token.text)
        wait_until(bed.path("/run/hold/reached").exists, f"the login is at {point}")
        # A kick waits for the login to be gone, which the hold delays: let it go on meanwhile.
        ending = threading.Thread(target=getattr(host.authtoken, verb), args=(token,))
        ending.start()
        wait_until(lambda: host.authtoken.verdict(token.text) != "ok", "the session has ended")
        release(bed.path(f"/run/hold/{point}"))
        ending.join()
    finally:
        bed.run("rm", "-r", "/run/hold")
    Shell(child, "alice").wait_closed()
    wait_until(lambda: not bed.logind_sessions("alice"), "logind has no session of alice")


def test_a_forged_handle_changes_nothing(host):
    token = host.authtoken.issue("alice")
    victim = host.login("alice", token.text)
    login, = host.authtoken.logins("alice")
    host.bed.write("/home/bob/.pam_environment", f"AUTHTOKEN_HANDLE={login['id']}\n")
    host.bed.run("chown", "bob:", "/home/bob/.pam_environment")
    try:
        shell = host.login("bob")
        assert shell.run("id --user --name") == (0, "bob")
        shell.logout()
    finally:
        host.bed.path("/home/bob/.pam_environment").unlink()
    assert host.authtoken.logins("bob") == []
    assert victim.is_open()
    assert host.authtoken.kick_session(token) == (1, 0)
    victim.wait_closed()


def milliseconds(times):
    return f"p50 {statistics.median(times) * 1000:.1f} ms, max {max(times) * 1000:.1f} ms"


def seconds_to_close(host, words):
    """Log in, run a command, and return when the connection closed, counted from its start."""
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    start = time.monotonic()
    with subprocess.Popen(host.bed.command(*words), stdout=subprocess.PIPE) as call:
        moment, _ = shell.wait_closed()
        call.stdout.read()
    assert call.returncode == 0
    wait_until(lambda: host.authtoken.status()["logins"] == 0, "the login is gone")
    return moment - start


def test_measured_from_the_call_to_the_closed_connection(host, note):
    kick = host.authtoken.words("KickUser", "sa{sv}s", "alice", 0, "")
    note("KickUser by busctl: "
         + milliseconds([seconds_to_close(host, kick) for _ in range(ROUNDS)]))
    floor = ["loginctl", "terminate-user", "alice"]
    note("loginctl terminate-user, for comparison: "
         + milliseconds([seconds_to_close(host, floor) for _ in range(ROUNDS)]))
