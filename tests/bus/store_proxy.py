# SPDX-License-Identifier: MIT
"""A proxy between a daemon and its Redis, which holds one commit back while something else happens."""

import contextlib
import re
import socket
import threading

from private_bus import SECONDS


# A command that stores a session: its field and what is in it.
SESSION = re.compile(rb"\r\ns:[A-Za-z0-9_-]{22}\r\n\$")


class StoreProxy:
    def __init__(self, path, server):
        self.path, self.server = path, server
        self.lock = threading.Lock()
        self.meanwhile = None
        self.happened = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def before_next_commit(self, meanwhile):
        """Call it when the next commit is under way, before Redis sees it."""
        self.happened.clear()
        with self.lock:
            self.meanwhile = meanwhile

    def wait(self):
        assert self.happened.wait(SECONDS), "there was no commit"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server))
                for pump in ((self.ask, peer, server), (self.answer, server, peer)):
                    threading.Thread(target=pump[0], args=pump[1:], daemon=True).start()

    def ask(self, peer, server):
        with contextlib.suppress(OSError):
            while data := peer.recv(1 << 20):
                if SESSION.search(data):
                    with self.lock:
                        meanwhile, self.meanwhile = self.meanwhile, None
                    if meanwhile:
                        meanwhile()
                        self.happened.set()
                server.sendall(data)
        self.hang_up(peer, server)

    def answer(self, server, peer):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                peer.sendall(data)
        self.hang_up(peer, server)

    @staticmethod
    def hang_up(*ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.path.unlink(missing_ok=True)
