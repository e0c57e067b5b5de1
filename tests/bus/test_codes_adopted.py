# SPDX-License-Identifier: MIT
"""Login codes for tokens that another issuer has made."""

import pytest

from foreign_issuer import Issuer, Secret
from frames import DENIED, OK
from private_bus import OWN_USER, SQLITE, CallError
from token_login import log_in


@pytest.fixture(scope="module")
def issuer(bus):
    return Issuer(bus.directory / "jwks.json", Secret())


@pytest.fixture(scope="module")
def store(issuer):
    return SQLITE + issuer.section()


@pytest.fixture
def token(root, issuer):
    yield issuer.token(OWN_USER)
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def make(root, token):
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    return code


def test_a_code_stands_for_an_adopted_token(root, daemon, token):
    assert log_in(daemon, token) == (OK, None)
    sessions = root.sessions(OWN_USER)
    code = make(root, token)
    assert log_in(daemon, code) == (OK, None)
    assert log_in(daemon, code) == (DENIED, "code-unknown")
    assert root.sessions(OWN_USER) == sessions and len(sessions) == 1


def test_a_token_that_was_never_adopted_gets_none(root, token):
    with pytest.raises(CallError) as refusal:
        make(root, token)
    assert refusal.value.code == "session-unknown"


def test_it_dies_with_the_session(root, daemon, token):
    assert log_in(daemon, token) == (OK, None)
    code = make(root, token)
    root.call("RevokeToken", f"('{token}', '')")
    assert log_in(daemon, code) == (DENIED, "code-unknown")


@pytest.mark.parametrize("old, new, reason", [
    ("Audience=client-of-the-fleet", "Audience=somebody-else", "audience-mismatch"),
    ('[Issuer "https://login.example.org"]', '[Issuer "https://other.example.org"]', "issuer-mismatch")])
def test_where_the_issuer_is_not_trusted_so_it_does_not_count(root, daemon, token, old, new, reason):
    assert log_in(daemon, token) == (OK, None)
    code = make(root, token)
    before = daemon.config.read_text()
    daemon.config.write_text(before.replace(old, new))
    root.call("Reload")
    try:
        assert log_in(daemon, code) == (DENIED, reason)
    finally:
        daemon.config.write_text(before)
        root.call("Reload")
