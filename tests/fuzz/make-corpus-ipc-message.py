#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of fuzz-ipc-message into corpus/ipc-message: good messages, and near misses."""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus" / "ipc-message"
AUTHENTICATE, AUTHENTICATE_SESSION, ACCOUNT, OPEN, CLOSE, VALIDATE, REPLY = 1, 2, 3, 4, 5, 6, 0x80
OK, DENIED, PROMPT = 0, 1, 6
DEADLINE, USER, SERVICE, TOKEN, HANDLE, AUDIENCE, OTHER_AUTH, ROLE, MAX_AGE = range(0x8001, 0x800a)
TTY, RHOST, RUSER, SESSION, CLAIMS, REASON = 0x10, 0x11, 0x12, 0x20, 0x21, 0x22

handle = (HANDLE, b"AAECAwQFBgcICQoLDA0ODw")
user, service = (USER, b"alice"), (SERVICE, b"sshd")
token = (TOKEN, b"eyJhbGciOiJFUzI1NiJ9.e30.AAAA")
origin = [(DEADLINE, struct.pack("<Q", 2000)), (TTY, b"ssh"), (RHOST, b"203.0.113.7"), (RUSER, b"bob")]


def message(kind, fields, status=OK, magic=b"ATK1", version=1, size=None):
    payload = b"".join(struct.pack("<HH", tag, len(value)) + value for tag, value in fields)
    length = len(payload) if size is None else size
    return magic + struct.pack("<BBHII", version, kind, status, 7, length) + payload


seeds = {
    "authenticate": message(AUTHENTICATE, [user, service, token, *origin]),
    "role": message(AUTHENTICATE, [user, service, token, (ROLE, b"admin")]),
    "authenticate-session": message(AUTHENTICATE_SESSION, [user, service, *origin]),
    "session-demands": message(AUTHENTICATE_SESSION, [user, service, (ROLE, b"admin"),
                                                      (MAX_AGE, struct.pack("<Q", 28800))]),
    "no-age": message(AUTHENTICATE_SESSION, [user, service, (MAX_AGE, struct.pack("<Q", 0))]),
    "session-with-token": message(AUTHENTICATE_SESSION, [user, service, token]),
    "ok-authenticate-session": message(AUTHENTICATE_SESSION | REPLY, [handle, (SESSION, b"S")]),
    "prompt": message(AUTHENTICATE_SESSION | REPLY, [(REASON, b"shell-none")], PROMPT),
    "account": message(ACCOUNT, [user, service, handle, (OTHER_AUTH, b""), *origin]),
    "open": message(OPEN, [user, service, handle, *origin]),
    "close": message(CLOSE, [handle]),
    "validate": message(VALIDATE, [token, (AUDIENCE, b"example")]),
    "ok-authenticate": message(AUTHENTICATE | REPLY, [handle, (SESSION, b"S")]),
    "ok-account": message(ACCOUNT | REPLY, []),
    "ok-validate": message(VALIDATE | REPLY, [(CLAIMS, b'{"sub":"alice"}')]),
    "denied": message(AUTHENTICATE | REPLY, [(REASON, b"token-expired")], DENIED),
    "unknown-optional": message(CLOSE, [handle, (0x100, b"later")]),
    "unknown-mandatory": message(CLOSE, [handle, (0x8100, b"later")]),
    "duplicate": message(CLOSE, [handle, handle]),
    "duplicate-unknown": message(CLOSE, [handle, (0x100, b""), (0x100, b"")]),
    "many-fields": message(CLOSE, [handle] + [(0x100 + i, b"") for i in range(32)]),
    "foreign-field": message(CLOSE, [handle, token]),
    "missing-field": message(AUTHENTICATE, [user, service]),
    "empty-text": message(AUTHENTICATE, [(USER, b""), service, token]),
    "not-utf8": message(AUTHENTICATE, [(USER, b"\xc0\xaf"), service, token]),
    "nul": message(AUTHENTICATE, [(USER, b"root\0"), service, token]),
    "short-handle": message(CLOSE, [(HANDLE, b"AAECAwQ")]),
    "request-with-status": message(CLOSE, [handle], DENIED),
    "status-unknown": message(CLOSE | REPLY, [], 7),
    "type-unknown": message(7, [user]),
    "version-unknown": message(CLOSE, [handle], version=2),
    "magic-unknown": message(CLOSE, [handle], magic=b"ATK2"),
    "size-too-large": message(CLOSE, [handle], size=27),
    "size-too-small": message(CLOSE, [handle], size=25),
    "size-huge": message(CLOSE, [handle], size=0xffffffff),
    "field-size-huge": message(CLOSE, [handle]) + struct.pack("<HH", TTY, 0xffff),
    "header-alone": message(CLOSE, []),
    "empty": b"",
    "magic-alone": b"ATK1",
}
HERE.mkdir(parents=True, exist_ok=True)
for name, content in seeds.items():
    (HERE / (name + ".bin")).write_bytes(content)
