# SPDX-License-Identifier: MIT
"""A Redis of the test's own, on a Unix socket."""

import base64
import json
import shutil
import subprocess

import pytest

from private_bus import wait_until


class Redis:
    def __init__(self, directory):
        self.socket = directory / "redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--dir", str(directory), "--save", "",
             "--appendonly", "no"], stdout=subprocess.DEVNULL)
        wait_until(self.socket.exists, "redis-server")

    def run(self, *words):
        return subprocess.run(["redis-cli", "-s", str(self.socket), *words], capture_output=True, text=True, timeout=20,
                              check=True).stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def start(directory):
    if not shutil.which("redis-server") or not shutil.which("redis-cli"):
        pytest.skip("redis-server or redis-cli is missing: install redis-server and redis-tools")
    return Redis(directory)


def make_signing_key(directory):
    """With Redis the daemon makes none up. One that it has made for SQLite is as good."""
    keys = directory / "state" / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    if list(keys.iterdir()):
        return
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                    keys / "signing.pem"], check=True, capture_output=True)
    (keys / "signing.pem").chmod(0o600)


def make_refresh_key(directory):
    """Nor that for refresh tokens."""
    keys = directory / "state" / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any('"refresh"' in path.read_text(encoding="ascii") for path in keys.iterdir() if path.suffix == ".jwk"):
        return
    path = keys / "refresh.jwk"
    secret = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
    path.write_text(json.dumps({"kty": "oct", "use": "refresh", "kid": "shared", "k": secret}), encoding="ascii")
    path.chmod(0o600)
