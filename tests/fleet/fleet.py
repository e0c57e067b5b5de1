# SPDX-License-Identifier: MIT
"""Hosts in front of one Redis: each has a bus, directories, a name, a machine id and an authtokend of its own, and a
logind that tells when it was asked to end a session. Their signing keys are the same."""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid

import pytest

import redis_server
from private_bus import OWN_USER, SECONDS, Caller, Child, Daemon, private_bus

FIRST_BUS_UID = 20000
# Each host has its own /run, in which logind lists its sessions.
ENTER = ('hostname "$1" && mount -t tmpfs -o mode=0755 run /run && mkdir -p /run/systemd/sessions && '
         'mount --bind "$2/sessions" /run/systemd/sessions && '
         'if [ -e /etc/machine-id ]; then mount --bind "$2/machine-id" /etc/machine-id; fi && shift 2 && exec "$@"')

MEMORY_BYTES = 1 << 28  # of files, at most: a page each for ten thousand login records and sessions

# A login, which is a process, in a session of the logind of a host.
Login = collections.namedtuple("Login", "host id")


class Logind(Child):
    """That of all hosts."""

    def __init__(self):
        self.n_logins = itertools.count(1)
        self.ready, self.served = set(), set()
        self.opened = {}  # Login -> None, or why it was refused
        self.left = set()  # logins that ended by themselves
        self.ended = {}  # Login -> when it was first told to terminate or to kill it, in seconds of time.monotonic()
        self.orders = []  # (time, Login, name of the method): all of them, in their order
        super().__init__(os.environ["FLEET_LOGIND"])

    def take(self, row):
        host = row["host"]
        if "ready" in row:
            self.ready.add(host)
        elif "served" in row:
            (self.served.add if row["served"] else self.served.discard)(host)
        elif "opened" in row:
            self.opened[Login(host, row["opened"])] = row.get("refused")
        elif "left" in row:
            self.left.add(Login(host, row["left"]))
        else:
            login, at = Login(host, row["session"]), row["at"] / 1e9
            self.orders.append((at, login, row["call"]))
            if row["call"] != "LockSession":
                self.ended.setdefault(login, at)

    def find(self, condition, seconds=SECONDS):
        """Rows are sorted as they come."""
        del condition
        raise NotImplementedError

    def read(self):
        rest = b""
        while data := os.read(self.process.stdout.fileno(), 1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            rows = json.loads(b"[" + b",".join(lines) + b"]")
            with self.changed:
                for row in rows:
                    self.take(row)
                self.changed.notify_all()

    def wait(self, condition, what, seconds=SECONDS):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"waited {seconds} s for {what}"
            return condition()

    def open(self, host, user, token, brief=False):
        """Begin to log in; a brief one's process ends once it is in, while its session goes on."""
        login = Login(host, f"f{next(self.n_logins)}")
        self.write(host=host, open=login.id, user=user, token=token, brief=brief)
        return login

    def wait_opened(self, logins, seconds=SECONDS):
        """Until all of them are in; a refusal is an error."""
        logins = list(logins)
        self.wait(lambda: all(login in self.opened for login in logins), "logins", seconds)
        refused = {self.opened[login] for login in logins} - {None}
        assert not refused, refused

    def wait_ended(self, logins, seconds=SECONDS):
        """{login: when it was told to end it}, once it was for all of them."""
        logins = list(logins)
        rest = list(logins)

        def are_ended():
            while rest and rest[-1] in self.ended:
                rest.pop()
            return not rest

        self.wait(are_ended, "ends of logins", seconds)
        return {login: self.ended[login] for login in logins}

    def leave(self, login):
        """It ends by itself."""
        self.write(host=login.host, leave=login.id)
        self.wait(lambda: login in self.left, "a login to leave")


class HostDaemon(Daemon):
    """authtokend in a host of its own."""

    def __init__(self, bus, name, store, log_level):
        self.name = name
        super().__init__(bus, store=store, log_level=log_level, environment={
            "LD_PRELOAD": os.environ["FLEET_OF_PROCESS"], "ASAN_OPTIONS": "verify_asan_link_order=0",
            "FLEET_PROCESSES": str(bus.directory / "processes")})

    def command(self):
        return ["unshare", "--mount", "--uts", "sh", "-c", ENTER, "sh", self.name, self.directory, *super().command()]


class Host:
    def __init__(self, number, bus, fleet):
        self.number = number
        self.name = f"host{number}"
        self.bus = bus
        self.fleet = fleet
        self.directory = bus.directory
        self.redis = bus.directory / "redis.sock"
        self.daemon = None
        self.caller = None
        for name in ("sessions", "processes"):
            (bus.directory / name).mkdir()
        (bus.directory / "machine-id").write_text(uuid.uuid4().hex + "\n", encoding="ascii")
        shutil.copytree(fleet.directory / "state", bus.directory / "state")
        self.mend()

    @property
    def root(self):
        """Calls as root; made when it is first needed."""
        if not self.caller:
            self.caller = Caller(self.bus, 0)
        return self.caller

    def start(self, log_level):
        """Begin to start authtokend."""
        store = (self.fleet.store or f"Type=redis\nAddress=unix:{self.redis}\n") + self.fleet.options
        self.daemon = HostDaemon(self.bus, self.name, store, log_level)

    def wait_served(self, served=True):
        self.fleet.logind.wait(lambda: (self.number in self.fleet.logind.served) == served or
                               not self.daemon.is_alive(), f"authtokend on {self.name}")
        assert not served or self.daemon.is_alive(), self.daemon.log_text()

    def cut(self):
        """No way to Redis any more; all other hosts have to connect again."""
        self.redis.unlink()
        for kind in ("normal", "pubsub"):
            self.fleet.redis.run("CLIENT", "KILL", "TYPE", kind)

    def mend(self):
        self.redis.symlink_to(self.fleet.redis.socket)

    def stop_daemon(self):
        self.daemon.stop()
        self.wait_served(False)

    def restart(self):
        self.stop_daemon()
        self.daemon.start()
        self.wait_served()

    def open(self, token, user=OWN_USER):
        """Begin to log in."""
        return self.fleet.logind.open(self.number, user, token)

    def log_in(self, token, user=OWN_USER):
        login = self.open(token, user)
        self.fleet.logind.wait_opened([login])
        return login

    def leave(self):
        """Without checking how authtokend ended."""
        if self.caller:
            self.caller.stop()
        if self.daemon and self.daemon.is_alive():
            self.daemon.process.kill()
            self.daemon.process.wait()


class Fleet:
    def __init__(self, directory, redis, options, store=None):
        self.directory = directory
        self.redis = redis
        self.store = store
        self.options = options
        self.logind = Logind()
        self.hosts = []

    def log_in_everywhere(self, token, user=OWN_USER):
        """A login on each host."""
        logins = [host.open(token, user) for host in self.hosts]
        self.logind.wait_opened(logins)
        return logins

    def kick(self, user=OWN_USER, host=0):
        """When the call was sent; it is answered."""
        at = time.monotonic()
        self.hosts[host].root.call("KickUser", f"('{user}', @a{{sv}} {{}}, '')")
        return at


@contextlib.contextmanager
def in_memory():
    """Temporary directories, as /run is: a file system on a disk now and then takes longer than a kick."""
    before = tempfile.gettempdir()
    if os.access("/dev/shm", os.W_OK | os.X_OK) and shutil.disk_usage("/dev/shm").free > MEMORY_BYTES:
        tempfile.tempdir = "/dev/shm"
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextlib.contextmanager
def running(n_hosts, options="", log_level="debug", store=None):
    """A fleet whose hosts all serve; @store replaces the lines for its own Redis."""
    if subprocess.run(["unshare", "--mount", "--uts", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("hosts need namespaces of their own: not allowed here")
    with contextlib.ExitStack() as stack:
        stack.enter_context(in_memory())
        directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-fleet-"))
        stack.callback(shutil.rmtree, directory)
        redis = redis_server.start(directory)
        stack.callback(redis.stop)
        redis_server.make_keys(directory)
        fleet = Fleet(directory, redis, options, store)
        stack.callback(fleet.logind.stop)
        for number in range(n_hosts):
            host = Host(number, stack.enter_context(private_bus(uid=FIRST_BUS_UID + number)), fleet)
            stack.callback(host.leave)
            fleet.hosts.append(host)
            fleet.logind.write(host=number, directory=str(host.directory))
        fleet.logind.wait(lambda: len(fleet.logind.ready) == n_hosts, "logind")
        for host in fleet.hosts:
            host.start(log_level)
        for host in fleet.hosts:
            host.wait_served()
        yield fleet
        for host in fleet.hosts:
            host.daemon.stop()
