# SPDX-License-Identifier: MIT
"""Tokens of a service without sessions: taken for a while, and ended like any other."""

import json
import time

import pytest

from foreign_issuer import Secret
from host import SERVICE

KEY_FILE = "/root/predecessor.jwk"
DROP_IN = "60-migration.conf"


@pytest.fixture
def predecessor(host):
    """The key of a service that signed tokens and kept nothing; the host has it from now on."""
    key = Secret("predecessor")
    host.bed.write(KEY_FILE, json.dumps(key.jwk()), mode=0o600)
    host.bed.run("authtokenctl", "keys", "import", KEY_FILE)
    yield key
    host.unconfigure(DROP_IN)
    host.bed.run("sh", "-c", f"rm -f {KEY_FILE} $(grep -l predecessor /var/lib/authtoken/keys/*)")
    host.bed.systemctl("reload", SERVICE)


def until(host, date):
    host.configure(DROP_IN, f"[Migration]\nAdoptStateless=until {date}\n")
    host.bed.systemctl("reload", SERVICE)
    host.bed.run("authtokenctl", "adopt", "--confirm")


def old_token(key, user="alice"):
    now = int(time.time())
    return key.sign({"iss": "authtoken", "aud": "authtoken", "sub": user, "iat": now, "exp": now + 600,
                     "jti": f"c0ffee-{time.monotonic_ns()}"})


def refused(host, token):
    host.journal.mark()
    host.ssh.refusal("alice", token)
    return host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_USER="alice")["AUTHTOKEN_REASON"]


def test_an_old_token_opens_a_shell_that_a_kick_ends_for_good(host, predecessor):
    until(host, "2099-12-31")
    token = old_token(predecessor)
    shell = host.login("alice", token)
    assert host.authtoken.kick_user("alice") == (1, 0)
    shell.wait_closed()
    assert refused(host, token) == "session-kicked"


def test_after_the_date_none_is_taken(host, predecessor):
    until(host, "2020-01-01")
    assert refused(host, old_token(predecessor)) == "adoption-over"
