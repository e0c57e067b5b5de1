# SPDX-License-Identifier: MIT
"""A token for each session: issued, looked up by its id, replaced, revoked."""

import time

import pytest

from private_bus import OTHER_USER, OWN_USER, wait_until
from service import parts


def test_issue(fresh):
    access, _, info = fresh.issue()
    header, claims = parts(access)
    assert header["typ"] == "at+jwt" and claims["sub"] == OWN_USER
    assert (info["jti"], info["expires"]) == (claims["jti"], claims["exp"])


def test_validate_with_jti_against_the_store(fresh):
    access, session = fresh.session()
    assert fresh.validate(access)["jti"].startswith(session)
    fresh.root.call("RevokeToken", f"('{fresh.validate(access)['jti']}', '')")
    assert fresh.refusal(access) == "session-revoked"


def test_revoke_by_user(fresh):
    first, second = fresh.session()[0], fresh.session()[0]
    others, _ = fresh.session(OTHER_USER)
    (n_revoked,) = fresh.root.call("RevokeUser", f"('{OWN_USER}', 'left')")
    assert n_revoked == 2
    assert [fresh.is_valid(token) for token in (first, second, others)] == [False, False, True]


def test_session_replaced_at_new_login(fresh, configured):
    configured("[Session]\nSingleSignOn=user\n")
    old, _ = fresh.session()
    new, _ = fresh.session()
    assert (fresh.refusal(old), fresh.refusal(new)) == ("session-replaced", "ok")


@pytest.mark.parametrize("lifetime", [60, 3600])
def test_configurable_expiry(fresh, configured, lifetime):
    configured(f"[Token]\nLifetime={lifetime}s\n")
    _, claims = parts(fresh.session()[0])
    assert claims["exp"] - claims["iat"] == lifetime
    _, claims = parts(fresh.session(options="{'lifetime': <uint64 5>}")[0])
    assert claims["exp"] - claims["iat"] == 5


def test_expired(fresh, configured):
    configured("[Token]\nLeeway=0\n")
    access, _ = fresh.session(options="{'lifetime': <uint64 1>}")
    assert fresh.is_valid(access)
    wait_until(lambda: parts(access)[1]["exp"] < time.time(), "the token to expire")
    assert fresh.refusal(access) == "token-expired"
