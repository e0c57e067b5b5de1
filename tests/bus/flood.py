#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An ordinary user who asks for as much as they can get.

  flood.py SOCKET UID USER CONNECTIONS TOKEN

Prints "flooding" once it is, and at its end, which is that of standard input, how many connections it had at
the most and how many answers it got. Each connection asks again when it has its answer, and connects again
when it is closed.
"""

import os
import select
import sys

from frames import AUTHENTICATE, SERVICE, TOKEN, USER, VALIDATE, compose, connect


class Flood:
    def __init__(self, path, user, token):
        self.path = path
        self.poll = select.epoll()
        self.peers = {}
        self.n_answers = self.n_peers_max = self.n_sent = 0
        self.asked = [(VALIDATE, {TOKEN: token}), (AUTHENTICATE, {USER: user, SERVICE: "test", TOKEN: token})]

    def ask(self, peer):
        kind, fields = self.asked[self.n_sent % len(self.asked)]
        self.n_sent += 1
        peer.send(compose(kind, fields))

    def join(self):
        try:
            peer = connect(self.path)
            self.ask(peer)
        except OSError:
            return
        self.peers[peer.fileno()] = peer
        self.poll.register(peer, select.EPOLLIN)

    def leave(self, number):
        self.poll.unregister(number)
        self.peers.pop(number).close()

    def answer(self, number):
        try:
            if not self.peers[number].recv(65536):
                self.leave(number)
                return
            self.n_answers += 1
            self.ask(self.peers[number])
        except OSError:
            self.leave(number)

    def run(self, n_connections):
        self.poll.register(sys.stdin, select.EPOLLIN)
        while True:
            while len(self.peers) < n_connections:
                self.join()
            if self.n_answers > n_connections and self.n_peers_max == 0:
                print("flooding", flush=True)
                self.n_peers_max = 1
            for number, _ in self.poll.poll(1):
                if number == sys.stdin.fileno():
                    return
                self.answer(number)


def main():
    path, uid, user, n_connections, token = sys.argv[1:]
    os.setgroups([])
    os.setresgid(int(uid), int(uid), int(uid))
    os.setresuid(int(uid), int(uid), int(uid))
    flood = Flood(path, user, token)
    flood.run(int(n_connections))
    print(flood.n_answers)


if __name__ == "__main__":
    main()
