# SPDX-License-Identifier: MIT
"""A host that adopts another issuer's tokens, and what may happen to its store meanwhile."""

import shutil

import pytest

import frames
import redis_server
from foreign_issuer import Issuer, Secret
from frames import AUTHENTICATE, OK, REASON, SERVICE, TOKEN, USER, ask
from private_bus import OWN_USER, SQLITE, Daemon, is_served, wait_until


class Store:
    """What an administrator does to a store behind the daemon's back."""

    def __init__(self, kind, directory):
        self.kind, self.directory = kind, directory
        self.redis = redis_server.start(directory) if kind == "redis" else None

    def config(self, socket=None):
        if not self.redis:
            return SQLITE
        return self.redis.store_at(socket or self.redis.socket)

    def stop(self):
        if self.redis:
            self.redis.stop()

    def files(self):
        return sorted((self.directory / "state").glob("state.db*"))

    def copy(self):
        """A backup; the daemon is stopped."""
        if self.redis:
            keys = self.redis.run("KEYS", "*").split()
            return {key: self.redis.run("GET", key).strip() for key in keys if key.endswith(":adoption")}
        kept = self.directory / "backup"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for file in self.files():
            shutil.copy2(file, kept / file.name)
        return kept

    def put_back(self, backup):
        self.empty()
        if self.redis:
            for key, value in backup.items():
                self.redis.run("SET", key, value)
            return
        for file in backup.iterdir():
            shutil.copy2(file, self.directory / "state" / file.name)

    def empty(self):
        if self.redis:
            self.redis.run("FLUSHALL")
            return
        for file in self.files():
            file.unlink()


class Host:
    """A daemon with the store under test and another issuer."""

    def __init__(self, bus, root, store, issuer, more="", socket=None):
        self.root, self.store, self.issuer, self.directory = root, store, issuer, bus.directory
        redis_server.make_keys(bus.directory)
        self.daemon = Daemon(bus, store=store.config(socket) + issuer.section() + more)
        self.daemon.wait_served(root)
        self.plain = self.daemon.config.read_text()

    def stop(self):
        self.daemon.stop()
        wait_until(lambda: not is_served(self.root), "the name to be free")

    def start(self):
        self.daemon.start_again(self.root)

    def ask(self, kind, token, user=OWN_USER, **more):
        fields = {USER: user, SERVICE: "sshd", TOKEN: token, **{getattr(frames, name): text for name, text in more.items()}}
        return ask(self.daemon.socket, kind, fields)

    def log_in(self, token, user=OWN_USER, **more):
        """"ok", or the journal's reason"""
        before = len(self.daemon.log_text())
        _, status, fields = self.ask(AUTHENTICATE, token, user, **more)
        if status == OK:
            return "ok"
        if REASON in fields:
            return fields[REASON]
        return wait_until(lambda: self.last_reason(before), "a line in the journal")

    def last_reason(self, start):
        for line in self.daemon.log_text()[start:].splitlines():
            if "authenticate for" in line and "refused" in line:
                return line.rsplit("(", 1)[1].split(")")[0]
        return None

    def configure(self, text):
        self.daemon.config.write_text(self.plain + text)
        self.root.call("Reload")

    def confirm(self):
        self.root.call("ConfirmAdoption")

    def status(self):
        (status,) = self.root.call("GetStatus")
        return status

    def adoption(self):
        """the state that GetStatus tells, and the warnings about it"""
        status = self.status()
        return status["adoption"], [line for line in status["warnings"] if line.startswith("adoption:")]


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def store(request, bus):
    for name in ("run", "state"):
        shutil.rmtree(bus.directory / name, ignore_errors=True)
    started = Store(request.param, bus.directory)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def issuer(bus):
    return Issuer(bus.directory / "jwks.json", Secret())
