# SPDX-License-Identifier: MIT
"""The shipped configuration of stunnel at both ends of a way to Redis, with nothing changed but its places."""

import contextlib
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from private_bus import ROOT, wait_until

EXAMPLES = ROOT / "docs/examples"
NAME = "redis.example.com"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Authority:
    """Makes certificates."""

    def __init__(self, directory, name="ca"):
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.certificate = directory / f"{name}.pem"
        self.key = directory / f"{name}.key"
        self.run("req", "-x509", "-days", "2", "-subj", f"/CN={name}", *self.new_key(self.key), "-out", self.certificate)

    @staticmethod
    def run(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    @staticmethod
    def new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]

    def issue(self, name, host):
        """As NAME.pem and NAME.key."""
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        self.run("req", "-subj", f"/CN={host}", *self.new_key(self.directory / f"{name}.key"), "-out", request)
        self.run("x509", "-req", "-days", "2", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                 "-extfile", extensions, "-out", self.directory / f"{name}.pem")


class Stunnel:
    def __init__(self, directory, name, text):
        self.config = directory / f"{name}.conf"
        self.config.write_text(text)
        self.log = directory / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["stunnel4", self.config], stderr=log, stdout=log, umask=0o007)
        ready = self.log_text().count("Configuration successful")
        wait_until(lambda: self.log_text().count("Configuration successful") > ready, f"stunnel: {self.log_text()}")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Tunnel:
    def __init__(self, directory, redis_socket):
        if not shutil.which("stunnel4"):
            pytest.skip("stunnel4 is missing: install stunnel4")
        self.port = free_port()
        self.socket = directory / "run" / "redis.sock"
        directory.mkdir()
        self.authority = Authority(directory / "keys")
        self.authority.issue("redis", NAME)
        self.authority.issue("host", "host.example.com")
        self.places = {"/etc/stunnel/authtoken-redis": self.authority.directory,
                       "/run/authtoken-redis/redis.sock": self.socket,
                       "/run/redis/redis-server.sock": redis_socket,
                       f"connect = {NAME}:6380": f"connect = 127.0.0.1:{self.port}",
                       "accept = 6380": f"accept = 127.0.0.1:{self.port}"}
        self.server = Stunnel(directory, "server", self.text("stunnel-redis-server.conf"))
        self.client = Stunnel(directory, "client", self.text("stunnel-redis-client.conf"))

    def text(self, name):
        text = pathlib.Path(EXAMPLES / name).read_text(encoding="ascii")
        for place, other in self.places.items():
            text = text.replace(place, str(other))
        return text

    def start(self):
        self.start_server()
        self.start_client()

    def start_client(self):
        """With a runtime directory that is new, as systemd makes it."""
        shutil.rmtree(self.socket.parent, ignore_errors=True)
        self.socket.parent.mkdir()
        self.client.start()

    def start_server(self):
        self.server.start()

    def stop(self):
        for end in (self.client, self.server):
            if end.process and end.process.poll() is None:
                end.kill()


class Impostor:
    """Listens where the server should, and keeps what it was sent that it can read."""

    def __init__(self, port, certificate=None):
        self.port, self.certificate = port, certificate
        self.n_connections, self.received = 0, b""
        self.listener = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                peer.settimeout(2)
                with contextlib.suppress(OSError):
                    self.read(peer)
                peer.close()
                self.n_connections += 1

    def read(self, peer):
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
            peer = context.wrap_socket(peer, server_side=True)
        while data := peer.recv(4096):
            self.received += data

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
