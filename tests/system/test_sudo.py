# SPDX-License-Identifier: MIT
"""sudo with a token: in, and out again when the token has ended."""

import pytest

from host import PASSWORDS
from ssh import METHODS


@pytest.fixture
def password_shell(host):
    """alice, who came in without a token and whom sudo has not asked yet."""
    shell = host.login("alice")
    shell.run("sudo -K")
    return shell


def test_a_token_answers_sudo(host, password_shell):
    token = host.authtoken.issue("alice")
    assert password_shell.sudo("id --user", token.text) == (0, "0", True)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="ok",
                          AUTHTOKEN_USER="alice", AUTHTOKEN_SERVICE="sudo")


def test_a_password_answers_sudo(password_shell):
    assert password_shell.sudo("id --user", PASSWORDS["alice"]) == (0, "0", True)


def test_a_token_opens_a_root_shell_by_sudo_i(host, password_shell):
    token = host.authtoken.issue("alice")
    root = password_shell.elevate("sudo -i", token.text)
    assert root.run("id --user; pwd") == (0, "0\n/root")
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="ok",
                          AUTHTOKEN_SERVICE="sudo-i")


def test_another_users_token_is_refused(host, password_shell):
    token = host.authtoken.issue("carol")
    status, output, asked = password_shell.sudo("id --user", token.text)
    assert (status, asked) == (1, True)
    assert "0" not in output.splitlines()
    host.journal.wait_for(AUTHTOKEN_REASON="user-mismatch", AUTHTOKEN_SERVICE="sudo")


def test_a_revoked_token_is_refused(host, password_shell):
    token = host.authtoken.issue("alice")
    host.authtoken.revoke_session(token)
    status, _, asked = password_shell.sudo("id --user", token.text)
    assert (status, asked) == (1, True)
    host.journal.wait_for(AUTHTOKEN_REASON="session-revoked", AUTHTOKEN_SERVICE="sudo")


def test_the_timestamp_of_a_live_token_still_counts(host, password_shell):
    token = host.authtoken.issue("alice")
    password_shell.sudo("true", token.text)
    assert password_shell.sudo("id --user") == (0, "0", False)


def test_the_timestamp_of_a_revoked_token_counts_no_more(host, password_shell):
    token = host.authtoken.issue("alice")
    assert password_shell.sudo("id --user", token.text) == (0, "0", True)
    host.authtoken.revoke_session(token)
    status, output, _ = password_shell.sudo("id --user")
    assert status == 1
    assert "0" not in output.splitlines()
    host.journal.wait_for(AUTHTOKEN_EVENT="account", AUTHTOKEN_REASON="elevation-ended",
                          AUTHTOKEN_SERVICE="sudo")
    assert password_shell.is_open(), "the shell was opened by a password"


def test_nor_does_it_for_who_leaves_the_login_session(host, password_shell):
    """The terminal, and so sudo's timestamp, stays the same."""
    token = host.authtoken.issue("alice")
    assert password_shell.sudo("true", token.text)[0] == 0
    assert password_shell.run("systemd-run --user --scope --quiet sudo -n id --user") == (0, "0")
    host.authtoken.revoke_session(token)
    status, output = password_shell.run("systemd-run --user --scope --quiet sudo -n id --user")
    assert status == 1 and "0" not in output.splitlines()
    host.journal.wait_for(AUTHTOKEN_EVENT="account", AUTHTOKEN_REASON="elevation-ended",
                          AUTHTOKEN_SERVICE="sudo")


def test_after_a_revoke_the_password_starts_anew(host, password_shell):
    token = host.authtoken.issue("alice")
    password_shell.sudo("true", token.text)
    host.authtoken.revoke_session(token)
    password_shell.run("sudo -k")
    assert password_shell.sudo("id --user", PASSWORDS["alice"]) == (0, "0", True)
    assert password_shell.sudo("id --user") == (0, "0", False)


def test_a_new_token_starts_anew_after_a_revoke(host, password_shell):
    old = host.authtoken.issue("alice")
    password_shell.sudo("true", old.text)
    host.authtoken.revoke_session(old)
    password_shell.run("sudo -k")
    new = host.authtoken.issue("alice")
    assert password_shell.sudo("id --user", new.text) == (0, "0", True)


@pytest.mark.parametrize("method", METHODS)
def test_sudo_by_password_inside_a_token_login(host, method):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text, method=method)
    assert shell.sudo("id --user", PASSWORDS["alice"]) == (0, "0", True)
