# SPDX-License-Identifier: MIT
"""A proxy between a daemon and its Redis that knows where an answer ends, and mistreats answers."""

import contextlib
import socket
import threading


class Answers:
    """Cuts what a server sends into whole answers."""

    def __init__(self, peer):
        self.file = peer.makefile("rb")

    def read(self):
        """One, or b"" at the end."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            return b""
        number = int(line[1:]) if line[:1] in b"$*" else -1
        if line[:1] == b"$":
            return line + self.file.read(number + 2) if number >= 0 else line
        for _ in range(max(number, 0) if line[:1] == b"*" else 0):
            line += self.read()
        return line


class Link:
    """One connection of the daemon's."""

    def __init__(self, proxy, peer):
        self.proxy, self.peer = proxy, peer
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(str(proxy.server))
        self.is_cut = threading.Event()
        self.asked = b""
        for pump in (self.ask, self.answer):
            threading.Thread(target=pump, daemon=True).start()

    @property
    def is_of_notices(self):
        return b"SUBSCRIBE" in self.asked

    def ask(self):
        with contextlib.suppress(OSError):
            while data := self.peer.recv(1 << 20):
                self.asked = (self.asked + data)[-4096:] if b"SUBSCRIBE" not in self.asked else self.asked
                if not self.is_cut.is_set():
                    self.server.sendall(data)
        self.hang_up()

    def answer(self):
        answers = Answers(self.server)
        with contextlib.suppress(OSError, ValueError):
            while answer := answers.read():
                for one in self.proxy.treat(self, answer):
                    if not self.is_cut.is_set():
                        self.peer.sendall(one)
        self.hang_up()

    def hang_up(self):
        if self.is_cut.is_set():
            return
        for end in (self.peer, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class WickedProxy:
    def __init__(self, path, server, treat=lambda link, answer: [answer]):
        self.path, self.server, self.treat = path, server, treat
        self.links = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.links.append(Link(self, peer))
            except OSError:
                peer.close()

    def drop(self, of_notices):
        """Hang up on the connections of one kind."""
        for link in self.links:
            if link.is_of_notices == of_notices:
                link.hang_up()

    def cut(self, of_notices):
        """Nothing passes any more on those of one kind, and nobody is told."""
        for link in self.links:
            if link.is_of_notices == of_notices:
                link.is_cut.set()

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for link in self.links:
            link.is_cut.clear()
            link.hang_up()
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def between(redis, directory, **options):
    proxy = WickedProxy(directory / "proxy.sock", redis.socket, **options)
    try:
        yield proxy
    finally:
        proxy.stop()
