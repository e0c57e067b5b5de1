#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes corpus/jws/ and corpus/claims/: seeds, one for each way through the parsers."""

import base64
import hashlib
import hmac
import json
import pathlib

KEY = bytes([7]) + bytes(31)
SID = "AAECAwQFBgcICQoLDA0ODw"
HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "k"}
CLAIMS = {"iss": "i", "aud": "a", "sub": "alice", "iat": 1800000000, "exp": 1800000900,
          "jti": SID + ".1"}
OPTIONAL = {"nbf": 1, "roles": ["r", "w"], "plat": "p", "did": "d", "src": "s", "tnt": "t",
            "name": "\u00c4", "data": {"a": [1, {"b": None}]}}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def dump(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def token(header, payload):
    text = encode(dump(header)) + b"." + encode(dump(payload))
    return text + b"." + encode(hmac.new(KEY, text, hashlib.sha256).digest())


TOKENS = {
    "good": token(HEADER, CLAIMS),
    "all-claims": token(HEADER, CLAIMS | OPTIONAL),
    "other-order": token({"kid": "k", "alg": "HS256", "typ": "application/at+jwt"}, CLAIMS),
    "crit": token(HEADER | {"crit": ["exp"]}, CLAIMS),
    "b64": token(HEADER | {"b64": False}, CLAIMS),
    "none": token(HEADER | {"alg": "none"}, CLAIMS),
    "es256": token(HEADER | {"alg": "ES256"}, CLAIMS),
    "duplicate-alg": token(b'{"alg":"HS256","alg":"none","typ":"at+jwt","kid":"k"}', CLAIMS),
    "deep-header": token(b'{"alg":' + b"[" * 40 + b"]" * 40 + b"}", CLAIMS),
    "empty-payload": token(HEADER, b""),
    "not-json": token(HEADER, b"\xff\x00"),
    "no-signature": b"e30.e30.",
    "short": b".e30.AA",
    "trailing-bits": b"e30.e31.AA",
    "five-parts": b"e30.AA.AA.AA.AA",
}

CLAIM_SETS = {
    "good": dump(CLAIMS),
    "all": dump(CLAIMS | OPTIONAL),
    "many-audiences": dump(CLAIMS | {"aud": ["a"] * 50}),
    "duplicate": b'{"sub":"a","s\\u0075b":"b"}',
    "fraction": dump(CLAIMS | {"exp": 1.5}),
    "huge-number": b'{"exp":99999999999999999999999999}',
    "raw-nul-behind-a-number": dump(CLAIMS).replace(b"0900,", b"0900\0,"),
    "nul": b'{"sub":"a\\u0000b"}',
    "surrogate": b'{"sub":"\\ud800"}',
    "depth": b'{"a":' + b"[" * 15 + b"]" * 15 + b"}",
}


def main():
    for name, seeds in (("jws", TOKENS), ("claims", CLAIM_SETS)):
        folder = pathlib.Path(__file__).parent / "corpus" / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, content in seeds.items():
            (folder / seed).write_bytes(content)


if __name__ == "__main__":
    main()
