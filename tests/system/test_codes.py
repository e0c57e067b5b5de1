# SPDX-License-Identifier: MIT
"""Login codes: typed where a token cannot be pasted, once."""

import json
import re

import pytest

from ssh import METHODS

BIG = json.dumps({"x": "y" * 4500})
TYPED = re.compile(r"at-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}")


def make(host, token, *options, user="root"):
    return host.bed.output("authtokenctl", "code", *options, stdin=token.text, user=user)


@pytest.mark.parametrize("method", METHODS)
def test_a_typed_code_opens_the_session_of_its_token(host, method):
    token = host.authtoken.issue("alice")
    code = make(host, token, user="alice")
    assert TYPED.fullmatch(code)
    shell = host.login("alice", code.lower(), method=method)
    assert shell.run("id --user --name") == (0, "alice")
    session, = host.authtoken.sessions("alice")
    assert session["session"] == token.session and len(session["logins"]) == 1
    for event in ("code-created", "code-used"):
        host.journal.wait_for(AUTHTOKEN_EVENT=event, AUTHTOKEN_REASON="ok", AUTHTOKEN_USER="alice",
                              AUTHTOKEN_SESSION=token.session)
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()


def test_it_logs_in_once(host):
    code = make(host, host.authtoken.issue("alice"))
    host.login("alice", code)
    host.ssh.refusal("alice", code)
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="code-unknown", AUTHTOKEN_USER="alice")


def test_a_token_that_no_prompt_takes_logs_in_by_its_code(host):
    token = host.authtoken.issue("alice", data=BIG)
    assert len(token.text) > 6000
    shell = host.login("alice", make(host, token, "--long"))
    assert shell.run("id --user --name") == (0, "alice")


def test_it_answers_sudo(host):
    shell = host.login("alice")
    shell.run("sudo -K")
    code = make(host, host.authtoken.issue("alice"))
    assert shell.sudo("id --user", code) == (0, "0", True)


def test_it_dies_with_its_session(host):
    token = host.authtoken.issue("alice")
    code = make(host, token)
    host.authtoken.revoke_session(token)
    host.ssh.refusal("alice", code)


def test_nobody_makes_one_of_another_users_token(host):
    token = host.authtoken.issue("alice")
    done = host.bed.run("authtokenctl", "code", stdin=token.text, user="bob", check=False)
    assert (done.returncode, done.stdout) == (4, "")


def test_it_stands_in_no_log(host):
    code = make(host, host.authtoken.issue("alice"))
    host.login("alice", code)
    host.ssh.refusal("alice", code)
    host.journal.wait_for(AUTHTOKEN_REASON="code-unknown")
    assert code not in host.journal.text() and code[3:].replace("-", "") not in host.journal.text()
