#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A login without PAM: does on the daemon's socket what the module does, then stays.

  login.py SOCKET USER TTY RHOST, with the token on standard input

Prints "opened" once it is, and ends with its standard input.
"""

import sys

from frames import (AUTHENTICATE, HANDLE, OK, OPEN_SESSION, REPLY, RHOST, SERVICE, TOKEN, TTY, USER, compose, connect,
                    parse)


def call(peer, kind, fields):
    peer.send(compose(kind, fields))
    got, status, answer = parse(peer.recv(65536))
    if (got, status) != (kind | REPLY, OK):
        sys.exit(f"refused: {status} {answer}")
    return answer


def main():
    path, user, tty, rhost = sys.argv[1:]
    token = sys.stdin.readline().strip()
    whose = {USER: user, SERVICE: "test", TTY: tty, RHOST: rhost}
    with connect(path) as peer:
        handle = call(peer, AUTHENTICATE, {**whose, TOKEN: token})[HANDLE]
        call(peer, OPEN_SESSION, {**whose, HANDLE: handle})
    print("opened", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
