#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A login without PAM: does on the daemon's socket what the module does, then stays.

  login.py SOCKET USER TTY RHOST, with the token on standard input

Prints "opened" once it is, and ends with its standard input.
"""

import itertools
import socket
import struct
import sys
import time

MAGIC, VERSION, REPLY = b"ATK1", 1, 0x80
AUTHENTICATE, OPEN_SESSION = 1, 4
DEADLINE, USER, SERVICE, TOKEN, HANDLE, TTY, RHOST = 0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x10, 0x11
HEADER = "<4sBBHII"
IDS = itertools.count(1)


def call(peer, kind, fields):
    fields = {DEADLINE: struct.pack("<Q", time.monotonic_ns() // 1000 + 5000000), **{tag: text.encode() for tag, text in fields.items()}}
    payload = b"".join(struct.pack("<HH", tag, len(data)) + data for tag, data in fields.items())
    peer.send(struct.pack(HEADER, MAGIC, VERSION, kind, 0, next(IDS), len(payload)) + payload)
    packet = peer.recv(65536)
    _, _, got, status, _, _ = struct.unpack_from(HEADER, packet)
    answer, rest = {}, packet[struct.calcsize(HEADER):]
    while rest:
        tag, size = struct.unpack_from("<HH", rest)
        answer[tag], rest = rest[4:4 + size].decode(), rest[4 + size:]
    if (got, status) != (kind | REPLY, 0):
        sys.exit(f"refused: {status} {answer}")
    return answer


def main():
    path, user, tty, rhost = sys.argv[1:]
    token = sys.stdin.readline().strip()
    whose = {USER: user, SERVICE: "test", TTY: tty, RHOST: rhost}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        peer.connect(path)
        handle = call(peer, AUTHENTICATE, {**whose, TOKEN: token})[HANDLE]
        call(peer, OPEN_SESSION, {**whose, HANDLE: handle})
    print("opened", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
