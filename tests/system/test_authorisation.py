# SPDX-License-Identifier: MIT
"""What an ordinary user may do over D-Bus, with polkit and without an agent."""

import pytest

from authtoken import CallFailed
from host import SERVICE

# This is how busctl shows org.freedesktop.DBus.Error.AccessDenied, whatever its message.
DENIED = "Access denied"


def refused(host, method, *arguments, user="bob"):
    """Call as an ordinary user, which must fail; return the message."""
    with pytest.raises(CallFailed) as failure:
        host.authtoken.call(method, *arguments, user=user)
    return str(failure.value)


def test_own_sessions_are_listed(host):
    mine = host.authtoken.issue("bob")
    host.authtoken.issue("alice")
    session, = host.authtoken.sessions("bob", caller="bob")
    assert session["session"] == mine.session


@pytest.mark.parametrize("arguments", [(1, "user", "s", "alice"), (0,)],
                         ids=["another-users", "everyones"])
def test_others_sessions_are_not_listed(host, arguments):
    host.authtoken.issue("alice")
    assert DENIED in refused(host, "ListSessions", "a{sv}", *arguments)


@pytest.mark.parametrize("verb", ["revoke_session", "revoke_token"])
def test_an_own_session_is_revoked(host, verb):
    token = host.authtoken.issue("bob")
    shell = host.login("bob", token.text)
    getattr(host.authtoken, verb)(token, caller="bob")
    assert host.authtoken.verdict(token.text) == "session-revoked"
    shell.wait_closed()


def test_all_own_sessions_are_revoked(host):
    tokens = [host.authtoken.issue("bob") for _ in range(2)]
    assert host.authtoken.revoke_user("bob", caller="bob") == 2
    assert {host.authtoken.verdict(token.text) for token in tokens} == {"session-revoked"}


OTHERS = [
    ("RevokeSession", lambda token: ("ss", token.session, "")),
    ("RevokeToken", lambda token: ("ss", token.jti, "")),
    ("RevokeUser", lambda token: ("ss", token.user, "")),
    ("KickSession", lambda token: ("ss", token.session, "")),
    ("KickUser", lambda token: ("sa{sv}s", token.user, 0, "")),
    ("IssueToken", lambda token: ("sa{sv}", token.user, 0)),
    ("Reload", lambda token: ()),
]


@pytest.mark.parametrize("method, arguments", OTHERS, ids=[method for method, _ in OTHERS])
def test_what_concerns_others_is_not_authorised(host, method, arguments):
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    assert DENIED in refused(host, method, *arguments(token))
    assert host.authtoken.verdict(token.text) == "ok"
    assert shell.is_open()
    assert len(host.authtoken.sessions("alice")) == 1


def test_a_token_for_oneself_is_not_issued_over_ssh(host):
    assert DENIED in refused(host, "IssueToken", "sa{sv}", "bob", 0)
    assert host.authtoken.sessions("bob") == []


def test_a_session_that_does_not_exist_is_no_oracle(host):
    """Who may not know which sessions there are gets one answer for both."""
    token = host.authtoken.issue("alice")
    there = refused(host, "RevokeSession", "ss", token.session, "")
    not_there = refused(host, "RevokeSession", "ss", "A" * len(token.session), "")
    assert there == not_there


def test_a_real_ssh_session_has_no_more_rights(host):
    host.authtoken.issue("alice")
    shell = host.login("bob")
    call = "busctl call org.authtoken1 /org/authtoken1 org.authtoken1.Manager"
    status, output = shell.run(f"{call} KickUser 'sa{{sv}}s' alice 0 ''")
    assert status != 0
    assert DENIED in output
    assert len(host.authtoken.sessions("alice")) == 1


def test_the_command_line_says_not_authorised(host):
    host.authtoken.issue("alice")
    done = host.bed.run("authtokenctl", "kick", "--user", "alice", user="bob", check=False)
    assert done.returncode == 4, done.stderr
    done = host.bed.run("authtokenctl", "list", user="bob", check=False)
    assert done.returncode == 0, done.stderr
    assert "alice" not in done.stdout


def test_the_command_line_revokes_an_own_session(host):
    token = host.authtoken.issue("bob")
    done = host.bed.run("authtokenctl", "revoke", "--token-file", "-", user="bob", check=False,
                        stdin=f"{token.text}\n")
    assert done.returncode == 0, done.stderr
    assert host.authtoken.verdict(token.text) == "session-revoked"


def test_an_ordinary_process_gets_a_verdict_about_its_own_token_only(host):
    """What a screen locker does: ask PAM as the user who sits there."""
    def verdict(user, token):
        return host.bed.run("pamtester", "sshd", user, "authenticate", user="bob", check=False,
                            stdin=f"{token.text}\n").returncode

    assert verdict("bob", host.authtoken.issue("bob")) == 0
    assert verdict("alice", host.authtoken.issue("alice")) != 0
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="not-authorised")


def test_a_token_does_not_answer_polkits_own_question(host):
    token = host.authtoken.issue("alice")
    done = host.bed.run("pamtester", "polkit-1", "alice", "authenticate", check=False,
                        stdin=f"{token.text}\n")
    assert done.returncode != 0
    host.journal.wait_for(AUTHTOKEN_REASON="service-refused", AUTHTOKEN_SERVICE="polkit-1")


def test_anyone_gets_the_public_keys_and_no_private_ones(host):
    jwks, = host.authtoken.call("GetJWKS", user="bob")
    assert '"kid"' in jwks
    assert '"d"' not in jwks


@pytest.mark.parametrize("name", ["/var/lib/authtoken", "/var/lib/authtoken/keys",
                                  "/run/authtokend"])
def test_the_daemons_directories_are_shut(host, name):
    assert host.bed.run("ls", name, user="bob", check=False).returncode != 0


def test_the_daemon_has_no_privilege(host):
    status = host.bed.path(f"/proc/{host.bed.main_pid(SERVICE)}/status").read_text(encoding="utf-8")
    rows = dict(row.split(":\t", 1) for row in status.splitlines())
    uid = host.bed.output("id", "--user", "authtoken")
    assert rows["Uid"].split() == [uid] * 4
    assert {rows[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert rows["NoNewPrivs"] == "1"
