# SPDX-License-Identifier: MIT
"""Tokens by themselves: algorithms, required claims, limits, and a name for each error."""

import json
import shutil
import time

import pytest

from private_bus import OWN_USER
from service import HS_KID, parts, sign

ALGORITHMS = [f"{family}{bits}" for family in ("HS", "RS", "ES") for bits in (256, 384, 512)] + ["EdDSA"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_algorithm(fresh, algorithm):
    made = fresh.keys.with_name(f"keys-{algorithm}")
    try:
        fresh.restart(f"[Keys]\nDirectory={made}\nAlgorithm={algorithm}\n")
        access, _ = fresh.session()
        assert parts(access)[0]["alg"] == algorithm
        assert fresh.is_valid(access)
        signature = access.rsplit(".", 1)[1]
        broken = access[:-len(signature)] + ("B" if signature[0] == "A" else "A") + signature[1:]
        assert fresh.refusal(broken) == "signature-invalid"
    finally:
        fresh.restart()
        shutil.rmtree(made)


def test_required_issuer(fresh):
    assert fresh.refusal(sign(fresh.claims(iss="somebody"))) == "issuer-mismatch"


def test_required_audience(fresh):
    access, _ = fresh.session()
    assert fresh.refusal(access, "{'audience': <'shop'>}") == "audience-mismatch"
    assert fresh.refusal(sign(fresh.claims(aud="shop"))) == "audience-mismatch"


def test_maximum_token_size(fresh, configured):
    configured("[Token]\nMaxSize=512\n")
    assert fresh.refusal(sign(fresh.claims(data={"text": "a" * 512}))) == "token-too-large"


def test_parse_limit(fresh):
    deep = current = {}
    for _ in range(40):
        current["a"] = {}
        current = current["a"]
    assert fresh.refusal(sign(fresh.claims(data=deep))) == "claims-malformed"


def test_custom_claims(fresh):
    access, _ = fresh.session(options="{'data': <'{\"team\": [\"blue\"]}'>, 'roles': <['ops']>}")
    claims = json.loads(fresh.validate(access)["claims"])
    assert (claims["data"], claims["roles"]) == ({"team": ["blue"]}, ["ops"])


def test_kid(fresh):
    access, _, info = fresh.issue()
    assert parts(access)[0]["kid"] == info["kid"] == HS_KID
    assert fresh.refusal(sign(fresh.claims(), {"kid": "another"})) == "key-unknown"


NAMED_ERRORS = {
    "bad algorithm": ({}, {"alg": "none"}, "algorithm-refused"),
    "another algorithm": ({}, {"alg": "HS512"}, "algorithm-refused"),
    "missing issuer": ({"iss": None}, {}, "claim-missing"),
    "missing audience": ({"aud": None}, {}, "claim-missing"),
    "missing expiry": ({"exp": None}, {}, "claim-missing"),
    "expired": ({"iat": int(time.time()) - 3600, "exp": int(time.time()) - 1800}, {}, "token-expired"),
    "not yet": ({"nbf": int(time.time()) + 3600}, {}, "token-not-yet-valid"),
    "another user's session": ({"sub": OWN_USER}, {}, "session-unknown"),
}


@pytest.mark.parametrize("name", NAMED_ERRORS)
def test_named_error(fresh, name):
    claims, header, code = NAMED_ERRORS[name]
    assert fresh.refusal(sign(fresh.claims(**claims), header)) == code


@pytest.mark.parametrize("text, code", [("abc", "token-malformed"), ("a.b.c", "token-malformed")])
def test_invalid(fresh, text, code):
    assert fresh.refusal(text) == code


def test_invalid_signature(fresh):
    assert fresh.refusal(sign(fresh.claims(), secret=bytes(64))) == "signature-invalid"
