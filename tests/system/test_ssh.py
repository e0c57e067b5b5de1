# SPDX-License-Identifier: MIT
"""Logins by ssh: who gets in, who does not, and what each is told."""

import base64
import json
import re

import pytest

from host import PASSWORDS
from ssh import KEYBOARD, METHODS

GENERIC = re.compile(r"\w+@127\.0\.0\.1: Permission denied \([a-z,-]+\)\.")


@pytest.mark.parametrize("method", METHODS)
def test_a_token_opens_a_shell_that_is_listed(host, method):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text, method=method)
    status, output = shell.run("id --user --name; echo $XDG_SESSION_ID")
    assert status == 0
    name, logind_id = output.split()
    assert name == "alice"
    session, = host.authtoken.sessions("alice")
    assert session["session"] == token.session
    login, = session["logins"]
    assert login["logind"] == logind_id
    assert login["service"] == "sshd"
    assert login["rhost"] == "127.0.0.1"
    host.journal.wait_for(AUTHTOKEN_EVENT="open-session", AUTHTOKEN_REASON="ok",
                          AUTHTOKEN_USER="alice", AUTHTOKEN_SESSION=token.session)


@pytest.mark.parametrize("method", METHODS)
def test_a_logout_leaves_no_login_behind(host, method):
    token = host.authtoken.issue("alice")
    host.login("alice", token.text, method=method).logout()
    host.journal.wait_for(AUTHTOKEN_EVENT="close-session", AUTHTOKEN_SESSION=token.session)
    assert host.authtoken.logins("alice") == []
    assert host.authtoken.verdict(token.text) == "ok"


@pytest.mark.parametrize("method", METHODS)
def test_a_password_at_the_same_prompt_logs_in(host, method):
    shell = host.login("bob", method=method)
    assert shell.run("id --user --name") == (0, "bob")
    assert host.authtoken.logins("bob") == []
    assert host.journal.refusals() == []


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_password_is_refused(host, method):
    assert GENERIC.fullmatch(host.ssh.refusal("alice", "not-her-password", method))


def test_the_prompt_says_that_a_token_may_be_typed(host):
    child, prompt = host.ssh.connect("alice", KEYBOARD)
    child.close(force=True)
    assert prompt == "(alice@127.0.0.1) Password or access token: "


def broken(host):
    return host.authtoken.issue("alice").with_broken_signature()


def expired(host):
    return host.authtoken.issue_expired("alice").text


def revoked(host):
    token = host.authtoken.issue("alice")
    host.authtoken.revoke_session(token)
    return token.text


def revoked_by_jti(host):
    token = host.authtoken.issue("alice")
    host.authtoken.revoke_token(token)
    return token.text


def kicked(host):
    token = host.authtoken.issue("alice")
    assert host.authtoken.kick_session(token) == (0, 0)
    return token.text


def of_bob(host):
    return host.authtoken.issue("bob").text


def of_alice(host):
    return host.authtoken.issue("alice").text


def unsigned(host):
    return host.authtoken.issue("alice").with_header(alg="none")


def of_a_foreign_key(host):
    return host.authtoken.issue("alice").with_header(kid="foreign")


def with_crit(host):
    return host.authtoken.issue("alice").with_header(crit=["exp"])


def for_others(host):
    return host.authtoken.issue("alice", audience="somewhere-else").text


REFUSALS = [
    ("alice", broken, "signature-invalid"),
    ("alice", expired, "token-expired"),
    ("alice", revoked, "session-revoked"),
    ("alice", revoked_by_jti, "session-revoked"),
    ("alice", kicked, "session-kicked"),
    ("alice", of_bob, "user-mismatch"),
    ("root", of_alice, "user-mismatch"),
    ("alice", unsigned, "algorithm-refused"),
    ("alice", of_a_foreign_key, "key-unknown"),
    ("alice", with_crit, "header-critical"),
    ("alice", for_others, "audience-mismatch"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("user, make, reason", REFUSALS,
                         ids=[f"{make.__name__}-as-{user}" for user, make, _ in REFUSALS])
def test_a_token_is_refused(host, user, make, reason, method):
    text = make(host)
    host.journal.mark()
    assert GENERIC.fullmatch(host.ssh.refusal(user, text, method))
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON=reason,
                          AUTHTOKEN_USER=user)
    assert host.authtoken.logins(user) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_user_who_does_not_exist_is_not_told_apart(host, method):
    token = host.authtoken.issue("alice")
    assert GENERIC.fullmatch(host.ssh.refusal("mallory", token.text, method))


def test_a_token_that_fits_no_prompt_comes_in_parts(host):
    data = json.dumps({"filler": base64.b64encode(bytes(range(256)) * 3).decode()})
    text = host.authtoken.issue("alice", data=data).text
    assert len(text) > 1023
    child, _ = host.ssh.connect("alice", KEYBOARD)
    child.sendline(f"authtoken:1/2:{text[:800]}")
    child.expect(r"\(alice@127\.0\.0\.1\) [^\r\n]*2[^\r\n]*: ")
    shell = host.ssh.answer(child, "alice", f"authtoken:2/2:{text[800:]}")
    assert shell.run("id --user --name") == (0, "alice")


def test_a_token_that_ssh_cut_is_reported_as_cut(host):
    data = json.dumps({"filler": base64.b64encode(bytes(range(256)) * 3).decode()})
    text = host.authtoken.issue("alice", data=data).text
    host.journal.mark()
    assert GENERIC.fullmatch(host.ssh.refusal("alice", text))
    host.journal.wait_for_module("token-cut")


def test_an_expired_account_stays_shut_for_a_token(host):
    token = host.authtoken.issue("carol")
    host.bed.run("chage", "--expiredate", "1", "carol")
    try:
        host.ssh.refusal("carol", token.text)
    finally:
        host.bed.run("chage", "--expiredate", "-1", "carol")
    assert host.login("carol", token.text).run("true") == (0, "")


def test_the_password_of_root_still_works(host):
    assert host.login("root", PASSWORDS["root"]).run("id --user") == (0, "0")
