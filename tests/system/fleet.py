# SPDX-License-Identifier: MIT
"""Hosts that share a Redis, each a machine of its own, as FLEET in authtoken(7) says."""

import concurrent.futures
import hashlib
import pathlib
import secrets

from bed import Bed
from deadline import wait_until
from host import PASSWORDS, REDIS, SERVICE, Host
from network import Network
from ssh import Ssh

DESK = ("desk", "10.77.0.1")
NAMES = ("berlin", "lisbon", "oslo")
PORT = 6379
KEYS = "/var/lib/authtoken/keys"
# From the tree: no package of ours is installed where Redis runs.
USERS = pathlib.Path(__file__).resolve().parents[2] / "docs/examples/redis-users.acl"
USERS_FILE = "/etc/redis/users.acl"
CREDENTIAL = "redis-password"
# TCP is for a network of one's own only; a drop-in gives the daemon what it needs for it.
UNIT = f"""
[Service]
PrivateNetwork=no
RestrictAddressFamilies=AF_UNIX AF_INET
IPAddressAllow={DESK[1]}
"""
OPTIONS = f"""
[Token]
Issuer=https://login.example.com
Audience=hosts.example.com
[Store]
Type=redis
Address=tcp:{DESK[1]}:{PORT}
Username=authtoken
AllowPlaintext=yes
RequireDurable=yes
"""


class Desk:
    """The machine on which Redis runs, and at which everybody sits."""

    def __init__(self, network):
        self.bed = Bed("--no-packages", *network.arguments(*DESK))
        self.passwords = {user: secrets.token_urlsafe(24) for user in ("authtoken", "admin")}
        self.bed.write(USERS_FILE, self._users())
        with open(self.bed.path("/etc/redis/redis.conf"), "a", encoding="utf-8") as config:
            config.write(f"{REDIS}\nbind 127.0.0.1 {DESK[1]}\naclfile {USERS_FILE}\n")
        self.bed.systemctl("restart", "redis-server")

    def _users(self):
        """The list that is shipped, with passwords where it says that they go."""
        text = USERS.read_text(encoding="utf-8")
        for user, password in self.passwords.items():
            digest = hashlib.sha256(password.encode()).hexdigest()
            text = text.replace(f"user {user} on ", f"user {user} on #{digest} ")
        return text

    def redis(self, *words):
        return self.bed.output("env", f"REDISCLI_AUTH={self.passwords['admin']}",
                               "redis-cli", "--user", "admin", *words)

    def stop(self):
        self.bed.stop()


class Member(Host):
    """A host of the fleet."""

    def __init__(self, network, desk, name, address):
        self.address = address
        self.network = network
        self._password = desk.passwords["authtoken"]
        super().__init__("redis", Bed(*network.arguments(name, address)), Ssh(desk.bed, address), name)

    def _set_up_store(self):
        self.bed.run("install", "--directory", "--mode=700", "/etc/credstore.encrypted")
        self.bed.run("systemd-creds", "encrypt", f"--name={CREDENTIAL}", "--with-key=host", "-",
                     f"/etc/credstore.encrypted/{CREDENTIAL}", stdin=self._password)
        self.bed.write(f"/etc/systemd/system/{SERVICE}.d/redis.conf", UNIT)
        self.bed.systemctl("daemon-reload")
        return OPTIONS

    def blocked(self, how, own=()):
        """Keep the daemon from Redis, but nobody from the host; or only these ports of it."""
        return self.network.blocked((self.name, self.address), DESK, PORT, how, own)

    def ports(self):
        """Of the daemon's connections to Redis."""
        return self.network.local_ports(self.bed, DESK, PORT)

    def reset(self):
        self.ssh.close_all()
        self.bed.reset()
        self.journal.mark()
        self.authtoken.wait_ready()


class Fleet:
    """Three hosts: two that issue tokens, and one that only knows the public keys."""

    def __init__(self):
        self.network = Network()
        self.desk = None
        self.hosts = []
        try:
            self._boot()
            self._share_keys()
        except BaseException:
            self.stop()
            raise

    def __iter__(self):
        return iter(self.hosts)

    def _boot(self):
        self.desk = Desk(self.network)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            members = [pool.submit(Member, self.network, self.desk, name, f"10.77.0.{number}")
                       for number, name in enumerate(NAMES, 2)]
            concurrent.futures.wait(members)
        # One that came up is stopped also where another one did not.
        self.hosts = [member.result() for member in members if not member.exception()]
        for member in members:
            member.result()

    def _share_keys(self):
        first, second, verifier = (host.bed for host in self.hosts)
        for bed in (second, verifier):
            bed.systemctl("stop", SERVICE)
            bed.run("find", KEYS, "-type", "f", "-delete")
        for file in first.path(KEYS).glob("[!.]*"):
            second.write(f"{KEYS}/{file.name}", file.read_text(encoding="utf-8"), 0o600)
        second.run("chown", "--recursive", "authtoken:", KEYS)
        # Told of a directory, it does not ask the daemon to reload, which would start it.
        verifier.run("authtokenctl", "keys", "import", "--directory", KEYS, "-",
                     stdin=first.output("authtokenctl", "keys", "jwks"))
        for host in self.hosts[1:]:
            host.bed.systemctl("start", SERVICE)
            host.authtoken.wait_ready()

    def stop(self):
        for part in [*self.hosts, *([self.desk] if self.desk else []), self.network]:
            part.stop()

    def mark(self):
        for host in self.hosts:
            host.journal.mark()

    def tidy(self):
        """Let the next test find no shells and no sessions."""
        for host in self.hosts:
            host.ssh.close_all()
        for user in PASSWORDS:
            self.hosts[0].authtoken.revoke_user(user)
        for host in self.hosts:
            wait_until(lambda host=host: host.authtoken.status()["logins"] == 0, f"no login is left on {host.name}")

    def everywhere(self, function):
        """Call it with each host, all at once; return what it returns, in their order."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return list(pool.map(function, self.hosts))
