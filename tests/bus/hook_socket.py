# SPDX-License-Identifier: MIT
"""What systemd does for authtoken-hook.socket, with a runner that the test chooses."""

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading

from private_bus import SECONDS


class HookSocket:
    """Hands each event to `serve` with the connection, in a thread of its own."""

    def __init__(self, path, serve, backlog=128):
        self.path = path
        self.serve = serve
        self.events = queue.Queue()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(path))
        self.socket.listen(backlog)
        self.thread = threading.Thread(target=self.run, daemon=True)
        if serve:
            self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.socket.accept()
                threading.Thread(target=self.serve, args=(self, peer), daemon=True).start()

    def next(self):
        return self.events.get(timeout=SECONDS)

    def of(self, kind, sid):
        """The next event of a session; those of others are thrown away."""
        while True:
            event = self.next()
            if (event["event"], event["session"]) == (kind, sid):
                return event

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.path.unlink(missing_ok=True)


def read(peer):
    """(event, microseconds of CLOCK_MONOTONIC until when an answer is wanted)"""
    head, text = peer.recv(65536).decode().split("\n", 1)
    magic, version, kind, deadline = head.split()
    event = json.loads(text)
    assert (magic, version) == ("authtoken-hook", "1") and event["event"] == kind
    return event, int(deadline)


def answering(text):
    """Takes the event down, and says this."""
    def serve(hooks, peer):
        with peer:
            event, _ = read(peer)
            hooks.events.put(event)
            peer.send(text.encode())
    return serve


def hanging(hooks, peer):
    """Takes the event down, and says nothing until the other side gives up."""
    with peer:
        event, _ = read(peer)
        hooks.events.put(event)
        peer.recv(1)


def running(directory):
    """The real runner with real hooks."""
    def serve(_, peer):
        with peer:
            subprocess.run([os.environ["AUTHTOKEN_HOOK"], "--directory", directory], stdin=peer, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return serve
