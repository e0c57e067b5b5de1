#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packets of the daemon's socket, put together and taken apart without the project's own code.

  frames.py SOCKET KIND NAME=TEXT...

asks once, and prints the status and the reason of the answer.
"""

import itertools
import socket
import struct
import subprocess
import sys
import time

MAGIC, VERSION, REPLY = b"ATK1", 1, 0x80
AUTHENTICATE, AUTHENTICATE_SESSION, ACCOUNT, OPEN_SESSION, CLOSE_SESSION, VALIDATE = 1, 2, 3, 4, 5, 6
OK, DENIED, UNAVAILABLE, PROMPT = 0, 1, 4, 6
DEADLINE, USER, SERVICE, TOKEN, HANDLE = range(0x8001, 0x8006)
OTHER_AUTH, ROLE, MAX_AGE = 0x8007, 0x8008, 0x8009
TTY, RHOST, RUSER, REASON = 0x10, 0x11, 0x12, 0x22
HEADER = "<4sBBHII"
PATIENCE_SECONDS = 20
IDS = itertools.count(1)


def deadline(seconds=PATIENCE_SECONDS):
    return struct.pack("<Q", time.monotonic_ns() // 1000 + int(seconds * 1_000_000))


def compose(kind, fields, until=None):
    fields = {DEADLINE: until or deadline(), **{tag: text.encode() for tag, text in fields.items()}}
    payload = b"".join(struct.pack("<HH", tag, len(data)) + data for tag, data in fields.items())
    return struct.pack(HEADER, MAGIC, VERSION, kind, 0, next(IDS), len(payload)) + payload


def parse(packet):
    """(kind, status, {tag: text})"""
    _, _, kind, status, _, _ = struct.unpack_from(HEADER, packet)
    fields, rest = {}, packet[struct.calcsize(HEADER):]
    while rest:
        tag, size = struct.unpack_from("<HH", rest)
        fields[tag], rest = rest[4:4 + size].decode(), rest[4 + size:]
    return kind, status, fields


def connect(path):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(PATIENCE_SECONDS)
    peer.connect(str(path))
    return peer


def ask(path, kind, fields):
    with connect(path) as peer:
        peer.send(compose(kind, fields))
        return parse(peer.recv(65536))


def ask_as(uid, path, kind, *words):
    """(status, reason), both as text, of what a process of another user asks"""
    done = subprocess.run([sys.executable, "-B", __file__, path, kind, *words], user=uid, group=uid, extra_groups=[],
                          capture_output=True, text=True, timeout=2 * PATIENCE_SECONDS, check=True)
    return tuple(done.stdout.split())


def main():
    path, kind, *words = sys.argv[1:]
    fields = {globals()[name]: text for name, text in (word.split("=", 1) for word in words)}
    _, status, answer = ask(path, globals()[kind], fields)
    print(status, answer.get(REASON, "-"))


if __name__ == "__main__":
    main()
