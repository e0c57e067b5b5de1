# SPDX-License-Identifier: MIT
"""A session that outlives its tokens: refreshed ones log in, old ones do not, a copied one ends it all."""

import json

import pytest

from deadline import wait_until
from host import SERVICE
from ssh import LoginRefused

DROP_IN = "90-refresh.conf"


@pytest.fixture
def brief(host):
    """The token before is good for two more seconds only."""
    host.configure(DROP_IN, "[Token]\nRefreshGrace=2s\n")
    host.bed.systemctl("reload", SERVICE)
    yield host
    host.unconfigure(DROP_IN)
    host.bed.systemctl("reload", SERVICE)


def issue(host, user):
    return json.loads(host.bed.output("authtokenctl", "issue", "--pair", user))


def renew(host, refresh, user=None):
    """As a user does: nobody has to be root for it."""
    return json.loads(host.bed.output("authtokenctl", "refresh", user=user, stdin=refresh + "\n"))


def refusal(host, refresh):
    done = host.bed.run("authtokenctl", "refresh", stdin=refresh + "\n", check=False)
    assert done.returncode == 1 and not done.stdout
    return done.stderr


def test_a_refreshed_token_logs_in_and_the_old_one_does_not(brief):
    old = issue(brief, "alice")
    new = renew(brief, old["refresh"], user="alice")
    assert new["session"] == old["session"]
    shell = brief.login("alice", new["access"])
    wait_until(lambda: brief.authtoken.verdict(old["access"]) == "generation-old", "the old token is refused")
    with pytest.raises(LoginRefused):
        brief.login("alice", old["access"])
    assert shell.is_open()
    entry = brief.journal.wait_for(AUTHTOKEN_EVENT="refresh", AUTHTOKEN_USER="alice")
    assert (entry["AUTHTOKEN_SESSION"], entry["AUTHTOKEN_REASON"]) == (old["session"], "ok")


def test_a_copied_token_ends_the_shell_that_is_open(host):
    first = issue(host, "alice")
    second = renew(host, first["refresh"])
    shell = host.login("alice", second["access"])
    other = host.login("carol", issue(host, "carol")["access"])
    third = renew(host, second["refresh"])
    assert shell.is_open()
    assert "session-reused" in refusal(host, first["refresh"])
    shell.wait_closed()
    assert other.is_open()
    entry = host.journal.wait_for(AUTHTOKEN_EVENT="token-reuse", AUTHTOKEN_USER="alice")
    assert (entry["AUTHTOKEN_SESSION"], entry["AUTHTOKEN_REASON"]) == (first["session"], "session-reused")
    assert "session-reused" in refusal(host, third["refresh"])
    with pytest.raises(LoginRefused):
        host.login("alice", third["access"])


def test_after_a_kick_there_is_nothing_to_refresh(host):
    pair = issue(host, "alice")
    shell = host.login("alice", pair["access"])
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()
    assert "session-kicked" in refusal(host, pair["refresh"])


def test_a_pair_outlives_the_daemon(host):
    pair = issue(host, "alice")
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()
    again = renew(host, pair["refresh"])
    shell = host.login("alice", again["access"])
    assert shell.is_open()


def test_a_user_keeps_a_pair_fresh_in_a_file(host):
    path = "/home/alice/.authtoken-pair"
    pair = issue(host, "alice")
    host.bed.run("sh", "-c", f"umask 077; cat >{path}", user="alice", stdin=json.dumps(pair))
    words = ["authtokenctl", "ensure-fresh", "--file", path]
    assert host.bed.output(*words, user="alice") == pair["access"]
    fresh = host.bed.output(*words, "--margin=1h", user="alice")
    assert fresh != pair["access"]
    assert host.login("alice", fresh).is_open()
    # Neither an option of a command nor the journal shows a token.
    assert pair["refresh"] not in host.journal.text() and fresh not in host.journal.text()


def test_a_shell_ends_by_the_refresh_token_of_its_session(host):
    pair = issue(host, "alice")
    shell = host.login("alice", pair["access"])
    forged = pair["refresh"][:-4] + ("AAAA" if not pair["refresh"].endswith("AAAA") else "BAAA")
    done = host.bed.run("authtokenctl", "revoke", "--token-file", "-", stdin=forged, check=False)
    assert done.returncode == 1 and "signature-invalid" in done.stderr
    assert shell.is_open()
    assert host.bed.output("authtokenctl", "revoke", "--token-file", "-", stdin=pair["refresh"]) == "1 session revoked"
    shell.wait_closed()
    assert "session-revoked" in refusal(host, pair["refresh"])
