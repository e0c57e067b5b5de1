# SPDX-License-Identifier: MIT
"""sudo without a prompt, in a shell that a live token session has opened, and nowhere else."""

import shlex
import signal
import time

import pexpect
import pytest

from deadline import wait_until
from host import PASSWORDS, REDIS_SOCKET, SERVICE
from ssh import METHODS

DROP_IN = "90-sudo-session.conf"
# sudo -n asks PAM as well, and whatever would ask a question fails.
QUIET = "sudo -n -k id --user"


@pytest.fixture(scope="module", autouse=True)
def sudoers(booted_host):
    booted_host.bed.write("/etc/sudoers.d/quiet", "Defaults noninteractive_auth\n", 0o440)
    yield
    booted_host.bed.path("/etc/sudoers.d/quiet").unlink()


@pytest.fixture
def enabled(host):
    """Switches the option on, with others if they are given."""
    host.enable_sudo_session()
    yield host.enable_sudo_session
    host.disable_sudo_session()


@pytest.fixture
def configure(host):
    def write(text):
        host.configure(DROP_IN, text)
        host.bed.systemctl("reload", SERVICE)

    yield write
    host.unconfigure(DROP_IN)
    host.bed.systemctl("reload", SERVICE)


@pytest.fixture
def token(host):
    return host.authtoken.issue("alice", roles=["admin"])


@pytest.fixture
def shell(host, token):
    """alice's, opened by the token."""
    return host.login("alice", token.text)


def is_root(shell, command=QUIET):
    """Whether sudo did as it was told without a question."""
    status, output = shell.run(command)
    assert (status, output.splitlines()[-1:] == ["0"]) in ((0, True), (1, False)), output
    return status == 0


def accepted(host):
    return host.journal.entries(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="ok")


@pytest.mark.parametrize("method", METHODS)
def test_a_shell_opened_by_a_token_is_not_asked(host, enabled, method):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text, method=method)
    assert shell.sudo("-k id --user") == (0, "0", False)
    entry = host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="ok",
                                  AUTHTOKEN_USER="alice", AUTHTOKEN_SERVICE="sudo")
    assert entry["AUTHTOKEN_SESSION"] == token.session
    assert entry["AUTHTOKEN_LOGIND_SESSION"] == shell.run("echo $XDG_SESSION_ID")[1]


def test_it_is_off_by_default(shell):
    assert not is_root(shell)
    assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)


def test_sudo_i_is_a_service_of_its_own(host, enabled, shell):
    root = shell.elevate("sudo -i")
    assert root.run("id --user") == (0, "0")
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="ok",
                          AUTHTOKEN_SERVICE="sudo-i")


def test_a_shell_opened_by_a_password_is_asked_once(host, enabled):
    shell = host.login("alice")
    assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)
    assert not accepted(host)


def test_a_wrong_password_may_be_corrected(host, enabled):
    """Two lines of the stack take one answer, and each attempt has a question of its own."""
    child = host.login("alice").child
    child.sendline("sudo -k id --user")
    for answer in ("wrong", PASSWORDS["alice"]):
        child.expect(r"Password or access token: ")
        child.sendline(answer)
    assert child.expect([r"\r\n0\r\n", "Password"]) == 0


def test_a_token_may_still_be_typed(host, enabled):
    shell = host.login("alice")
    assert shell.sudo("-k id --user", host.authtoken.issue("alice").text) == (0, "0", True)


def test_who_may_not_use_sudo_still_may_not(host, enabled):
    shell = host.login("bob", host.authtoken.issue("bob").text)
    status, output = shell.run("sudo -n id --user")
    assert status == 1 and "sudoers" in output


def test_a_role_that_is_missing_leaves_the_prompt(host, enabled, shell):
    enabled("require_role=admin")
    assert is_root(shell)
    enabled("require_role=operator")
    assert not is_root(shell)
    assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="role-missing")


def test_an_option_that_is_misspelt_is_no_permission(enabled, shell, token):
    enabled("require_rule=operator")
    assert not is_root(shell)
    assert shell.sudo("-k id --user", token.text)[0] == 1
    enabled()
    assert is_root(shell)


def test_a_role_is_demanded_of_a_typed_token_as_well(host, enabled, shell, token):
    enabled("require_role=operator")
    assert shell.sudo("-k id --user", token.text)[0] == 1
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="role-missing")
    other = host.authtoken.issue("alice", roles=["operator"])
    assert shell.sudo("-k id --user", other.text) == (0, "0", True)


def test_the_configuration_can_demand_a_role(host, enabled, configure, shell):
    configure('[Service "sudo"]\nRequireRole=operator\n')
    assert not is_root(shell)
    configure('[Service "sudo"]\nRequireRole=admin\n')
    assert is_root(shell)
    configure('[Service "sudo"]\nAudience=root\n')
    assert not is_root(shell)
    configure('[Service "sudo"]\nTokens=no\n')
    assert is_root(shell), "the stack of the service asks for it"


def test_a_login_that_is_too_long_ago_leaves_the_prompt(host, enabled, shell, token):
    enabled("sudo_max_age=1h")
    assert is_root(shell)
    enabled("sudo_max_age=2s")
    wait_until(lambda: not is_root(shell), "the login is too old")
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="login-too-old")

    def becomes_young():
        return shell.sudo("-k true", token.text)[0] == 0 and is_root(shell)

    wait_until(becomes_young, "a token makes it young")
    wait_until(lambda: not is_root(shell), "it is old again: its use does not keep it young")


def test_after_a_revocation_sudo_is_refused_within_a_second(host, enabled, configure, shell, token, note):
    """The shell stays open, and its sudo timestamp is fresh."""
    configure("[Kick]\nOnKick=notify\n")
    assert shell.sudo("id --user") == (0, "0", False)
    host.bed.run("authtokenctl", "revoke", "--session", token.session)
    begin = time.monotonic()
    status, output, asked = shell.sudo("id --user")
    assert (status, asked) == (1, False) and "0" not in output.splitlines()
    assert time.monotonic() - begin < 1
    note(f"refused {time.monotonic() - begin:.3f} s after the revocation")
    assert shell.sudo("-k id --user")[0::2] == (1, False), "nobody is asked for a password in vain"
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="shell-ended")
    host.journal.wait_for(AUTHTOKEN_EVENT="account", AUTHTOKEN_SERVICE="sudo")
    assert shell.is_open()


@pytest.mark.store("redis")
def test_what_another_host_has_ended_has_ended_here(host, enabled, configure, shell, token):
    """The store is asked each time: nothing has to arrive here first."""
    configure("[Kick]\nOnKick=notify\n")
    assert is_root(shell)
    gone = host.bed.output("redis-cli", "-s", REDIS_SOCKET, "HDEL", "authtoken:default:u:alice", f"s:{token.session}")
    assert gone == "1"
    assert not is_root(shell)


def test_the_timestamp_ends_with_the_session(host, enabled, configure, shell, token):
    configure("[Kick]\nOnKick=notify\n")
    assert is_root(shell, "sudo -n id --user")
    host.disable_sudo_session()
    assert is_root(shell, "sudo -n id --user"), "the timestamp counts"
    host.authtoken.revoke_session(token)
    assert not is_root(shell, "sudo -n id --user")


def test_a_banned_user_is_refused_in_an_open_shell(host, enabled, configure, shell):
    configure("[Kick]\nOnKick=notify\n")
    assert is_root(shell)
    host.authtoken.call("BanUser", "sts", "alice", 0, "test")
    try:
        assert not is_root(shell)
    finally:
        host.authtoken.call("UnbanUser", "s", "alice")


def test_the_users_own_service_manager_is_no_login(host, enabled, shell):
    assert is_root(shell)
    shell.run("rm -f /tmp/out")
    word = (f"{QUIET} > /tmp/sudo 2>&1; echo status $? >> /tmp/sudo; "
            "cat /proc/self/cgroup >> /tmp/sudo; mv /tmp/sudo /tmp/out")
    assert shell.run(f"systemd-run --user --quiet sh -c {shlex.quote(word)}")[0] == 0
    out = host.bed.path("/tmp/out")
    wait_until(out.exists, "the service ends")
    said = out.read_text("utf-8")
    assert "password is required" in said and "status 1" in said and "/user@" in said


def test_the_environment_is_not_asked(host, enabled, shell):
    logind_id = shell.run("echo $XDG_SESSION_ID")[1]
    stranger = host.login("alice")
    assert stranger.run("echo $XDG_SESSION_ID")[1] != logind_id
    assert not is_root(stranger, f"XDG_SESSION_ID={logind_id} {QUIET}")
    assert is_root(shell, f"env -i PATH=$PATH {QUIET}")
    assert is_root(shell, f"XDG_SESSION_ID=4711 {QUIET}")


def test_another_user_in_the_shell_is_another_user(host, enabled, shell):
    """carol may use sudo; but not because alice has a token."""
    carol = shell.elevate("su carol", PASSWORDS["carol"], user="carol")
    assert not is_root(carol)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="shell-foreign",
                          AUTHTOKEN_USER="carol")
    assert carol.sudo("-k id --user", PASSWORDS["carol"]) == (0, "0", True)


def test_a_second_shell_of_the_same_user_in_it_is_theirs(enabled, shell):
    again = shell.elevate("su alice", PASSWORDS["alice"], user="alice")
    assert is_root(again)


def test_another_user_is_not_authenticated_by_it(host, enabled, shell):
    """With targetpw sudo wants to know root, not alice."""
    host.bed.write("/etc/sudoers.d/target", "Defaults targetpw\n", 0o440)
    try:
        assert not is_root(shell)
    finally:
        host.bed.path("/etc/sudoers.d/target").unlink()
    assert is_root(shell)


def test_su_may_have_it_as_well(host, shell):
    host.enable_sudo_session(stacks=["/etc/pam.d/su"])
    try:
        assert shell.run("su alice -c 'id --user --name'") == (0, "alice")
        child = shell.child
        child.sendline("su carol -c true")
        assert child.expect(["Password or access token: ", r"\w+@bed:"]) == 0, "carol is somebody else"
    finally:
        host.disable_sudo_session(stacks=["/etc/pam.d/su"])


@pytest.fixture
def polkit(host):
    """polkit-1 with the option: its stack is the distribution's until there is one in /etc."""
    host.bed.run("cp", "/usr/lib/pam.d/polkit-1", "/etc/pam.d/polkit-1")
    host.enable_sudo_session(stacks=["/etc/pam.d/polkit-1"])
    yield
    host.bed.path("/etc/pam.d/polkit-1").unlink()


@pytest.mark.parametrize("identity, asked", [("alice", False), ("carol", True)])
def test_polkit_may_have_it_as_well(polkit, shell, identity, asked):
    """It takes no tokens all the same. Of the administrators, alice is herself only."""
    shell.child.sendline("pkcheck --action-id org.authtoken1.issue --process $$ --allow-user-interaction "
                         "--enable-internal-agent; echo status $?")
    shell.child.expect(rf"(\d)\.\s+{identity}")
    number = shell.child.match.group(1)
    shell.child.expect(r"Choose identity .*: ")
    shell.child.sendline(number)
    assert shell.child.expect([r"status 0\r\n", "Password or access token: "]) == asked


def test_what_runs_detached_counts_until_the_user_leaves(host, enabled, shell):
    """What screen does: a session of the terminal of its own, which outlives the login."""
    word = f'while read -r line; do {QUIET}; echo "status $?"; done < /tmp/in > /tmp/out 2>&1'
    shell.run("rm -f /tmp/in /tmp/out; mkfifo /tmp/in")
    shell.run(f"setsid --fork sh -c {shlex.quote(word)}")
    with open(host.bed.path("/tmp/in"), "w", encoding="ascii", buffering=1) as orders:
        def result(number):
            orders.write("now\n")
            out = host.bed.path("/tmp/out")
            return wait_until(lambda: out.exists() and out.read_text("utf-8").split("status ")[number:],
                              "sudo ends")[0].strip()

        assert result(1) == "0"
        shell.logout()
        wait_until(lambda: not host.authtoken.logins("alice"), "the login is closed")
        assert result(2) == "1"
    assert "password is required" in host.bed.path("/tmp/out").read_text("utf-8")


HOOK = """#!/bin/sh
! grep -q '"service":"sudo"'
"""


def test_a_hook_that_says_no_leaves_the_prompt(host, enabled, configure, shell):
    def is_vetoed():
        """Not because the runner's unit has taken too long to start."""
        assert not is_root(shell)
        return host.journal.entries(AUTHTOKEN_EVENT="authenticate-session", AUTHTOKEN_REASON="hook-vetoed")

    assert is_root(shell)
    hook = host.bed.path("/etc/authtoken/hooks.d/50-no-sudo")
    host.bed.write("/etc/authtoken/hooks.d/50-no-sudo", HOOK, 0o755)
    try:
        configure("[Hooks]\nEvents=login\n")
        wait_until(is_vetoed, "the hook's no")
        assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)
        assert host.login("alice", host.authtoken.issue("alice").text).is_open()
    finally:
        hook.unlink()


def test_a_daemon_that_is_away_leaves_the_password(host, enabled, shell, note):
    host.bed.systemctl("stop", "authtokend.socket", SERVICE)
    try:
        begin = time.monotonic()
        assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)
        note(f"sudo by password with the daemon away took {time.monotonic() - begin:.3f} s")
    finally:
        host.bed.systemctl("start", "authtokend.socket", SERVICE)
        host.authtoken.wait_ready()
    assert is_root(shell)


def test_a_daemon_that_hangs_leaves_the_password(host, enabled, shell, note):
    with host.bed.paused(SERVICE):
        begin = time.monotonic()
        assert shell.sudo("-k id --user", PASSWORDS["alice"]) == (0, "0", True)
        note(f"sudo by password with the daemon hanging took {time.monotonic() - begin:.3f} s")
    assert is_root(shell)


def test_a_new_daemon_still_knows_the_shell(host, enabled, shell):
    host.bed.kill(host.bed.main_pid(SERVICE), signal.SIGKILL)
    host.authtoken.wait_ready()
    assert is_root(shell)


def test_a_session_that_replaced_it_does_not_help_the_old_shell(host, enabled, configure, shell, token):
    """Two sessions of one user are two sessions."""
    configure("[Kick]\nOnKick=notify\n")
    newer = host.login("alice", host.authtoken.issue("alice").text)
    host.authtoken.revoke_session(token)
    assert not is_root(shell)
    assert is_root(newer)


def test_the_kick_ends_what_sudo_has_opened(host, enabled, shell, token):
    shell.elevate("sudo -i")
    assert host.authtoken.kick_session(token)[1] == 0
    try:
        shell.wait_closed()
    except pexpect.TIMEOUT:
        pytest.fail("the root shell is still open")
