# SPDX-License-Identifier: MIT
"""[Migration] AdoptStateless=: tokens of a predecessor that had our key, and no sessions."""

import json
import shutil
import time

import pytest

from foreign_issuer import Secret
from frames import AUTHENTICATE, OK, SERVICE, TOKEN, USER, ask
from private_bus import OWN_USER, SQLITE, wait_until

ISSUER, AUDIENCE = "https://auth.example.org", "hosts.example.org"
TOKEN_SECTION = f"[Token]\nIssuer={ISSUER}\nAudience={AUDIENCE}\n"


@pytest.fixture(scope="module")
def key(bus):
    """The key that the predecessor signed by; the daemon has it as its own."""
    shutil.rmtree(bus.directory / "state", ignore_errors=True)
    keys = bus.directory / "state" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    made = Secret("fleet")
    (keys / "fleet.jwk").write_text(json.dumps(made.jwk()), encoding="utf-8")
    (keys / "fleet.jwk").chmod(0o600)
    return made


@pytest.fixture(scope="module")
def store(key):
    return SQLITE + TOKEN_SECTION


def day(offset):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))


@pytest.fixture
def until(root, daemon):
    before = daemon.config.read_text()

    def configure(offset):
        daemon.config.write_text(f"{before}[Migration]\nAdoptStateless=until {day(offset)}\n")
        root.call("Reload")

    yield configure
    daemon.config.write_text(before)
    root.call("Reload")
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.fixture
def log_in(daemon):
    def ask_for(token):
        before = len(daemon.log_text())
        _, status, _ = ask(daemon.socket, AUTHENTICATE,
                           {USER: OWN_USER, SERVICE: "sshd", TOKEN: token})
        if status == OK:
            return "ok"
        return wait_until(lambda: reason(daemon.log_text()[before:]), "a line in the journal")

    return ask_for


def reason(text):
    for line in text.splitlines():
        if "authenticate for" in line and "refused" in line:
            return line.rsplit("(", 1)[1].split(")")[0]
    return None


def old_token(key, **claims):
    """As a service without sessions signs it; an hour ago, so before the store was made."""
    now = int(time.time())
    payload = {"iss": ISSUER, "aud": AUDIENCE, "sub": OWN_USER, "iat": now - 3600, "exp": now + 3600,
               "jti": f"c0ffee-{time.monotonic_ns()}", **claims}
    return key.sign({name: value for name, value in payload.items() if value is not None})


def test_without_the_option_it_is_no_token(key, log_in):
    assert log_in(old_token(key)) == "type-unexpected"


def test_an_old_token_is_adopted_and_ends_for_good(until, root, key, log_in):
    until(1000)
    token = old_token(key)
    assert log_in(token) == "ok"
    root.call("RevokeToken", f"('{token}', '')")
    assert log_in(token) == "session-revoked"


def test_one_without_a_jti_as_well(until, root, key, log_in):
    until(1000)
    token = old_token(key, jti=None)
    assert log_in(token) == "ok"
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert log_in(token) == "session-revoked"


def test_after_the_date_none_is_adopted_and_those_that_were_go_on(until, key, log_in):
    until(1000)
    before = old_token(key)
    assert log_in(before) == "ok"
    until(-1)
    assert log_in(before) == "ok"
    assert log_in(old_token(key)) == "adoption-over"


def test_a_session_of_ours_that_is_gone_is_not_adopted(until, key, log_in):
    until(1000)
    absent = old_token(key, jti="AAECAwQFBgcICQoLDA0ODw.1")
    assert log_in(absent) == "session-unknown"


def test_a_token_that_we_issue_is_not_changed_by_it(until, root, log_in):
    until(1000)
    token, _ = root.issue(OWN_USER)
    assert log_in(token) == "ok"


def test_what_is_not_ours_is_not_adopted(until, key, log_in):
    until(1000)
    assert log_in(old_token(key, iss="https://other.example.org")) == "issuer-mismatch"
    assert log_in(old_token(key, aud="other")) == "audience-mismatch"
    assert log_in(Secret("fleet").sign({"iss": ISSUER})) == "signature-invalid"
